// SPDX-License-Identifier: Apache-2.0
//
// Removing a tree by directory descriptors: no path is resolved twice, no link is followed.

#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { DESCENT_LIMIT = 64, ROUNDS = 4 };

struct removal {
    int root;
    unsigned moved;
    struct fa_failure *failure;
};

static int remove_entries(struct removal *removal, DIR *stream, int depth);

static int remove_directory(struct removal *removal, int parent, const char *name, int depth) {
    if (depth >= DESCENT_LIMIT) {
        // Too deep for a descriptor a level: bring it up to the root, whose next round takes it from there.
        char shallow[48];
        snprintf(shallow, sizeof shallow, ".removing-%d-%u", (int)getpid(), removal->moved++);
        return renameat(parent, name, removal->root, shallow) == 0 ? 0 : fa_fail(removal->failure, errno, name);
    }
    DIR *stream = fa_open_directory(parent, name);
    if (!stream && errno == EACCES && fchmodat(parent, name, 0700, 0) == 0) stream = fa_open_directory(parent, name);
    if (!stream) return errno == ENOENT ? 0 : fa_fail(removal->failure, errno, name);
    int error = remove_entries(removal, stream, depth + 1);
    closedir(stream);
    if (error) return error;
    if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return 0;
    return errno == ENOTEMPTY ? ENOTEMPTY : fa_fail(removal->failure, errno, name);
}

static int remove_entry(struct removal *removal, int directory, const struct dirent *entry, int depth) {
    if (fa_entry_kind(directory, entry) == FA_KIND_DIRECTORY) {
        int error = 0;
        // Something may still be writing into it.
        for (int round = 0; round < ROUNDS; round++)
            if ((error = remove_directory(removal, directory, entry->d_name, depth)) != ENOTEMPTY) break;
        if (error != EACCES) return error;
    } else if (unlinkat(directory, entry->d_name, 0) == 0 || errno == ENOENT) {
        return 0;
    } else if (errno != EACCES) {
        return fa_fail(removal->failure, errno, entry->d_name);
    }
    // A directory of ours without write permission, as package caches have them.
    if (fchmod(directory, 0700) != 0) return fa_fail(removal->failure, EACCES, entry->d_name);
    removal->failure->error = 0;
    if (fa_entry_kind(directory, entry) == FA_KIND_DIRECTORY)
        return remove_directory(removal, directory, entry->d_name, depth);
    return unlinkat(directory, entry->d_name, 0) == 0 ? 0 : fa_fail(removal->failure, errno, entry->d_name);
}

static int remove_entries(struct removal *removal, DIR *stream, int depth) {
    for (struct dirent *entry; (errno = 0, entry = readdir(stream));) {
        if (fa_is_dot(entry->d_name)) continue;
        int error = remove_entry(removal, dirfd(stream), entry, depth);
        if (error) return error == ENOTEMPTY ? fa_fail(removal->failure, error, entry->d_name) : error;
    }
    return errno ? fa_fail(removal->failure, errno, "") : 0;
}

// One round; `moved` counts what it brought up because it was too deep.
static int empty_once(const char *path, unsigned *moved, struct fa_failure *failure) {
    DIR *stream = fa_open_directory(AT_FDCWD, path);
    if (!stream && errno == EACCES && chmod(path, 0700) == 0) stream = fa_open_directory(AT_FDCWD, path);
    if (!stream) return errno == ENOENT ? 0 : fa_fail(failure, errno, path);
    struct removal removal = {.root = dirfd(stream), .failure = failure};
    int error = remove_entries(&removal, stream, 0);
    closedir(stream);
    *moved = removal.moved;
    return error;
}

int fa_remove_tree(const char *path, struct fa_failure *failure) {
    memset(failure, 0, sizeof *failure);
    struct stat status;
    if (lstat(path, &status) != 0) return errno == ENOENT || errno == ENOTDIR ? 0 : fa_fail(failure, errno, path);
    if (!S_ISDIR(status.st_mode)) return unlink(path) == 0 || errno == ENOENT ? 0 : fa_fail(failure, errno, path);
    for (;;) {
        unsigned moved = 0;
        int error = empty_once(path, &moved, failure);
        if (error) return error;
        if (rmdir(path) == 0 || errno == ENOENT) return 0;
        // Each round brings up what was too deep; without that, nothing more will change.
        if (errno != ENOTEMPTY || moved == 0) return fa_fail(failure, errno, path);
    }
}

int fa_empty_tree(const char *path, struct fa_failure *failure) {
    memset(failure, 0, sizeof *failure);
    for (;;) {
        unsigned moved = 0;
        int error = empty_once(path, &moved, failure);
        if (error || moved == 0) return error;
    }
}
