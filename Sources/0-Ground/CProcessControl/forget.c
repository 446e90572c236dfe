// SPDX-License-Identifier: Apache-2.0
//
// A supervisor starts as a copy of the coordinator and lives as long as the job. It lets go of the heap
// it was copied with: secrets in it are not kept twice, its resident size is its own, and the coordinator's
// next write to each page takes the page back instead of copying it. What is the supervisor's own was mapped
// with MAP_NORESERVE, which keeps the kernel from joining it with what goes.

#include "internal.h"

#if defined(__linux__)

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define KEEPS_SHADOW_MEMORY 1
#endif
#endif

enum { WORTHWHILE = 128 << 10, BUFFER = 16 << 10 };

struct mapping {
    uintptr_t start;
    uintptr_t end;
    bool writable_private;
    bool anonymous;  // no file behind it, or the heap
};

static uintptr_t parse_address(const char **at) {
    uintptr_t value = 0;
    for (;; (*at)++) {
        char digit = **at;
        if (digit >= '0' && digit <= '9') value = value * 16 + (uintptr_t)(digit - '0');
        else if (digit >= 'a' && digit <= 'f') value = value * 16 + (uintptr_t)(digit - 'a' + 10);
        else return value;
    }
}

// "start-end perms offset device inode   path"
static bool parse_line(const char *line, struct mapping *mapping) {
    const char *at = line;
    mapping->start = parse_address(&at);
    if (*at++ != '-') return false;
    mapping->end = parse_address(&at);
    if (*at++ != ' ' || strlen(at) < 5) return false;
    mapping->writable_private = at[0] == 'r' && at[1] == 'w' && at[3] == 'p';
    const char *path = strpbrk(at, "/[");
    mapping->anonymous = !path || strncmp(path, "[heap]", 6) == 0 || strncmp(path, "[anon", 5) == 0;
    return true;
}

// The writable tail of a library (its .bss) is anonymous too, but follows the library without a gap.
static bool may_go(const struct mapping *mapping, uintptr_t file_end, const void *const *kept, size_t count) {
    if (!mapping->writable_private || !mapping->anonymous) return false;
    if (mapping->end - mapping->start < WORTHWHILE || mapping->start == file_end) return false;
    for (size_t i = 0; i < count; i++)
        if ((uintptr_t)kept[i] >= mapping->start && (uintptr_t)kept[i] < mapping->end) return false;
    return true;
}

void pc_forget_heap(const struct pc_supervisor *supervisor) {
#if !defined(KEEPS_SHADOW_MEMORY)
    char text[BUFFER];
    size_t held = 0;
    uintptr_t file_end = 0;
    const void *const kept[] = {
        text, __builtin_thread_pointer(), supervisor, supervisor->child_stack, supervisor->inbox.base,
        supervisor->pointers.base, supervisor->ledger.entries.base, supervisor->ledger.texts.base,
        supervisor->ledger.slots, supervisor->census.rows.base, supervisor->census.buffer.base,
        supervisor->previous.rows.base, supervisor->previous.buffer.base};
    int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (maps < 0) return;
    for (ssize_t got; (got = read(maps, text + held, sizeof text - 1 - held)) > 0;) {
        held += (size_t)got;
        char *line = text;
        for (char *end; (end = memchr(line, '\n', held - (size_t)(line - text))); line = end + 1) {
            struct mapping mapping;
            *end = 0;
            if (!parse_line(line, &mapping)) continue;
            if (!mapping.anonymous) file_end = mapping.end;
            else if (may_go(&mapping, file_end, kept, sizeof kept / sizeof *kept))
                munmap((void *)mapping.start, mapping.end - mapping.start);
            else if (mapping.start == file_end) file_end = mapping.end;
        }
        held -= (size_t)(line - text);
        memmove(text, line, held);
        if (held >= sizeof text - 1) break;
    }
    close(maps);
#endif
}

#endif
