// SPDX-License-Identifier: Apache-2.0
//
// The C half of ProcessControl: what has to be async-signal-safe, or cannot be said in Swift
// (fork, clone, ancillary data, signal handlers). Every function returns 0 or an errno value
// unless it says otherwise, and none of them prints.

#ifndef C_PROCESS_CONTROL_H
#define C_PROCESS_CONTROL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Longest attempt key, in bytes.
#define PC_KEY_LIMIT 128
/// Largest spawn request (arguments, environment and paths together), in bytes.
#define PC_REQUEST_LIMIT (16u << 20)
/// A request up to this size travels in the socket message; a larger one in a memory file.
#define PC_INLINE_LIMIT (96u << 10)
/// Most resource limits in one request.
#define PC_LIMIT_COUNT 16
/// Most cgroup directories in one request.
#define PC_CGROUP_COUNT 8
/// Most processes named in one message.
#define PC_LISTED_COUNT 64
/// Largest receipts file that a supervisor reads at its start, in bytes.
#define PC_RECEIPTS_LIMIT (64u << 20)

/// The environment variable that names the attempt a process belongs to.
#define PC_STEP_MARKER "MARTLET_STEP"
/// The environment variable that names the run a process belongs to.
#define PC_RUN_MARKER "MARTLET_RUN"

// MARK: requests to a supervisor

enum pc_request_kind {
    PC_REQUEST_SPAWN = 1,
    PC_REQUEST_KILL = 2,
    PC_REQUEST_KILL_ALL = 3,
    PC_REQUEST_SHUTDOWN = 4,
};

enum pc_request_flags {
    PC_FLAG_MEMORY_FILE = 1,    // the payload is in the first descriptor sent along
    PC_FLAG_INPUT = 2,          // a descriptor for standard input is sent along
    PC_FLAG_OUTPUT = 4,         // one for standard output (and standard error, unless PC_FLAG_ERROR)
    PC_FLAG_ERROR = 8,          // one for standard error
    PC_FLAG_TERMINAL = 16,      // standard input is a terminal that becomes the controlling one
    PC_FLAG_REPORT_START = 32,  // send PC_MESSAGE_STARTED
    PC_FLAG_OWN_CGROUPS = 64,   // the cgroups are this attempt's alone: killing its tree kills them whole
};

enum pc_scope { PC_SCOPE_LEADER = 0, PC_SCOPE_TREE = 1 };

struct pc_limit {
    int32_t resource;  // RLIMIT_*
    int32_t reserved;
    uint64_t soft;  // UINT64_MAX is "no limit"
    uint64_t hard;  // UINT64_MAX is "no limit"
};

/// The payload that follows is a row of NUL-terminated strings: key, and for a spawn also the
/// working directory, the program, the cgroup directories, the arguments and the environment.
struct pc_request {
    uint32_t kind;
    uint32_t flags;
    uint32_t payload_size;
    uint32_t argument_count;
    uint32_t environment_count;
    uint32_t cgroup_count;
    uint32_t limit_count;
    int32_t file_mask;  // umask, or -1 to keep the supervisor's
    int32_t signal;
    uint32_t scope;
    uint32_t patience_ms;  // how long a kill sweeps before it reports what is still there
    uint32_t reserved;
    struct pc_limit limits[PC_LIMIT_COUNT];
};

// MARK: messages from a supervisor

enum pc_message_kind {
    PC_MESSAGE_READY = 1,         // the receipts are locked and read
    PC_MESSAGE_START_FAILED = 2,  // error; EWOULDBLOCK: another supervisor holds the receipts
    PC_MESSAGE_STARTED = 3,
    PC_MESSAGE_EXITED = 4,
    PC_MESSAGE_EXEC_FAILED = 5,  // stage and error
    PC_MESSAGE_REFUSED = 6,      // nothing was started; EEXIST: the key has been used
    PC_MESSAGE_TREE_GONE = 7,
    PC_MESSAGE_ALL_GONE = 8,
};

enum pc_stage {
    PC_STAGE_NONE = 0,
    PC_STAGE_CLONE = 1,
    PC_STAGE_SESSION = 2,
    PC_STAGE_TERMINAL = 3,
    PC_STAGE_CGROUP = 4,
    PC_STAGE_STREAMS = 5,
    PC_STAGE_LIMITS = 6,
    PC_STAGE_DIRECTORY = 7,
    PC_STAGE_PROGRAM = 8,
};

struct pc_process {
    int32_t pid;
    int32_t parent;
    char name[16];  // the kernel's short name, NUL-terminated
};

struct pc_message {
    uint32_t kind;
    int32_t pid;
    int32_t status;  // as waitpid gives it
    int32_t error;   // errno
    uint32_t stage;
    uint32_t key_length;
    uint32_t total;      // processes found by a kill
    uint32_t listed;     // of which so many are named in `processes`
    uint32_t remaining;  // of which so many were still there when patience ended
    uint32_t reserved;
    uint64_t user_us;
    uint64_t system_us;
    uint64_t peak_resident_kib;
    uint64_t started_ns;  // CLOCK_BOOTTIME
    uint64_t ended_ns;    // CLOCK_BOOTTIME
    char key[PC_KEY_LIMIT];
    struct pc_process processes[PC_LISTED_COUNT];
};

// MARK: the coordinator's end

struct pc_supervisor_handle {
    int32_t pid;
    int32_t socket;  // non-blocking, close-on-exec; its end-of-file is the supervisor's death
};

/// Forks a supervisor. `receipts_path` is opened by it, relative to the caller's directory.
/// `cgroup`: a version 2 group that it is born into, where that can be done; NULL for none.
int pc_supervisor_start(const char *receipts_path, const char *boot_id, const char *cgroup,
                        struct pc_supervisor_handle *handle);

/// Sends one request with up to four descriptors. EAGAIN: the socket is full, try when writable.
int pc_request_send(int socket, const struct pc_request *request, const void *payload,
                    const int *descriptors, size_t descriptor_count);

/// Receives one message. Returns 1 when there is one, 0 at end-of-file, else a negative errno (-EAGAIN: none yet).
int pc_message_receive(int socket, struct pc_message *message);

/// Reaps one child by its pid without blocking. Returns 1 and the status, 0 when it still runs, a negative errno.
int pc_reap(int32_t pid, int32_t *status);
/// Reaps one child by its pid, waiting for it. Returns 0 or an errno value.
int pc_reap_waiting(int32_t pid, int32_t *status);

// MARK: what an earlier run left behind

struct pc_leftovers {
    const char *run;        // processes whose MARTLET_RUN is this; NULL for none
    const int32_t *spared;  // these processes of the caller and all that descends from them stay
    size_t spared_count;
    uint32_t adopted;  // also every other child of the caller (it is a subreaper and knows all its own children)
    uint32_t patience_ms;
};

/// Kills what an earlier run left behind and waits until it is gone. Blocks. The report's total, remaining and list are set.
int pc_leftovers_kill(const struct pc_leftovers *which, struct pc_message *report);
/// From now on orphaned descendants become children of the caller.
int pc_become_subreaper(void);

// MARK: processes and the host

/// The start time of a process in clock ticks since boot, 0 when it is not there or a zombie.
uint64_t pc_start_ticks(int32_t pid);
int32_t pc_own_pid(void);
uint32_t pc_own_user(void);
/// Raises the soft limit of open files to the hard one; supervised processes still start with the old one. Returns the new limit.
uint64_t pc_open_files_raise(void);
/// Takes an exclusive lock (flock) on an open file without waiting. EWOULDBLOCK: another holds it.
int pc_lock(int descriptor);
/// Lets go of the lock although a process that is being forked right now has a copy of the descriptor.
void pc_unlock(int descriptor);
/// A close-on-exec descriptor for reading and writing, made with mode 0600 where there is no file; or a negative errno.
int pc_lock_file_open(const char *path);
/// Replaces the whole contents of an open file.
int pc_contents_replace(int descriptor, const void *bytes, size_t size);
/// Opens for reading, close-on-exec; or a negative errno.
int pc_open_for_reading(const char *path);
int pc_write_file(const char *path, const char *text);
int pc_make_directory(const char *path, uint32_t mode);
int pc_remove_directory(const char *path);
void pc_nap(uint64_t nanoseconds);

struct pc_directory_facts {
    uint64_t free_bytes;
    uint32_t owner;
    uint32_t mode;       // permission bits
    uint32_t in_memory;  // tmpfs or ramfs
};
/// ENOTDIR for anything but a directory, symbolic links to one included.
int pc_directory_facts(const char *path, struct pc_directory_facts *facts);
/// Whether a file can be written to.
int pc_writable_file(const char *path);
/// Puts a process, and what it will start, into a cgroup of either version; 0, or the errno.
int pc_cgroup_add(const char *directory, int32_t pid);
/// Sends SIGKILL to all that is in it, frozen meanwhile where it can be: nothing escapes by a fork.
void pc_cgroup_kill(const char *directory);
/// Writes to one of a cgroup's files, named with a slash before it; 0, or the errno.
int pc_cgroup_set(const char *directory, const char *leaf, const char *text);
/// NULL when it is not set.
const char *pc_variable(const char *name);

// MARK: helper commands

struct pc_command {
    const char *program;      // with a slash a path, else looked up in the caller's PATH
    char *const *arguments;   // NULL at the end
    char *const *environment; // NULL at the end; NULL for the caller's
    const char *directory;    // NULL for the caller's
    int32_t input;
    int32_t output;
    int32_t errors;
};

/// Starts a command in a session of its own with nothing open but these streams.
int pc_command_start(const struct pc_command *command, int32_t *pid);
/// Runs a command with this process's own streams, in the foreground of its terminal, to its end; 0, or the errno. The
/// streams of `command` are not looked at.
int pc_terminal_run(const struct pc_command *command, int32_t *status);
/// Kills the command's whole process group.
void pc_command_kill(int32_t pid);
/// A descriptor that is readable when the process has ended, or a negative errno where there is no such thing.
int pc_exit_descriptor(int32_t pid);
/// write(2) without blocking and without SIGPIPE: the count, or a negative errno.
int64_t pc_write_some(int descriptor, const void *bytes, size_t size);

// MARK: the event loop's parts

uint64_t pc_boottime_ns(void);
/// Same layout as struct pollfd.
struct pc_watch {
    int32_t descriptor;
    int16_t events;
    int16_t ready;
};
enum pc_readiness { PC_READABLE = 1, PC_WRITABLE = 2, PC_HUNG_UP = 4 };
/// What poll(2) is asked for and what it answers, as pc_readiness bits.
int16_t pc_poll_events(int readiness);
int pc_poll_readiness(int16_t events);
/// Waits at most `timeout_ns` (negative: for ever). Returns how many are ready, or a negative errno (an interruption is 0).
int pc_poll(struct pc_watch *watches, size_t count, int64_t timeout_ns);
/// A non-blocking pipe whose write end may be signalled from any thread.
int pc_waker_open(int *read_end, int *write_end);
void pc_waker_signal(int write_end);
void pc_waker_clear(int read_end);
/// A timer descriptor on the boot-time clock (a deadline that passed during suspend fires on waking).
int pc_timer_open(void);
int pc_timer_set(int timer, uint64_t deadline_ns);
void pc_timer_clear(int timer);
/// From now on each delivery of `signal` writes one byte (its number) to the pipe that is returned
/// (non-blocking read end; one for the whole process), or a negative errno.
int pc_signal_catch(int signal);
int pc_signal_restore(int signal);

// MARK: pipes and terminals

/// A pipe, both ends close-on-exec, the read end non-blocking, with room for `capacity` bytes where that is allowed.
int pc_pipe_open(int *read_end, int *write_end, size_t capacity);
/// A pipe, both ends close-on-exec, the write end non-blocking: for feeding a process.
int pc_input_pipe_open(int *read_end, int *write_end);
/// A named pipe at `path`, made anew where none is there, open for reading without blocking and without ever coming
/// to an end: a descriptor, or a negative errno.
int pc_fifo_listen(const char *path);
/// The writing end, without blocking: a descriptor, or a negative errno (ENXIO where nobody listens).
int pc_fifo_open_writing(const char *path);
/// 0, or the errno.
int pc_unlink(const char *path);
/// A pseudo-terminal, both ends close-on-exec, the master non-blocking.
int pc_terminal_open(int *master, int *slave, uint16_t rows, uint16_t columns);
int pc_terminal_resize(int master, uint16_t rows, uint16_t columns);
/// Bytes that wait to be read, or a negative errno.
int64_t pc_bytes_waiting(int descriptor);
/// read(2), repeated when interrupted. Returns the count, or a negative errno.
int64_t pc_read(int descriptor, void *buffer, size_t size);
void pc_close(int descriptor);
int pc_duplicate(int descriptor);
/// The system's words for an errno value, and its name (ENOENT).
const char *pc_error_text(int error);
const char *pc_error_name(int error);
/// -EAGAIN, as the functions above return it.
int pc_would_block(void);
/// The errno of a request whose key has been used (EEXIST).
int pc_duplicate_key_error(void);
/// The errno of a lock that another process holds (EWOULDBLOCK).
int pc_lock_held_error(void);
/// Pages from the system, or NULL; they are taken only when touched.
void *pc_pages_allocate(size_t size);
void pc_pages_free(void *pages, size_t size);

#ifdef __cplusplus
}
#endif

#endif
