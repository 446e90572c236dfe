// SPDX-License-Identifier: Apache-2.0
//
// Copying one file: shared blocks where the file system has them, else within the kernel, else by hand.

#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#if defined(__linux__)
#include <linux/fs.h>
#endif

enum { SMALL_FILE = 64 << 10, CHUNK = 256 << 10 };

static int copy_by_hand(int in, int out, uint64_t *bytes, char *buffer, size_t size) {
    for (;;) {
        int64_t got = fa_read(in, buffer, size);
        if (got < 0) return (int)-got;
        if (got == 0) return 0;
        int error = fa_write_all(out, buffer, (size_t)got);
        if (error) return error;
        *bytes += (uint64_t)got;
    }
}

static int copy_contents(int in, int out, uint64_t size, uint64_t *bytes) {
    // Three system calls set up a copy in the kernel: a small file is through before.
    char small[SMALL_FILE];
    if (size < SMALL_FILE) return copy_by_hand(in, out, bytes, small, sizeof small);
#if defined(__linux__)
    for (;;) {
        ssize_t copied = copy_file_range(in, NULL, out, NULL, 1 << 30, 0);
        if (copied > 0) {
            *bytes += (uint64_t)copied;
            continue;
        }
        if (copied == 0 && *bytes > 0) return 0;
        if (copied < 0 && errno == EINTR) continue;
        if (copied < 0 && *bytes > 0) return errno;
        break;  // not between these file systems; both offsets are still where they were
    }
#endif
    char *chunk = malloc(CHUNK);
    if (!chunk) return ENOMEM;
    int error = copy_by_hand(in, out, bytes, chunk, CHUNK);
    free(chunk);
    return error;
}

static bool share(struct fa_roots *roots, int in, int out) {
#if defined(FICLONE)
    if (atomic_load(&roots->cannot_share)) return false;
    if (ioctl(out, FICLONE, in) == 0) return true;
    // Other errors are about this file only.
    if (errno == EOPNOTSUPP || errno == ENOTTY || errno == EXDEV || errno == ENOSYS)
        atomic_store(&roots->cannot_share, true);
#else
    (void)roots, (void)in, (void)out;
#endif
    return false;
}

static int open_copy(int directory, const char *path, mode_t mode) {
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int out = openat(directory, path, flags, mode | S_IWUSR);
    if (out < 0 && errno == EEXIST && unlinkat(directory, path, 0) == 0)
        out = openat(directory, path, flags, mode | S_IWUSR);
    return out;
}

int fa_copy_file(struct fa_roots *roots, const char *path, uint64_t *bytes, bool *shared) {
    int in = openat(roots->source, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (in < 0) return errno;
    struct stat status;
    int error = fstat(in, &status) == 0 ? 0 : errno;
    if (!error && !S_ISREG(status.st_mode)) error = EINVAL;
    int out = error ? -1 : open_copy(roots->destination, path, status.st_mode & 0777);
    if (!error && out < 0) error = errno == ENOENT ? EIO : errno;  // ENOENT is kept for the original
    if (!error && status.st_size > 0) {
        *shared = share(roots, in, out);
        if (*shared) *bytes = (uint64_t)status.st_size;
        else error = copy_contents(in, out, (uint64_t)status.st_size, bytes);
    }
    if (!error && fchmod(out, status.st_mode & 07777) != 0) error = errno;
    struct timespec times[2] = {status.st_atim, status.st_mtim};
    if (!error && futimens(out, times) != 0) error = errno;
    if (out >= 0 && close(out) != 0 && !error) error = errno;
    close(in);
    return error;
}

int fa_copy_link(struct fa_roots *roots, const char *path) {
    char target[FA_PATH_LIMIT];
    ssize_t length = readlinkat(roots->source, path, target, sizeof target - 1);
    if (length < 0) return errno;
    target[length] = 0;
    int made = symlinkat(target, roots->destination, path);
    if (made != 0 && errno == EEXIST && unlinkat(roots->destination, path, 0) == 0)
        made = symlinkat(target, roots->destination, path);
    return made == 0 ? 0 : errno;
}
