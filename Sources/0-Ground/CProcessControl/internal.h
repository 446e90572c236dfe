// SPDX-License-Identifier: Apache-2.0
//
// Shared between the files of the supervisor. Everything here runs in a process that was forked
// from a multithreaded one: no malloc, no stdio, no locks; memory comes from mmap.

#ifndef PC_INTERNAL_H
#define PC_INTERNAL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <stdbool.h>
#include <sys/resource.h>

#include "CProcessControl.h"

#if defined(__linux__)

/// The soft limit of open files before pc_open_files_raise, for steps to start with; 0 when it was not raised.
extern uint64_t pc_usual_open_files;

// Fixed descriptors of a supervisor; 0–2 are /dev/null.
enum { PC_SOCKET_FD = 3, PC_RECEIPTS_FD = 4, PC_SIGNAL_FD = 5, PC_FIRST_FREE_FD = 6 };

/// Memory that grows: hold offsets into it, never pointers across a call that may grow it.
struct pc_region {
    char *base;
    size_t size;
    size_t capacity;
};

/// Makes room for `more` bytes at the end. Returns their offset, or SIZE_MAX.
size_t pc_region_extend(struct pc_region *region, size_t more);

/// One attempt that was started in the life of the receipts file.
struct pc_entry {
    uint64_t hash;
    uint64_t started_ns;  // 0: by an earlier supervisor
    uint64_t ended_ns;    // 0: still running
    uint32_t key_offset;
    uint32_t key_length;
    uint32_t cgroup_offset;  // NUL-terminated paths in `texts`
    uint32_t cgroup_count;
    int32_t pid;
    bool running;
    bool owns_cgroups;  // no other attempt is in them
};

struct pc_ledger {
    struct pc_region entries;  // of struct pc_entry
    struct pc_region texts;    // keys and cgroup paths
    uint32_t *slots;           // open addressing; entry number + 1
    uint32_t slot_count;       // a power of two
};

size_t pc_ledger_count(const struct pc_ledger *ledger);
struct pc_entry *pc_ledger_entry(const struct pc_ledger *ledger, size_t number);
const char *pc_ledger_key(const struct pc_ledger *ledger, const struct pc_entry *entry);
/// The entry's number, or -1.
int64_t pc_ledger_find(const struct pc_ledger *ledger, const char *key, size_t length);
/// The new entry's number, or -1 when memory is out.
int64_t pc_ledger_add(struct pc_ledger *ledger, const char *key, size_t length);
/// Locks and reads the receipts file that is open as `receipts`; cuts off a torn last line.
int pc_receipts_open(struct pc_ledger *ledger, int receipts, const char *boot_id);
int pc_receipts_write_start(int receipts, const char *key, size_t length);
int pc_receipts_write_end(int receipts, const char *key, size_t length, int wait_status);
int pc_receipts_write_failure(int receipts, const char *key, size_t length, uint32_t stage, int error);

/// One row of /proc.
struct pc_row {
    int32_t pid;
    int32_t parent;
    int32_t group;
    int32_t session;
    int32_t root;   // the child of the ancestor in question that it descends from; 0 not yet known, -1 none
    int64_t owner;  // entry number, or -1
    uint64_t start_ticks;
    char state;
    bool chosen;
    char name[16];
};

struct pc_census {
    struct pc_region rows;    // of struct pc_row, by ascending pid
    struct pc_region buffer;  // directory entries and environments
    bool uncertain;           // a parent was gone by the time it was looked up: look again
};

/// Reads all of /proc. Returns 0 or an errno.
int pc_census_take(struct pc_census *census);
size_t pc_census_count(const struct pc_census *census);
struct pc_row *pc_census_row(const struct pc_census *census, size_t number);
struct pc_row *pc_census_find(const struct pc_census *census, int32_t pid);
/// Sets `root` of every row to the child of `ancestor` that it descends from, or -1.
void pc_census_trace(struct pc_census *census, int32_t ancestor);
/// The value of an environment variable of a process as it was started, or NULL; valid until the next call.
const char *pc_census_environment(struct pc_census *census, int32_t pid, const char *name, size_t *length);
bool pc_row_alive(const struct pc_row *row);
/// Whether the round before chose this very process: what was meant once stays so, though its parent has died since.
bool pc_census_was_chosen(const struct pc_census *before, const struct pc_row *row);
/// Carries over what the round before knew. Returns how many chosen rows are new, counts and lists them in the message.
uint32_t pc_census_compare(struct pc_census *census, const struct pc_census *before, struct pc_message *message);
/// Signals the chosen rows, whole groups first, never the group `spared`. Returns how many were refused.
uint32_t pc_census_signal(struct pc_census *census, int signal, int32_t spared);

struct pc_supervisor {
    int32_t pid;
    bool lifeline_lost;
    uint32_t running_count;
    struct pc_ledger ledger;
    struct pc_census census;
    struct pc_census previous;  // the round of a sweep before this one
    struct pc_region inbox;     // one request
    struct pc_region pointers;  // argv and envp of one spawn
    char *child_stack;
    struct pc_message outbox;
    struct pc_message report;  // of a kill: exits are sent from `outbox` while it is filled
};

void pc_supervisor_drain_signals(void);
void pc_supervisor_reap(struct pc_supervisor *supervisor);
void pc_supervisor_send(struct pc_supervisor *supervisor);
struct pc_message *pc_supervisor_message(struct pc_supervisor *supervisor, uint32_t kind, const struct pc_entry *entry);
void pc_supervisor_spawn(struct pc_supervisor *supervisor, const struct pc_request *request, char *payload,
                         const int *descriptors, size_t descriptor_count);

/// Kills the tree of one entry (entry ≥ 0) or everything (entry -1); fills the message's process list.
void pc_sweep_kill(struct pc_supervisor *supervisor, int64_t entry, uint32_t patience_ms, struct pc_message *message);
/// Sends a signal once to every process of the entry's tree.
void pc_sweep_signal(struct pc_supervisor *supervisor, int64_t entry, int signal);

#endif
#endif
