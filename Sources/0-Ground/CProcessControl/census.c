// SPDX-License-Identifier: Apache-2.0
//
// Who is alive, who descends from whom: /proc, read without malloc.

#include "internal.h"

#if defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { DIRECTORY_BUFFER = 64 << 10, ENVIRONMENT_LIMIT = 4 << 20, DEPTH_LIMIT = 1 << 16 };

struct linux_dirent64 {
    uint64_t d_ino;
    int64_t d_off;
    unsigned short d_reclen;
    unsigned char d_type;
    char d_name[];
};

size_t pc_census_count(const struct pc_census *census) { return census->rows.size / sizeof(struct pc_row); }

struct pc_row *pc_census_row(const struct pc_census *census, size_t number) {
    return (struct pc_row *)(void *)census->rows.base + number;
}

bool pc_row_alive(const struct pc_row *row) { return row->state != 'Z' && row->state != 'X' && row->state != 'x'; }

static void proc_path(char *path, int32_t pid, const char *leaf) {
    char digits[12];
    size_t count = 0;
    memcpy(path, "/proc/", 6);
    path += 6;
    do {
        digits[count++] = (char)('0' + pid % 10);
        pid /= 10;
    } while (pid);
    while (count) *path++ = digits[--count];
    strcpy(path, leaf);
}

static const char *skip_field(const char *at) {
    while (*at && *at != ' ') at++;
    return *at ? at + 1 : at;
}

static uint64_t parse_number(const char *at) {
    uint64_t value = 0;
    for (; *at >= '0' && *at <= '9'; at++) value = value * 10 + (uint64_t)(*at - '0');
    return value;
}

// /proc/<pid>/stat: "pid (name) state ppid pgrp session …", start time is field 22. The name may hold
// anything, parentheses and newlines too, so the last ')' ends it.
static bool parse_stat(struct pc_row *row, char *text, size_t size) {
    text[size] = 0;
    char *open = memchr(text, '(', size), *close = memrchr(text, ')', size);
    if (!open || !close || close < open || text + size - close < 4) return false;
    size_t length = (size_t)(close - open - 1);
    if (length > sizeof row->name - 1) length = sizeof row->name - 1;
    memcpy(row->name, open + 1, length);
    row->name[length] = 0;
    const char *at = close + 2;
    row->state = *at;
    at = skip_field(at);
    row->parent = (int32_t)parse_number(at);
    at = skip_field(at);
    row->group = (int32_t)parse_number(at);
    at = skip_field(at);
    row->session = (int32_t)parse_number(at);
    for (int field = 6; field < 22; field++) at = skip_field(at);
    row->start_ticks = parse_number(at);
    return true;
}

static int add_row(struct pc_census *census, int32_t pid) {
    char path[48], text[1024];
    proc_path(path, pid, "/stat");
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;  // gone in the meantime
    ssize_t size = read(file, text, sizeof text - 1);
    close(file);
    if (size <= 0) return 0;
    size_t offset = pc_region_extend(&census->rows, sizeof(struct pc_row));
    if (offset == SIZE_MAX) return ENOMEM;
    struct pc_row *row = (struct pc_row *)(void *)(census->rows.base + offset);
    memset(row, 0, sizeof *row);
    row->pid = pid;
    row->owner = -1;
    if (!parse_stat(row, text, (size_t)size)) census->rows.size = offset;
    return 0;
}

int pc_census_take(struct pc_census *census) {
    census->rows.size = 0;
    census->uncertain = false;
    if (census->buffer.size < DIRECTORY_BUFFER) {
        census->buffer.size = 0;
        if (pc_region_extend(&census->buffer, DIRECTORY_BUFFER) == SIZE_MAX) return ENOMEM;
    }
    int directory = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return errno;
    int error = 0;
    for (;;) {
        long size = syscall(SYS_getdents64, directory, census->buffer.base, (size_t)DIRECTORY_BUFFER);
        if (size < 0) error = errno;
        if (size <= 0) break;
        for (long at = 0; at < size && !error;) {
            struct linux_dirent64 *item = (struct linux_dirent64 *)(void *)(census->buffer.base + at);
            if (item->d_name[0] >= '1' && item->d_name[0] <= '9')
                error = add_row(census, (int32_t)parse_number(item->d_name));
            at += item->d_reclen;
        }
        if (error) break;
    }
    close(directory);
    return error;
}

struct pc_row *pc_census_find(const struct pc_census *census, int32_t pid) {
    size_t low = 0, high = pc_census_count(census);
    while (low < high) {
        size_t middle = (low + high) / 2;
        struct pc_row *row = pc_census_row(census, middle);
        if (row->pid == pid) return row;
        if (row->pid < pid) low = middle + 1;
        else high = middle;
    }
    return NULL;
}

static int32_t trace_root(struct pc_census *census, struct pc_row *row, int32_t ancestor) {
    for (int depth = 0; depth < DEPTH_LIMIT; depth++) {
        if (row->root) return row->root;
        if (row->pid == ancestor) return -1;
        if (row->parent == ancestor) return row->pid;
        if (row->parent <= 0) return -1;
        struct pc_row *parent = pc_census_find(census, row->parent);
        if (!parent) {
            census->uncertain = true;
            return -1;
        }
        row = parent;
    }
    return -1;
}

void pc_census_trace(struct pc_census *census, int32_t ancestor) {
    size_t count = pc_census_count(census);
    for (size_t i = 0; i < count; i++) pc_census_row(census, i)->root = 0;
    for (size_t i = 0; i < count; i++) {
        struct pc_row *row = pc_census_row(census, i);
        int32_t root = trace_root(census, row, ancestor);
        for (int depth = 0; row && !row->root && depth < DEPTH_LIMIT; depth++) {
            row->root = root;
            if (row->pid == root || row->pid == ancestor) break;
            row = pc_census_find(census, row->parent);
        }
    }
}

bool pc_census_was_chosen(const struct pc_census *before, const struct pc_row *row) {
    const struct pc_row *known = pc_census_find(before, row->pid);
    return known && known->chosen && known->start_ticks == row->start_ticks;
}

uint32_t pc_census_compare(struct pc_census *census, const struct pc_census *before, struct pc_message *message) {
    uint32_t fresh = 0;
    for (size_t i = 0; i < pc_census_count(census); i++) {
        struct pc_row *row = pc_census_row(census, i);
        if (!row->chosen) continue;
        if (pc_census_was_chosen(before, row)) continue;
        fresh++;
        message->total++;
        if (message->listed >= PC_LISTED_COUNT) continue;
        struct pc_process *process = &message->processes[message->listed++];
        process->pid = row->pid;
        process->parent = row->parent;
        memcpy(process->name, row->name, sizeof process->name);
    }
    return fresh;
}

// Whether a signal to the group reaches nobody who is not meant.
static bool may_signal_group(const struct pc_census *census, int32_t group) {
    const struct pc_row *leader = pc_census_find(census, group);
    if (leader && pc_row_alive(leader)) return leader->chosen;
    for (size_t i = 0; i < pc_census_count(census); i++) {
        const struct pc_row *row = pc_census_row(census, i);
        if (row->group == group && pc_row_alive(row) && !row->chosen) return false;
    }
    return true;
}

// Groups first: the kernel signals a group as a whole, and a fork under way in it is undone and
// repeated after the signal, so a fork bomb within one group has no way out.
uint32_t pc_census_signal(struct pc_census *census, int signal, int32_t spared) {
    int32_t last_group = 0;
    uint32_t refused = 0;
    for (size_t i = 0; i < pc_census_count(census); i++) {
        struct pc_row *row = pc_census_row(census, i);
        if (!row->chosen || row->group == last_group || row->group <= 1 || row->group == spared) continue;
        last_group = row->group;
        if (may_signal_group(census, row->group)) kill(-row->group, signal);
    }
    for (size_t i = 0; i < pc_census_count(census); i++) {
        struct pc_row *row = pc_census_row(census, i);
        if (row->chosen && kill(row->pid, signal) != 0) refused += errno == EPERM;
    }
    return refused;
}

const char *pc_census_environment(struct pc_census *census, int32_t pid, const char *name, size_t *length) {
    char path[48];
    proc_path(path, pid, "/environ");
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return NULL;
    size_t size = 0;
    for (;;) {
        if (census->buffer.size < size + DIRECTORY_BUFFER) {
            size_t more = size + DIRECTORY_BUFFER - census->buffer.size;
            if (size > ENVIRONMENT_LIMIT || pc_region_extend(&census->buffer, more) == SIZE_MAX) break;
        }
        ssize_t got = read(file, census->buffer.base + size, DIRECTORY_BUFFER - 1);
        if (got <= 0) break;
        size += (size_t)got;
    }
    close(file);
    if (size == 0) return NULL;
    census->buffer.base[size] = 0;
    size_t name_length = strlen(name);
    for (const char *at = census->buffer.base, *end = at + size; at < end;) {
        size_t left = strnlen(at, (size_t)(end - at));
        if (left > name_length && at[name_length] == '=' && memcmp(at, name, name_length) == 0) {
            *length = left - name_length - 1;
            return at + name_length + 1;
        }
        at += left + 1;
    }
    return NULL;
}

#endif
