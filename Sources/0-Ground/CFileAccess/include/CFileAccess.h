// SPDX-License-Identifier: Apache-2.0
//
// The C half of FileAccess: walks of whole trees by directory descriptors, and copies that share
// blocks where the file system can. Every function returns 0 or an errno value unless it says otherwise.

#ifndef C_FILE_ACCESS_H
#define C_FILE_ACCESS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Longest path, and deepest directory, that a walk goes into.
#define FA_PATH_LIMIT 4096
#define FA_DEPTH_LIMIT 512
/// How long a pipe may keep a reader waiting.
#define FA_PIPE_PATIENCE_MS 30000

/// Where and why a walk failed.
struct fa_failure {
    int32_t error;
    char path[FA_PATH_LIMIT];
};

enum fa_kind { FA_KIND_FILE = 1, FA_KIND_DIRECTORY = 2, FA_KIND_LINK = 3, FA_KIND_OTHER = 4 };

struct fa_facts {
    uint32_t kind;
    uint32_t mode;  // permission bits
    uint64_t size;
    int64_t modified_ns;
    uint64_t device;
    uint64_t inode;
};

/// `follows`: what a symbolic link leads to.
int fa_facts(const char *path, int follows, struct fa_facts *facts);

/// Opens for reading, close-on-exec; or a negative errno. A directory is EISDIR.
int fa_open_reading(const char *path, uint64_t *size);
/// A descriptor for writing, or a negative errno. `exclusive`: the file must not be there; else it is emptied.
int fa_open_writing(const char *path, uint32_t mode, int exclusive);
/// Opens a path relative to a directory, with open's flags, and never through a symbolic link, the last name included;
/// close-on-exec. "" is the directory itself. A descriptor, or a negative errno.
int fa_open_beneath(int root, const char *path, int flags, uint32_t mode);
/// Makes a directory, or removes a file or a link, below a directory and through no symbolic link; 0 or an errno.
int fa_make_beneath(int root, const char *path, uint32_t mode);
int fa_unlink_beneath(int root, const char *path);
/// A directory, to be the root of the calls above; or a negative errno.
int fa_open_root(const char *path);
/// For adding at the end; or a negative errno.
int fa_open_appending(const char *path, uint32_t mode);
/// Waits for a slow writer of a pipe, up to FA_PIPE_PATIENCE_MS; then -EAGAIN.
int64_t fa_read(int descriptor, void *buffer, size_t size);
/// Fills the buffer from an offset on; less at the end of the file. The count, or a negative errno.
int64_t fa_read_at(int descriptor, void *buffer, size_t size, int64_t offset);
int fa_write_all(int descriptor, const void *bytes, size_t size);
/// Cuts the file, or makes it longer with zeros.
int fa_truncate(int descriptor, uint64_t size);
int fa_sync(int descriptor);
int fa_sync_directory(const char *path);
void fa_close(int descriptor);
int fa_rename(const char *from, const char *to);
int fa_unlink(const char *path);
/// Another name for a file; EEXIST where there is something of that name.
int fa_link(const char *from, const char *to);
int fa_make_directory(const char *path, uint32_t mode);
int fa_symlink(const char *target, const char *path);
/// The target's length, or a negative errno; not NUL-terminated.
int64_t fa_readlink(const char *path, char *buffer, size_t size);
/// The absolute path without symbolic links, to be freed by fa_free; NULL with *error.
char *fa_realpath(const char *path, int *error);
void fa_free(void *memory);
int fa_chmod(const char *path, uint32_t mode);
/// A number that no other call in this process and hardly one in another has returned.
uint64_t fa_unique(void);

/// The system's words for an errno value.
const char *fa_error_text(int error);
/// Whether it says that there is no such file.
int fa_is_missing(int error);
/// Whether it says that there is such a file already.
int fa_is_present(int error);
/// Whether a limit of a copy was passed (EFBIG, EOVERFLOW).
int fa_is_limit(int error);

/// Names in a directory, each followed by its fa_kind (one byte before the name) and a NUL, without "." and "..".
/// *names is to be freed by fa_free. EOVERFLOW past `limit` bytes.
int fa_list(const char *path, size_t limit, char **names, size_t *size);

/// ENOTEMPTY for a directory that holds something.
int fa_remove_empty(const char *path);
/// Removes what is there, a tree as a whole; symbolic links are never followed. ENOENT is success.
/// Directories without write permission that are ours are opened up first.
int fa_remove_tree(const char *path, struct fa_failure *failure);

/// Removes all that is in a directory, and leaves the directory itself. ENOENT is success.
int fa_empty_tree(const char *path, struct fa_failure *failure);

struct fa_copy_totals {
    uint64_t files;
    uint64_t directories;
    uint64_t links;
    uint64_t bytes;
    uint64_t shared;   // files whose blocks are shared with the original
    uint64_t skipped;  // sockets, devices and pipes
};

struct fa_copy {
    const char *source;       // a directory
    const char *destination;  // made where it is not there
    uint32_t threads;         // 1 … 16
    uint64_t byte_limit;      // EFBIG past it
    uint64_t entry_limit;     // EOVERFLOW past it
};

/// Copies a tree: contents (shared by reflink, else copied in the kernel), modes, symbolic links as they are,
/// times of modification, holes not kept. On failure what was copied so far stays.
int fa_copy_tree(const struct fa_copy *copy, struct fa_copy_totals *totals, struct fa_failure *failure);

/// Copies these entries (NUL-terminated paths relative to `source`, each once; a directory is made, not descended into)
/// and the directories above them.
int fa_copy_listed(const struct fa_copy *copy, const char *paths, size_t size, struct fa_copy_totals *totals,
                   struct fa_failure *failure);

/// Asks the file system to lay folders in this one out far from each other, where it knows such a thing (ext4).
void fa_spread_folders(const char *path);

/// Something that is readable when one of many folders changes: a descriptor, or a negative errno (ENOSYS where there
/// is no such thing).
int fa_watch_open(void);
int fa_watch_add(int watch, const char *path);
/// The same of a folder that is open.
int fa_watch_add_open(int watch, int folder);
void fa_watch_clear(int watch);
/// Whether nothing has happened since it was cleared.
int fa_watch_is_quiet(int watch);

#ifdef __cplusplus
}
#endif

#endif
