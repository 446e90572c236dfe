// SPDX-License-Identifier: Apache-2.0
//
// Copying many files: one thread finds them and makes the directories, several copy the contents,
// then the directories get their modes and times, innermost first.

#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREAD_LIMIT = 16, FILES_PER_THREAD = 32 };

/// Paths relative to the roots, one after another, each behind its kind.
struct names {
    char *bytes;
    size_t used;
    size_t capacity;
    size_t *offsets;
    size_t count;
    size_t offset_capacity;
};

struct job {
    struct fa_roots roots;
    const struct fa_copy *copy;
    struct fa_copy_totals *totals;
    struct fa_failure *failure;
    struct names files;
    struct names directories;
    pthread_mutex_t lock;  // of totals and failure, while the threads run
    _Atomic size_t next;
    _Atomic uint64_t bytes;
    _Atomic bool stopped;
};

static bool add_name(struct names *names, enum fa_kind kind, const char *path) {
    size_t length = strlen(path) + 2;
    if (names->used + length > names->capacity) {
        size_t capacity = names->capacity ? names->capacity * 2 : 65536;
        char *larger = realloc(names->bytes, capacity);
        if (!larger) return false;
        names->bytes = larger;
        names->capacity = capacity;
    }
    if (names->count == names->offset_capacity) {
        size_t capacity = names->offset_capacity ? names->offset_capacity * 2 : 1024;
        size_t *larger = realloc(names->offsets, capacity * sizeof *larger);
        if (!larger) return false;
        names->offsets = larger;
        names->offset_capacity = capacity;
    }
    names->offsets[names->count++] = names->used;
    names->bytes[names->used] = (char)kind;
    memcpy(names->bytes + names->used + 1, path, length - 1);
    names->used += length;
    return true;
}

static const char *name_at(const struct names *names, size_t number, enum fa_kind *kind) {
    const char *at = names->bytes + names->offsets[number];
    *kind = (enum fa_kind)at[0];
    return at + 1;
}

// MARK: finding

static int add_entry(struct job *job, enum fa_kind kind, const char *path) {
    if (job->files.count + job->directories.count >= job->copy->entry_limit)
        return fa_fail(job->failure, EOVERFLOW, path);
    struct names *names = kind == FA_KIND_DIRECTORY ? &job->directories : &job->files;
    return add_name(names, kind, path) ? 0 : fa_fail(job->failure, ENOMEM, path);
}

static int make_directory(struct job *job, const char *path) {
    if (mkdirat(job->roots.destination, path, 0700) != 0 && errno != EEXIST)
        return fa_fail(job->failure, errno, path);
    return add_entry(job, FA_KIND_DIRECTORY, path);
}

static int walk(struct job *job, DIR *stream, char *path, size_t length, int depth) {
    for (struct dirent *entry; (errno = 0, entry = readdir(stream));) {
        if (fa_is_dot(entry->d_name)) continue;
        size_t name_length = strlen(entry->d_name);
        if (length + name_length + 2 > FA_PATH_LIMIT || depth >= FA_DEPTH_LIMIT)
            return fa_fail(job->failure, ENAMETOOLONG, path);
        size_t full = length;
        if (length > 0) path[full++] = '/';
        memcpy(path + full, entry->d_name, name_length + 1);
        full += name_length;
        enum fa_kind kind = fa_entry_kind(dirfd(stream), entry);
        int error = 0;
        if (kind == FA_KIND_DIRECTORY) {
            DIR *inner = fa_open_directory(dirfd(stream), entry->d_name);
            if (!inner && errno == ENOENT) continue;
            if (!inner) return fa_fail(job->failure, errno, path);
            error = make_directory(job, path);
            if (!error) error = walk(job, inner, path, full, depth + 1);
            closedir(inner);
        } else if (kind == FA_KIND_OTHER) {
            job->totals->skipped++;
        } else {
            error = add_entry(job, kind, path);
        }
        if (error) return error;
        path[length] = 0;
    }
    return errno ? fa_fail(job->failure, errno, path) : 0;
}

static int find_all(struct job *job) {
    char path[FA_PATH_LIMIT] = "";
    DIR *stream = fa_open_directory(job->roots.source, ".");
    if (!stream) return fa_fail(job->failure, errno, job->copy->source);
    int error = walk(job, stream, path, 0, 0);
    closedir(stream);
    return error;
}

// A path that leads out of the roots is refused, whoever wrote the list.
static bool stays_within(const char *path) {
    if (path[0] == 0 || path[0] == '/' || strlen(path) >= FA_PATH_LIMIT) return false;
    for (const char *part = path; part;) {
        size_t length = strcspn(part, "/");
        if (length == 0 || (length <= 2 && strncmp(part, "..", length) == 0)) return false;
        part = part[length] ? part + length + 1 : NULL;
    }
    return true;
}

// Makes the directories above `path` that the path before it did not have already.
static int make_parents(struct job *job, const char *path, const char *before) {
    char prefix[FA_PATH_LIMIT];
    size_t common = 0, end = 0;
    for (size_t i = 0; before && path[i] && path[i] == before[i]; i++)
        if (path[i] == '/') common = i;
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        end = (size_t)(slash - path);
        if (end <= common && common > 0) continue;
        memcpy(prefix, path, end);
        prefix[end] = 0;
        int error = make_directory(job, prefix);
        if (error) return error;
    }
    return 0;
}

static int find_listed(struct job *job, const char *paths, size_t size) {
    const char *before = NULL;
    for (const char *path = paths, *end = paths + size; path < end; path += strlen(path) + 1) {
        bool is_ended = memchr(path, 0, (size_t)(end - path)) != NULL;
        if (is_ended && *path && path[strlen(path) - 1] == '/') continue;  // another repository: its place only
        if (!is_ended || !stays_within(path))
            return fa_fail(job->failure, EINVAL, memchr(path, 0, (size_t)(end - path)) ? path : "");
        struct stat status;
        if (fstatat(job->roots.source, path, &status, AT_SYMLINK_NOFOLLOW) != 0) {
            if (errno == ENOENT || errno == ENOTDIR) continue;  // in git's index, but deleted
            return fa_fail(job->failure, errno, path);
        }
        int error = make_parents(job, path, before);
        if (!error && S_ISDIR(status.st_mode)) error = make_directory(job, path);
        else if (!error && S_ISREG(status.st_mode)) error = add_entry(job, FA_KIND_FILE, path);
        else if (!error && S_ISLNK(status.st_mode)) error = add_entry(job, FA_KIND_LINK, path);
        else if (!error) job->totals->skipped++;
        if (error) return error;
        before = path;
    }
    return 0;
}

// MARK: copying

static int copy_entry(struct job *job, size_t number, struct fa_copy_totals *own) {
    enum fa_kind kind;
    const char *path = name_at(&job->files, number, &kind);
    uint64_t bytes = 0;
    bool shared = false;
    int error = kind == FA_KIND_LINK ? fa_copy_link(&job->roots, path)
                                     : fa_copy_file(&job->roots, path, &bytes, &shared);
    if (error == ENOENT) {
        own->skipped++;  // it went away while we copied
        return 0;
    }
    if (error) return error;
    own->links += kind == FA_KIND_LINK;
    own->files += kind == FA_KIND_FILE;
    own->shared += shared;
    own->bytes += bytes;
    return atomic_fetch_add(&job->bytes, bytes) + bytes > job->copy->byte_limit ? EFBIG : 0;
}

static void *copy_some(void *argument) {
    struct job *job = argument;
    struct fa_copy_totals own = {0};
    while (!atomic_load(&job->stopped)) {
        size_t number = atomic_fetch_add(&job->next, 1);
        if (number >= job->files.count) break;
        int error = copy_entry(job, number, &own);
        if (!error) continue;
        enum fa_kind kind;
        pthread_mutex_lock(&job->lock);
        fa_fail(job->failure, error, name_at(&job->files, number, &kind));
        pthread_mutex_unlock(&job->lock);
        atomic_store(&job->stopped, true);
    }
    pthread_mutex_lock(&job->lock);
    job->totals->files += own.files;
    job->totals->links += own.links;
    job->totals->bytes += own.bytes;
    job->totals->shared += own.shared;
    job->totals->skipped += own.skipped;
    pthread_mutex_unlock(&job->lock);
    return NULL;
}

static int copy_all(struct job *job) {
    pthread_t threads[THREAD_LIMIT];
    size_t wanted = job->copy->threads, started = 0, most = job->files.count / FILES_PER_THREAD + 1;
    if (wanted > most) wanted = most;
    if (wanted > THREAD_LIMIT) wanted = THREAD_LIMIT;
    while (started + 1 < wanted && pthread_create(&threads[started], NULL, copy_some, job) == 0) started++;
    copy_some(job);
    for (size_t i = 0; i < started; i++) pthread_join(threads[i], NULL);
    return job->failure->error;
}

static int finish_directory(struct job *job, const char *path) {
    struct stat status;
    if (fstatat(job->roots.source, path, &status, AT_SYMLINK_NOFOLLOW) != 0) return errno == ENOENT ? 0 : errno;
    struct timespec times[2] = {status.st_atim, status.st_mtim};
    if (fchmodat(job->roots.destination, path, status.st_mode & 07777, 0) != 0) return errno;
    return utimensat(job->roots.destination, path, times, 0) == 0 ? 0 : errno;
}

static int finish_directories(struct job *job) {
    for (size_t i = job->directories.count; i > 0; i--) {
        enum fa_kind kind;
        const char *path = name_at(&job->directories, i - 1, &kind);
        int error = finish_directory(job, path);
        if (error) return fa_fail(job->failure, error, path);
    }
    job->totals->directories = job->directories.count;
    return 0;
}

static int open_roots(struct job *job) {
    const struct fa_copy *copy = job->copy;
    job->roots.source = open(copy->source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (job->roots.source < 0) return fa_fail(job->failure, errno, copy->source);
    if (mkdir(copy->destination, 0777) != 0 && errno != EEXIST) return fa_fail(job->failure, errno, copy->destination);
    job->roots.destination = open(copy->destination, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return job->roots.destination < 0 ? fa_fail(job->failure, errno, copy->destination) : 0;
}

static int run(const struct fa_copy *copy, const char *paths, size_t size, struct fa_copy_totals *totals,
               struct fa_failure *failure) {
    struct job job = {
        .roots = {.source = -1, .destination = -1}, .copy = copy, .totals = totals, .failure = failure,
        .lock = PTHREAD_MUTEX_INITIALIZER};
    memset(totals, 0, sizeof *totals);
    memset(failure, 0, sizeof *failure);
    int error = open_roots(&job);
    if (!error) error = paths ? find_listed(&job, paths, size) : find_all(&job);
    if (!error) error = copy_all(&job);
    if (!error) error = finish_directories(&job);
    if (job.roots.source >= 0) close(job.roots.source);
    if (job.roots.destination >= 0) close(job.roots.destination);
    free(job.files.bytes);
    free(job.files.offsets);
    free(job.directories.bytes);
    free(job.directories.offsets);
    return error;
}

int fa_copy_tree(const struct fa_copy *copy, struct fa_copy_totals *totals, struct fa_failure *failure) {
    return run(copy, NULL, 0, totals, failure);
}

int fa_copy_listed(const struct fa_copy *copy, const char *paths, size_t size, struct fa_copy_totals *totals,
                   struct fa_failure *failure) {
    return run(copy, paths ? paths : "", size, totals, failure);
}
