// SPDX-License-Identifier: Apache-2.0
//
// Killing a tree so that nothing of it is left: look, stop, look again, kill, until a look finds none.

#include "internal.h"

#include <errno.h>

#if defined(__linux__)

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FREEZE_ROUNDS = 10, CROWD = 32, FIRST_PAUSE_MS = 1, LONGEST_PAUSE_MS = 50 };

// MARK: whose process is it

static uint64_t boottime_ticks(uint64_t nanoseconds) {
    uint64_t rate = (uint64_t)sysconf(_SC_CLK_TCK);
    return nanoseconds / (1000000000u / rate);
}

static int64_t entry_of_session(const struct pc_ledger *ledger, int32_t session) {
    for (size_t i = pc_ledger_count(ledger); i > 0; i--)
        if (pc_ledger_entry(ledger, i - 1)->pid == session) return (int64_t)i - 1;
    return -1;
}

// The only attempt that was alive when an unmarked orphan was born, or -1.
static int64_t entry_by_time(const struct pc_ledger *ledger, uint64_t birth) {
    int64_t only = -1;
    for (size_t i = pc_ledger_count(ledger); i > 0; i--) {
        const struct pc_entry *entry = pc_ledger_entry(ledger, i - 1);
        if (entry->started_ns == 0 || boottime_ticks(entry->started_ns) > birth) continue;
        if (entry->ended_ns != 0 && boottime_ticks(entry->ended_ns) < birth) continue;
        if (only >= 0) return -1;
        only = (int64_t)i - 1;
    }
    return only;
}

static int64_t entry_by_marker(struct pc_supervisor *supervisor, int32_t pid) {
    size_t length = 0;
    const char *key = pc_census_environment(&supervisor->census, pid, PC_STEP_MARKER, &length);
    return key ? pc_ledger_find(&supervisor->ledger, key, length) : -1;
}

static int64_t owner_of(struct pc_supervisor *supervisor, const struct pc_row *row, const struct pc_row *root) {
    const struct pc_ledger *ledger = &supervisor->ledger;
    int64_t owner = entry_of_session(ledger, root->pid);  // a leader leads the session of its own pid
    if (owner >= 0 && pc_ledger_entry(ledger, (size_t)owner)->running) return owner;
    if ((owner = entry_of_session(ledger, row->session)) >= 0) return owner;
    if ((owner = entry_of_session(ledger, root->session)) >= 0) return owner;
    if ((owner = entry_by_marker(supervisor, row->pid)) >= 0) return owner;
    if (root != row && (owner = entry_by_marker(supervisor, root->pid)) >= 0) return owner;
    return entry_by_time(ledger, root->start_ticks);
}

// Marks the live rows that the sweep is about. Returns their number.
static uint32_t choose(struct pc_supervisor *supervisor, int64_t target) {
    struct pc_census *census = &supervisor->census;
    uint32_t alive = 0;
    pc_census_trace(census, supervisor->pid);
    for (size_t i = 0; i < pc_census_count(census); i++) {
        struct pc_row *row = pc_census_row(census, i);
        if (row->root <= 0 || !pc_row_alive(row)) continue;
        if (target >= 0 && !pc_census_was_chosen(&supervisor->previous, row)) {
            struct pc_row *root = pc_census_find(census, row->root);
            row->chosen = owner_of(supervisor, row, root ? root : row) == target;
        } else {
            row->chosen = true;
        }
        alive += row->chosen;
    }
    return alive;
}

// MARK: cgroups

static bool write_file(const char *directory, const char *leaf, const char *text) {
    char path[4096];
    size_t length = strlen(directory);
    if (length + strlen(leaf) + 1 > sizeof path) return false;
    memcpy(path, directory, length);
    strcpy(path + length, leaf);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return false;
    bool written = write(file, text, strlen(text)) > 0;
    close(file);
    return written;
}

static void kill_listed(const char *directory) {
    char path[4096], text[4096];
    size_t length = strlen(directory);
    if (length + 14 > sizeof path) return;
    memcpy(path, directory, length);
    memcpy(path + length, "/cgroup.procs", 14);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    int32_t pid = 0;
    for (ssize_t size; (size = read(file, text, sizeof text)) > 0;) {
        for (ssize_t i = 0; i < size; i++) {
            if (text[i] >= '0' && text[i] <= '9') {
                pid = pid * 10 + (text[i] - '0');
            } else {
                if (pid > 1 && pid != getpid()) kill(pid, SIGKILL);
                pid = 0;
            }
        }
    }
    close(file);
}

int pc_cgroup_set(const char *directory, const char *leaf, const char *text) {
    return write_file(directory, leaf, text) ? 0 : errno;
}

void pc_cgroup_kill(const char *directory) {
    if (write_file(directory, "/cgroup.kill", "1")) return;
    bool frozen = write_file(directory, "/freezer.state", "FROZEN");
    kill_listed(directory);
    if (frozen) write_file(directory, "/freezer.state", "THAWED");
}

int pc_cgroup_add(const char *directory, int32_t pid) {
    char digits[16], *at = digits + sizeof digits;
    *--at = 0;
    do *--at = (char)('0' + pid % 10);
    while ((pid /= 10) > 0);
    return write_file(directory, "/cgroup.procs", at) ? 0 : errno;
}

static void kill_cgroups(struct pc_supervisor *supervisor, int64_t target) {
    const struct pc_ledger *ledger = &supervisor->ledger;
    for (size_t i = 0; i < pc_ledger_count(ledger); i++) {
        const struct pc_entry *entry = pc_ledger_entry(ledger, i);
        if (target >= 0 ? ((int64_t)i != target || !entry->owns_cgroups) : !entry->cgroup_count) continue;
        const char *directory = ledger->texts.base + entry->cgroup_offset;
        for (uint32_t n = 0; n < entry->cgroup_count; n++, directory += strlen(directory) + 1) {
            pc_cgroup_kill(directory);
        }
    }
}

// MARK: the sweep

static bool has_children(void) {
    siginfo_t info;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 || errno != ECHILD;
}

// A leader that is dead but not reaped: its exit is told before its tree is said to be gone.
static bool is_running(const struct pc_supervisor *supervisor, int64_t target) {
    return pc_ledger_entry(&supervisor->ledger, (size_t)target)->running;
}

static void pause_for_exit(struct pc_supervisor *supervisor, int milliseconds) {
    struct pollfd watched[2] = {
        {.fd = PC_SIGNAL_FD, .events = POLLIN},
        {.fd = PC_SOCKET_FD, .events = 0},  // POLLHUP only
    };
    // Once the lifeline is gone it stays readable for ever.
    poll(watched, supervisor->lifeline_lost ? 1 : 2, milliseconds);
    if (!supervisor->lifeline_lost && (watched[1].revents & (POLLHUP | POLLERR))) supervisor->lifeline_lost = true;
    pc_supervisor_drain_signals();
}

static bool look(struct pc_supervisor *supervisor) {
    struct pc_census swapped = supervisor->previous;
    supervisor->previous = supervisor->census;
    supervisor->census = swapped;
    return pc_census_take(&supervisor->census) == 0;
}

void pc_sweep_kill(struct pc_supervisor *supervisor, int64_t target, uint32_t patience_ms,
                   struct pc_message *message) {
    memset(message, 0, sizeof *message);
    uint64_t deadline = pc_boottime_ns() + (uint64_t)patience_ms * 1000000u;
    int pause = FIRST_PAUSE_MS, niceness = getpriority(PRIO_PROCESS, 0);
    bool boosted = false;
    // Stopped first, the processes of one attempt cannot lose the ancestry that tells whose they are.
    bool freeze = target >= 0;
    supervisor->census.rows.size = 0;
    for (int round = 0;; round++) {
        pc_supervisor_reap(supervisor);
        if (!has_children()) break;
        // A coordinator that died in the meantime widens the sweep to everything.
        if (supervisor->lifeline_lost) target = -1, freeze = false;
        if (!look(supervisor)) {
            pause_for_exit(supervisor, LONGEST_PAUSE_MS);
            continue;
        }
        uint32_t alive = choose(supervisor, target);
        if (alive == 0 && target >= 0 && !supervisor->census.uncertain && !is_running(supervisor, target)) break;
        uint32_t fresh = pc_census_compare(&supervisor->census, &supervisor->previous, message), refused = 0;
        if (alive > CROWD && !boosted) boosted = setpriority(PRIO_PROCESS, 0, -20) == 0;
        if (freeze && fresh > 0 && round < FREEZE_ROUNDS) {
            pc_census_signal(&supervisor->census, SIGSTOP, supervisor->pid);
            continue;
        }
        freeze = false;
        kill_cgroups(supervisor, target);
        refused = pc_census_signal(&supervisor->census, SIGKILL, supervisor->pid);
        if (pc_boottime_ns() >= deadline && (!supervisor->lifeline_lost || refused == alive)) {
            message->remaining = alive;
            break;
        }
        if (fresh > 0) pause = FIRST_PAUSE_MS;
        pause_for_exit(supervisor, pause);
        if (pause < LONGEST_PAUSE_MS) pause *= 2;
    }
    if (boosted) setpriority(PRIO_PROCESS, 0, niceness);
}

void pc_sweep_signal(struct pc_supervisor *supervisor, int64_t target, int signal) {
    supervisor->census.rows.size = 0;
    if (!has_children() || !look(supervisor)) return;
    choose(supervisor, target);
    struct pc_census *census = &supervisor->census;
    for (size_t i = 0; i < pc_census_count(census); i++)
        if (pc_census_row(census, i)->chosen) kill(pc_census_row(census, i)->pid, signal);
}

#else

void pc_cgroup_kill(const char *directory) { (void)directory; }

int pc_cgroup_set(const char *directory, const char *leaf, const char *text) {
    (void)directory, (void)leaf, (void)text;
    return ENOSYS;
}

int pc_cgroup_add(const char *directory, int32_t pid) {
    (void)directory, (void)pid;
    return ENOSYS;
}

#endif
