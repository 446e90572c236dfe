// SPDX-License-Identifier: Apache-2.0
//
// Opening below a directory without following any symbolic link on the way.

#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__linux__)
#include <linux/openat2.h>
#include <sys/syscall.h>
#endif

/// One component after the other: for kernels before 5.6, and other systems.
static int open_by_components(int root, const char *path, int flags, mode_t mode) {
    char part[256];
    int folder = root;
    for (;;) {
        size_t length = strcspn(path, "/");
        if (length >= sizeof part) return -ENAMETOOLONG;
        memcpy(part, path, length);
        part[length] = 0;
        int is_last = path[length] == 0;
        int opened = strcmp(part, "..") == 0
                         ? (errno = EXDEV, -1)
                         : openat(folder, part, is_last ? flags : O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, mode);
        int error = errno;
        if (folder != root) close(folder);
        if (opened < 0) return -error;
        if (is_last) return opened;
        folder = opened;
        path += length + 1;
    }
}

int fa_open_beneath(int root, const char *path, int flags, uint32_t mode) {
    flags |= O_NOFOLLOW | O_CLOEXEC;
    if (*path == 0) path = ".";
#if defined(__linux__) && defined(SYS_openat2)
    struct open_how how = {
        .flags = (uint64_t)flags,
        .mode = flags & O_CREAT ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    long opened;
    // EAGAIN: something was renamed meanwhile, and the kernel could not be sure.
    do opened = syscall(SYS_openat2, root, path, &how, sizeof how);
    while (opened < 0 && (errno == EINTR || errno == EAGAIN));
    if (opened >= 0) return (int)opened;
    if (errno != ENOSYS && errno != EPERM) return -errno;
#endif
    return open_by_components(root, path, flags, (mode_t)mode);
}

int fa_open_root(const char *path) {
    int opened = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return opened < 0 ? -errno : opened;
}

/// The directory of the last component, and that component in *name; a negative errno.
static int open_parent(int root, const char *path, const char **name) {
    const char *slash = strrchr(path, '/');
    *name = slash ? slash + 1 : path;
    char *parent = slash ? strndup(path, (size_t)(slash - path)) : strdup("");
    if (!parent) return -ENOMEM;
    int opened = fa_open_beneath(root, parent, O_RDONLY | O_DIRECTORY, 0);
    free(parent);
    return opened;
}

int fa_make_beneath(int root, const char *path, uint32_t mode) {
    const char *name;
    int parent = open_parent(root, path, &name);
    if (parent < 0) return -parent;
    int error = mkdirat(parent, name, (mode_t)mode) == 0 ? 0 : errno;
    close(parent);
    return error;
}

int fa_unlink_beneath(int root, const char *path) {
    const char *name;
    int parent = open_parent(root, path, &name);
    if (parent < 0) return -parent;
    int error = unlinkat(parent, name, 0) == 0 ? 0 : errno;
    close(parent);
    return error;
}
