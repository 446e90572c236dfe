// SPDX-License-Identifier: Apache-2.0
//
// The attempts of one job: a file of receipts that outlives every crash, and its copy in memory.

#include "internal.h"

#if defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

size_t pc_region_extend(struct pc_region *region, size_t more) {
    size_t offset = region->size;
    size_t needed = offset + more;
    if (needed < offset) return SIZE_MAX;
    if (needed > region->capacity) {
        size_t capacity = region->capacity ? region->capacity * 2 : 16384;
        while (capacity < needed) capacity *= 2;
        void *base = region->base
            ? mremap(region->base, region->capacity, capacity, MREMAP_MAYMOVE)
            : mmap(NULL, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (base == MAP_FAILED) return SIZE_MAX;
        region->base = base;
        region->capacity = capacity;
    }
    region->size = needed;
    return offset;
}

// MARK: the copy in memory

static uint64_t hash_key(const char *key, size_t length) {
    uint64_t hash = 14695981039346656037ull;  // FNV-1a
    for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)key[i]) * 1099511628211ull;
    return hash;
}

size_t pc_ledger_count(const struct pc_ledger *ledger) { return ledger->entries.size / sizeof(struct pc_entry); }

struct pc_entry *pc_ledger_entry(const struct pc_ledger *ledger, size_t number) {
    return (struct pc_entry *)(void *)ledger->entries.base + number;
}

const char *pc_ledger_key(const struct pc_ledger *ledger, const struct pc_entry *entry) {
    return ledger->texts.base + entry->key_offset;
}

static uint32_t *find_slot(const struct pc_ledger *ledger, uint64_t hash, const char *key, size_t length) {
    for (uint64_t i = hash;; i++) {
        uint32_t *slot = &ledger->slots[i & (ledger->slot_count - 1)];
        if (*slot == 0) return slot;
        struct pc_entry *entry = pc_ledger_entry(ledger, *slot - 1);
        if (entry->hash == hash && entry->key_length == length
            && memcmp(pc_ledger_key(ledger, entry), key, length) == 0)
            return slot;
    }
}

int64_t pc_ledger_find(const struct pc_ledger *ledger, const char *key, size_t length) {
    if (ledger->slot_count == 0) return -1;
    return (int64_t)*find_slot(ledger, hash_key(key, length), key, length) - 1;
}

static bool grow_slots(struct pc_ledger *ledger) {
    uint32_t count = ledger->slot_count ? ledger->slot_count * 2 : 1024;
    size_t bytes = count * sizeof(uint32_t);
    uint32_t *slots = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (slots == MAP_FAILED) return false;
    if (ledger->slots) munmap(ledger->slots, ledger->slot_count * sizeof(uint32_t));
    ledger->slots = slots;
    ledger->slot_count = count;
    for (size_t i = 0; i < pc_ledger_count(ledger); i++) {
        struct pc_entry *entry = pc_ledger_entry(ledger, i);
        *find_slot(ledger, entry->hash, pc_ledger_key(ledger, entry), entry->key_length) = (uint32_t)i + 1;
    }
    return true;
}

int64_t pc_ledger_add(struct pc_ledger *ledger, const char *key, size_t length) {
    size_t number = pc_ledger_count(ledger);
    if ((number + 1) * 2 > ledger->slot_count && !grow_slots(ledger)) return -1;
    size_t text = pc_region_extend(&ledger->texts, length);
    if (text == SIZE_MAX) return -1;
    if (pc_region_extend(&ledger->entries, sizeof(struct pc_entry)) == SIZE_MAX) return -1;
    memcpy(ledger->texts.base + text, key, length);
    struct pc_entry *entry = pc_ledger_entry(ledger, number);
    memset(entry, 0, sizeof *entry);
    entry->hash = hash_key(key, length);
    entry->key_offset = (uint32_t)text;
    entry->key_length = (uint32_t)length;
    *find_slot(ledger, entry->hash, key, length) = (uint32_t)number + 1;
    return (int64_t)number;
}

// MARK: the file

static char *put_text(char *at, const char *text, size_t length) {
    memcpy(at, text, length);
    return at + length;
}

static char *put_number(char *at, unsigned number) {
    char digits[12];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    while (count) *at++ = digits[--count];
    return at;
}

// A receipt is one write: with O_APPEND it is whole or, after a crash in the middle, a torn last line.
static int append(int receipts, const char *line, size_t length) {
    ssize_t written;
    do written = write(receipts, line, length);
    while (written < 0 && errno == EINTR);
    if (written < 0) return errno;
    if ((size_t)written == length) return 0;
    // Half a line (a full disk): take it back, so that the next line starts on its own.
    off_t end = lseek(receipts, 0, SEEK_END);
    if (end >= written && ftruncate(receipts, end - written) != 0) return errno;
    return ENOSPC;
}

int pc_receipts_write_start(int receipts, const char *key, size_t length) {
    char line[PC_KEY_LIMIT + 8], *at = line;
    at = put_text(at, "S ", 2);
    at = put_text(at, key, length);
    *at++ = '\n';
    return append(receipts, line, (size_t)(at - line));
}

int pc_receipts_write_end(int receipts, const char *key, size_t length, int wait_status) {
    char line[PC_KEY_LIMIT + 48], *at = line;
    at = put_text(at, "E ", 2);
    at = put_text(at, key, length);
    bool signalled = WIFSIGNALED(wait_status);
    at = signalled ? put_text(at, " signal ", 8) : put_text(at, " exit ", 6);
    at = put_number(at, (unsigned)(signalled ? WTERMSIG(wait_status) : WEXITSTATUS(wait_status)));
    *at++ = '\n';
    return append(receipts, line, (size_t)(at - line));
}

int pc_receipts_write_failure(int receipts, const char *key, size_t length, uint32_t stage, int error) {
    char line[PC_KEY_LIMIT + 48], *at = line;
    at = put_text(at, "E ", 2);
    at = put_text(at, key, length);
    at = put_text(at, " failed ", 8);
    at = put_number(at, stage);
    *at++ = ' ';
    at = put_number(at, (unsigned)error);
    *at++ = '\n';
    return append(receipts, line, (size_t)(at - line));
}

static int read_receipts(struct pc_ledger *ledger, const char *text, size_t size) {
    for (const char *line = text, *end = text + size; line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        if (!stop) break;
        size_t length = (size_t)(stop - line);
        if (length > 2 && length <= PC_KEY_LIMIT + 2 && line[0] == 'S' && line[1] == ' '
            && pc_ledger_find(ledger, line + 2, length - 2) < 0
            && pc_ledger_add(ledger, line + 2, length - 2) < 0)
            return ENOMEM;
        line = stop + 1;
    }
    return 0;
}

int pc_receipts_open(struct pc_ledger *ledger, int receipts, const char *boot_id) {
    if (flock(receipts, LOCK_EX | LOCK_NB) != 0) return errno;
    struct stat status;
    if (fstat(receipts, &status) != 0) return errno;
    if (!S_ISREG(status.st_mode)) return EINVAL;
    if (status.st_size > PC_RECEIPTS_LIMIT) return EFBIG;
    size_t size = (size_t)status.st_size;
    if (size > 0) {
        char *text = mmap(NULL, size, PROT_READ, MAP_PRIVATE, receipts, 0);
        if (text == MAP_FAILED) return errno;
        size_t whole = size;
        while (whole > 0 && text[whole - 1] != '\n') whole--;
        int error = read_receipts(ledger, text, whole);
        munmap(text, size);
        if (error) return error;
        // Nothing was forked on the strength of a torn line, and the next line must not grow out of it.
        if (whole < size && ftruncate(receipts, (off_t)whole) != 0) return errno;
    }
    char line[96], *at = line;
    size_t length = strnlen(boot_id, 64);
    at = put_text(at, "B ", 2);
    at = put_text(at, boot_id, length);
    *at++ = ' ';
    at = put_number(at, (unsigned)getpid());
    *at++ = '\n';
    return append(receipts, line, (size_t)(at - line));
}

#endif
