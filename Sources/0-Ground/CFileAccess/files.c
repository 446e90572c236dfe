// SPDX-License-Identifier: Apache-2.0

#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static enum fa_kind kind_of(mode_t mode) {
    if (S_ISREG(mode)) return FA_KIND_FILE;
    if (S_ISDIR(mode)) return FA_KIND_DIRECTORY;
    return S_ISLNK(mode) ? FA_KIND_LINK : FA_KIND_OTHER;
}

int fa_facts(const char *path, int follows, struct fa_facts *facts) {
    struct stat status;
    if ((follows ? stat(path, &status) : lstat(path, &status)) != 0) return errno;
    facts->kind = kind_of(status.st_mode);
    facts->mode = status.st_mode & 07777;
    facts->size = (uint64_t)status.st_size;
    facts->modified_ns = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
    facts->device = (uint64_t)status.st_dev;
    facts->inode = (uint64_t)status.st_ino;
    return 0;
}

int fa_open_reading(const char *path, uint64_t *size) {
    // Non-blocking, so that a named pipe without a writer does not hang the caller; files do not care.
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    if (file < 0) return -errno;
    if (fstat(file, &status) != 0 || S_ISDIR(status.st_mode)) {
        int error = S_ISDIR(status.st_mode) ? EISDIR : errno;
        close(file);
        return -error;
    }
    *size = S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0;
    return file;
}

// Non-blocking: a pipe that somebody put there, and that nobody reads, must not hold up the caller.
int fa_open_writing(const char *path, uint32_t mode, int exclusive) {
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | (exclusive ? O_EXCL : O_TRUNC), (mode_t)mode);
    return file < 0 ? -errno : file;
}

int fa_open_appending(const char *path, uint32_t mode) {
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, (mode_t)mode);
    return file < 0 ? -errno : file;
}

int64_t fa_read(int descriptor, void *buffer, size_t size) {
    for (bool waited = false;;) {
        ssize_t got = read(descriptor, buffer, size);
        if (got >= 0) return got;
        if (errno == EINTR) continue;
        if (errno != EAGAIN || waited) return -(int64_t)errno;
        struct pollfd watched = {.fd = descriptor, .events = POLLIN};
        waited = poll(&watched, 1, FA_PIPE_PATIENCE_MS) == 0;
    }
}

int64_t fa_read_at(int descriptor, void *buffer, size_t size, int64_t offset) {
    char *to = buffer;
    size_t done = 0;
    while (done < size) {
        ssize_t got = pread(descriptor, to + done, size - done, (off_t)(offset + (int64_t)done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -(int64_t)errno;
        if (got == 0) break;
        done += (size_t)got;
    }
    return (int64_t)done;
}

int fa_write_all(int descriptor, const void *bytes, size_t size) {
    for (const char *at = bytes; size > 0;) {
        ssize_t written = write(descriptor, at, size);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        at += written;
        size -= (size_t)written;
    }
    return 0;
}

int fa_truncate(int descriptor, uint64_t size) {
    int result;
    do result = ftruncate(descriptor, (off_t)size);
    while (result != 0 && errno == EINTR);
    return result == 0 ? 0 : errno;
}

int fa_sync(int descriptor) { return fsync(descriptor) == 0 ? 0 : errno; }

int fa_sync_directory(const char *path) {
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return errno;
    int error = fa_sync(directory);
    close(directory);
    return error;
}

void fa_close(int descriptor) { close(descriptor); }
int fa_rename(const char *from, const char *to) { return rename(from, to) == 0 ? 0 : errno; }
int fa_unlink(const char *path) { return unlink(path) == 0 ? 0 : errno; }
int fa_remove_empty(const char *path) { return rmdir(path) == 0 ? 0 : errno; }
int fa_link(const char *from, const char *to) { return link(from, to) == 0 ? 0 : errno; }
int fa_make_directory(const char *path, uint32_t mode) { return mkdir(path, (mode_t)mode) == 0 ? 0 : errno; }
int fa_symlink(const char *target, const char *path) { return symlink(target, path) == 0 ? 0 : errno; }
int fa_chmod(const char *path, uint32_t mode) { return chmod(path, (mode_t)mode) == 0 ? 0 : errno; }

int64_t fa_readlink(const char *path, char *buffer, size_t size) {
    ssize_t length = readlink(path, buffer, size);
    return length < 0 ? -(int64_t)errno : length;
}

char *fa_realpath(const char *path, int *error) {
    char *found = realpath(path, NULL);
    *error = found ? 0 : errno;
    return found;
}

void fa_free(void *memory) { free(memory); }

uint64_t fa_unique(void) {
    static _Atomic uint64_t counter = 0;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t moment = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    return ((uint64_t)getpid() << 40) ^ (moment << 8) ^ atomic_fetch_add(&counter, 1);
}

const char *fa_error_text(int error) {
#if defined(__GLIBC__)
    const char *text = strerrordesc_np(error);
    return text ? text : "unknown error";
#else
    return strerror(error);
#endif
}

int fa_is_missing(int error) { return error == ENOENT || error == ENOTDIR; }
int fa_is_present(int error) { return error == EEXIST; }
int fa_is_limit(int error) { return error == EFBIG || error == EOVERFLOW; }

// MARK: directories

int fa_fail(struct fa_failure *failure, int error, const char *path) {
    if (failure->error == 0) {
        failure->error = error;
        strncpy(failure->path, path, sizeof failure->path - 1);
        failure->path[sizeof failure->path - 1] = 0;
    }
    return error;
}

DIR *fa_open_directory(int parent, const char *name) {
    int directory = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0) return NULL;
    DIR *stream = fdopendir(directory);
    if (!stream) close(directory);
    return stream;
}

bool fa_is_dot(const char *name) {
    return name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0));
}

enum fa_kind fa_entry_kind(int directory, const struct dirent *entry) {
    switch (entry->d_type) {
    case DT_REG: return FA_KIND_FILE;
    case DT_DIR: return FA_KIND_DIRECTORY;
    case DT_LNK: return FA_KIND_LINK;
    case DT_UNKNOWN: break;
    default: return FA_KIND_OTHER;
    }
    struct stat status;
    if (fstatat(directory, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) return FA_KIND_OTHER;
    return kind_of(status.st_mode);
}

int fa_list(const char *path, size_t limit, char **names, size_t *size) {
    DIR *stream = opendir(path);
    if (!stream) return errno;
    char *bytes = NULL;
    size_t used = 0, capacity = 0;
    int error = 0;
    for (struct dirent *entry; !error && (errno = 0, entry = readdir(stream));) {
        if (fa_is_dot(entry->d_name)) continue;
        size_t length = strlen(entry->d_name) + 2;
        if (used + length > limit) {
            error = EOVERFLOW;
        } else if (used + length > capacity) {
            capacity = capacity ? capacity * 2 : 4096;
            char *larger = realloc(bytes, capacity);
            if (larger) bytes = larger;
            else error = ENOMEM;
        }
        if (error) break;
        bytes[used] = (char)fa_entry_kind(dirfd(stream), entry);
        memcpy(bytes + used + 1, entry->d_name, length - 1);
        used += length;
    }
    if (!error) error = errno;
    closedir(stream);
    if (error) {
        free(bytes);
        return error;
    }
    *names = bytes;
    *size = used;
    return 0;
}

#if defined(__linux__)

#include <linux/fs.h>
#include <sys/ioctl.h>

void fa_spread_folders(const char *path) {
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int flags = 0;
    if (folder < 0) return;
    if (ioctl(folder, FS_IOC_GETFLAGS, &flags) == 0 && !(flags & FS_TOPDIR_FL)) {
        flags |= FS_TOPDIR_FL;
        ioctl(folder, FS_IOC_SETFLAGS, &flags);
    }
    close(folder);
}

#else

void fa_spread_folders(const char *path) { (void)path; }

#endif
