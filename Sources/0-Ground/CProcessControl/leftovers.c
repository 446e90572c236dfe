// SPDX-License-Identifier: Apache-2.0
//
// What is left when a supervisor was killed as well: found by the marker in its environment.

#include "internal.h"

#include <errno.h>

#if defined(__linux__)

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FREEZE_ROUNDS = 10, DEPTH_LIMIT = 1 << 16, UNCERTAIN_ROUNDS = 20, LONGEST_NAP_NS = 20000000 };

int pc_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1) == 0 ? 0 : errno; }

enum verdict { VERDICT_UNKNOWN = 0, VERDICT_SPARED = -1, VERDICT_MEANT = 1, VERDICT_OTHER = 2 };

static bool is_spared(const struct pc_leftovers *which, int32_t pid) {
    for (size_t i = 0; i < which->spared_count; i++)
        if (which->spared[i] == pid) return true;
    return false;
}

static bool has_marker(struct pc_census *census, const struct pc_leftovers *which, int32_t pid) {
    size_t length = 0;
    const char *run = which->run ? pc_census_environment(census, pid, PC_RUN_MARKER, &length) : NULL;
    return run && length == strlen(which->run) && memcmp(run, which->run, length) == 0;
}

// The caller itself may run within the very run that it cleans up after: it and its parents are spared,
// not their other children.
static void spare_parents(struct pc_census *census) {
    struct pc_row *row = pc_census_find(census, getpid());
    for (int depth = 0; row && depth < DEPTH_LIMIT; depth++) {
        row->root = VERDICT_OTHER;
        row = pc_census_find(census, row->parent);
    }
}

// `root` holds the verdict here: what descends from a process that is meant is meant too.
static void judge(struct pc_census *census, const struct pc_leftovers *which, struct pc_row *row) {
    int32_t self = getpid();
    if (is_spared(which, row->pid)) row->root = VERDICT_SPARED;
    else if (pc_row_alive(row) && has_marker(census, which, row->pid)) row->root = VERDICT_MEANT;
    else if (which->adopted && row->parent == self) row->root = VERDICT_MEANT;
}

static int32_t verdict_of(struct pc_census *census, struct pc_row *row) {
    int32_t verdict = VERDICT_UNKNOWN;
    for (struct pc_row *at = row; at; at = pc_census_find(census, at->parent)) {
        if (at->root == VERDICT_OTHER) break;
        // A spared ancestor wins over a marker below it.
        if (at->root != VERDICT_UNKNOWN) verdict = at->root;
        if (verdict == VERDICT_SPARED || at->parent <= 0) break;
    }
    return verdict;
}

static uint32_t choose(struct pc_census *census, const struct pc_census *before, const struct pc_leftovers *which) {
    uint32_t alive = 0;
    spare_parents(census);
    for (size_t i = 0; i < pc_census_count(census); i++) {
        struct pc_row *row = pc_census_row(census, i);
        if (row->root == VERDICT_UNKNOWN) judge(census, which, row);
    }
    for (size_t i = 0; i < pc_census_count(census); i++) {
        struct pc_row *row = pc_census_row(census, i);
        if (row->root == VERDICT_OTHER || !pc_row_alive(row)) continue;
        row->chosen = pc_census_was_chosen(before, row) || verdict_of(census, row) == VERDICT_MEANT;
        alive += row->chosen;
    }
    return alive;
}

// Orphans that came to the caller and have died are nobody else's to reap.
static void reap_adopted(const struct pc_census *census, const struct pc_leftovers *which) {
    if (!which->adopted) return;
    for (size_t i = 0; i < pc_census_count(census); i++) {
        const struct pc_row *row = pc_census_row(census, i);
        if (row->parent == getpid() && !pc_row_alive(row) && !is_spared(which, row->pid))
            waitpid(row->pid, NULL, WNOHANG);
    }
}

int pc_leftovers_kill(const struct pc_leftovers *which, struct pc_message *report) {
    struct pc_census now = {0}, before = {0};
    uint64_t deadline = pc_boottime_ns() + (uint64_t)which->patience_ms * 1000000u, nap = 200000;
    bool freeze = true;
    int error = 0, uncertain = 0;
    memset(report, 0, sizeof *report);
    for (int round = 0;; round++) {
        struct pc_census swapped = before;
        before = now;
        now = swapped;
        if ((error = pc_census_take(&now))) break;
        uint32_t alive = choose(&now, &before, which);
        reap_adopted(&now, which);
        if (alive == 0) {
            // Somebody whose parent vanished while we looked may be meant.
            if (!now.uncertain || ++uncertain > UNCERTAIN_ROUNDS) break;
            continue;
        }
        uint32_t fresh = pc_census_compare(&now, &before, report);
        if (freeze && fresh > 0 && round < FREEZE_ROUNDS) {
            pc_census_signal(&now, SIGSTOP, getpgrp());
            continue;
        }
        freeze = false;
        pc_census_signal(&now, SIGKILL, getpgrp());
        if (pc_boottime_ns() >= deadline) {
            report->remaining = alive;
            break;
        }
        pc_nap(nap);
        if (nap < LONGEST_NAP_NS) nap *= 2;
    }
    if (now.rows.base) munmap(now.rows.base, now.rows.capacity);
    if (now.buffer.base) munmap(now.buffer.base, now.buffer.capacity);
    if (before.rows.base) munmap(before.rows.base, before.rows.capacity);
    if (before.buffer.base) munmap(before.buffer.base, before.buffer.capacity);
    return error;
}

#else

int pc_become_subreaper(void) { return ENOSYS; }

int pc_leftovers_kill(const struct pc_leftovers *which, struct pc_message *report) {
    (void)which, (void)report;
    return ENOSYS;
}

#endif
