// SPDX-License-Identifier: Apache-2.0
//
// Facts about this host and this process, and the few file calls that go with them.

#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#if defined(__linux__)
#include <linux/magic.h>
#include <sys/vfs.h>
#endif

uint64_t pc_usual_open_files = 0;

uint64_t pc_open_files_raise(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    rlim_t before = limit.rlim_cur;
    if (before < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return before;
        if (pc_usual_open_files == 0) pc_usual_open_files = before;
    }
    return limit.rlim_cur;
}

uint64_t pc_start_ticks(int32_t pid) {
#if defined(__linux__)
    char path[32] = "/proc/", text[1024], digits[12];
    size_t count = 0, at = 6;
    if (pid <= 0) return 0;
    for (int32_t left = pid; left; left /= 10) digits[count++] = (char)('0' + left % 10);
    while (count) path[at++] = digits[--count];
    memcpy(path + at, "/stat", 6);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t size = read(file, text, sizeof text - 1);
    close(file);
    if (size <= 0) return 0;
    text[size] = 0;
    const char *field = strrchr(text, ')');
    if (!field || field[1] == 0 || field[2] == 'Z' || field[2] == 'X') return 0;
    for (int number = 2; number < 22 && field; number++) field = strchr(field + 1, ' ');
    return field ? strtoull(field + 1, NULL, 10) : 0;
#else
    return kill(pid, 0) == 0 ? 1 : 0;
#endif
}

int32_t pc_own_pid(void) { return (int32_t)getpid(); }
uint32_t pc_own_user(void) { return (uint32_t)geteuid(); }
const char *pc_variable(const char *name) { return getenv(name); }
int pc_writable_file(const char *path) { return access(path, W_OK) == 0 ? 0 : errno; }

void pc_nap(uint64_t nanoseconds) {
    struct timespec duration = {
        .tv_sec = (time_t)(nanoseconds / 1000000000u), .tv_nsec = (long)(nanoseconds % 1000000000u)};
    nanosleep(&duration, NULL);
}

// MARK: files

int pc_lock(int descriptor) {
    int outcome;
    do outcome = flock(descriptor, LOCK_EX | LOCK_NB);
    while (outcome != 0 && errno == EINTR);
    return outcome == 0 ? 0 : errno;
}

void pc_unlock(int descriptor) { flock(descriptor, LOCK_UN); }

int pc_lock_file_open(const char *path) {
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return file < 0 ? -errno : file;
}

int pc_open_for_reading(const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    return file < 0 ? -errno : file;
}

static int write_all(int descriptor, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t written = write(descriptor, bytes, size);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        bytes += written;
        size -= (size_t)written;
    }
    return 0;
}

int pc_contents_replace(int descriptor, const void *bytes, size_t size) {
    if (ftruncate(descriptor, 0) != 0 || lseek(descriptor, 0, SEEK_SET) < 0) return errno;
    return write_all(descriptor, bytes, size);
}

int pc_write_file(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return errno;
    int error = write_all(file, text, strlen(text));
    close(file);
    return error;
}

int pc_make_directory(const char *path, uint32_t mode) { return mkdir(path, (mode_t)mode) == 0 ? 0 : errno; }
int pc_remove_directory(const char *path) { return rmdir(path) == 0 ? 0 : errno; }

int pc_directory_facts(const char *path, struct pc_directory_facts *facts) {
    struct stat status;
    struct statvfs volume;
    memset(facts, 0, sizeof *facts);
    if (lstat(path, &status) != 0) return errno;
    if (!S_ISDIR(status.st_mode)) return ENOTDIR;
    if (statvfs(path, &volume) != 0) return errno;
    facts->owner = status.st_uid;
    facts->mode = status.st_mode & 07777;
    facts->free_bytes = (uint64_t)volume.f_bavail * volume.f_frsize;
#if defined(__linux__)
    struct statfs kind;
    if (statfs(path, &kind) == 0) facts->in_memory = kind.f_type == TMPFS_MAGIC || kind.f_type == RAMFS_MAGIC;
#endif
    return 0;
}
