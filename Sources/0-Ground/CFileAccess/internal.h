// SPDX-License-Identifier: Apache-2.0

#ifndef FA_INTERNAL_H
#define FA_INTERNAL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <dirent.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "CFileAccess.h"

/// Records the first failure of a walk. Returns `error`.
int fa_fail(struct fa_failure *failure, int error, const char *path);
/// Opens a directory without following a link. Returns a stream, or NULL with errno.
DIR *fa_open_directory(int parent, const char *name);
bool fa_is_dot(const char *name);
/// The kind of a directory entry, looked up where the file system does not tell.
enum fa_kind fa_entry_kind(int directory, const struct dirent *entry);

/// Where a copy reads and writes; shared by its threads.
struct fa_roots {
    int source;
    int destination;
    _Atomic bool cannot_share;  // the file systems do not share blocks: do not ask again
};

/// Copies one file that is not there yet. Returns 0 or an errno; ENOENT: the original has gone.
int fa_copy_file(struct fa_roots *roots, const char *path, uint64_t *bytes, bool *shared);
int fa_copy_link(struct fa_roots *roots, const char *path);

#endif
