// SPDX-License-Identifier: Apache-2.0
//
// The supervisor's life: forked from a multithreaded coordinator and never exec'd, so only raw
// system calls and memory from mmap. See docs/decisions/process-supervision.md.

#include "internal.h"

#include <errno.h>

#if defined(__linux__)

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_STACK_SIZE = 64 << 10, DESCRIPTOR_LIMIT = 4, EXIT_PATIENCE_MS = 10000 };

// MARK: messages

struct pc_message *pc_supervisor_message(struct pc_supervisor *supervisor, uint32_t kind,
                                         const struct pc_entry *entry) {
    struct pc_message *message = &supervisor->outbox;
    memset(message, 0, offsetof(struct pc_message, processes));
    message->kind = kind;
    if (entry) {
        message->pid = entry->pid;
        message->started_ns = entry->started_ns;
        message->ended_ns = entry->ended_ns;
        message->key_length = entry->key_length;
        memcpy(message->key, pc_ledger_key(&supervisor->ledger, entry), entry->key_length);
    }
    return message;
}

static void send_message(struct pc_supervisor *supervisor, const struct pc_message *message) {
    size_t size = offsetof(struct pc_message, processes) + message->listed * sizeof(struct pc_process);
    ssize_t sent;
    // Blocks while a stopped coordinator does not read; its death ends that with EPIPE.
    do sent = send(PC_SOCKET_FD, message, size, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0) supervisor->lifeline_lost = true;
}

void pc_supervisor_send(struct pc_supervisor *supervisor) { send_message(supervisor, &supervisor->outbox); }

// MARK: exits

static struct pc_entry *running_entry(struct pc_supervisor *supervisor, int32_t pid) {
    // What runs now was most likely started last.
    for (size_t i = pc_ledger_count(&supervisor->ledger), left = supervisor->running_count; i > 0 && left > 0; i--) {
        struct pc_entry *entry = pc_ledger_entry(&supervisor->ledger, i - 1);
        if (!entry->running) continue;
        if (entry->pid == pid) return entry;
        left--;
    }
    return NULL;
}

void pc_supervisor_reap(struct pc_supervisor *supervisor) {
    for (;;) {
        int status = 0;
        struct rusage usage;
        pid_t pid = wait4(-1, &status, WNOHANG | __WALL, &usage);
        if (pid < 0 && errno == EINTR) continue;
        if (pid <= 0) return;
        struct pc_entry *entry = running_entry(supervisor, pid);
        if (!entry) continue;  // an adopted orphan
        entry->running = false;
        entry->ended_ns = pc_boottime_ns();
        supervisor->running_count--;
        // The receipt first: an exit that was told is never in doubt. A full disk costs the receipt, not the job.
        pc_receipts_write_end(PC_RECEIPTS_FD, pc_ledger_key(&supervisor->ledger, entry), entry->key_length, status);
        struct pc_message *message = pc_supervisor_message(supervisor, PC_MESSAGE_EXITED, entry);
        message->status = status;
        message->user_us = (uint64_t)usage.ru_utime.tv_sec * 1000000u + (uint64_t)usage.ru_utime.tv_usec;
        message->system_us = (uint64_t)usage.ru_stime.tv_sec * 1000000u + (uint64_t)usage.ru_stime.tv_usec;
        message->peak_resident_kib = (uint64_t)usage.ru_maxrss;
        pc_supervisor_send(supervisor);
    }
}

// MARK: requests

static void kill_all(struct pc_supervisor *supervisor, uint32_t patience_ms) {
    pc_sweep_kill(supervisor, -1, patience_ms, &supervisor->report);
    supervisor->report.kind = PC_MESSAGE_ALL_GONE;
    send_message(supervisor, &supervisor->report);
}

static void kill_one(struct pc_supervisor *supervisor, const struct pc_request *request, const char *key) {
    size_t length = strnlen(key, PC_KEY_LIMIT + 1);
    int64_t number = pc_ledger_find(&supervisor->ledger, key, length);
    struct pc_entry *entry = number < 0 ? NULL : pc_ledger_entry(&supervisor->ledger, (size_t)number);
    if (request->scope == PC_SCOPE_LEADER) {
        if (entry && entry->running) kill(entry->pid, request->signal);
        return;
    }
    if (request->signal != SIGKILL) {
        if (number >= 0) pc_sweep_signal(supervisor, number, request->signal);
        return;
    }
    struct pc_message *report = &supervisor->report;
    if (number >= 0) pc_sweep_kill(supervisor, number, request->patience_ms, report);
    else memset(report, 0, sizeof *report);
    report->kind = PC_MESSAGE_TREE_GONE;
    report->key_length = (uint32_t)(length > PC_KEY_LIMIT ? PC_KEY_LIMIT : length);
    memcpy(report->key, key, report->key_length);
    send_message(supervisor, report);
}

static size_t take_descriptors(struct msghdr *header, int *descriptors) {
    size_t count = 0;
    for (struct cmsghdr *item = CMSG_FIRSTHDR(header); item; item = CMSG_NXTHDR(header, item)) {
        if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) continue;
        size_t bytes = item->cmsg_len - CMSG_LEN(0);
        for (size_t i = 0; i + sizeof(int) <= bytes && count < DESCRIPTOR_LIMIT; i += sizeof(int))
            memcpy(&descriptors[count++], CMSG_DATA(item) + i, sizeof(int));
    }
    return count;
}

// Returns false when the supervisor is to end.
static bool handle(struct pc_supervisor *supervisor, const struct pc_request *request, char *payload,
                   const int *descriptors, size_t count) {
    // Every text in the payload ends within it, because its last byte is NUL.
    bool terminated = request->payload_size > 0 && payload[request->payload_size - 1] == 0;
    switch (request->kind) {
    case PC_REQUEST_SPAWN:
        if (terminated) pc_supervisor_spawn(supervisor, request, payload, descriptors, count);
        return true;
    case PC_REQUEST_KILL:
        if (terminated) kill_one(supervisor, request, payload);
        return true;
    case PC_REQUEST_KILL_ALL:
        kill_all(supervisor, request->patience_ms);
        return true;
    default:
        kill_all(supervisor, request->patience_ms);
        return false;
    }
}

static bool handle_in_memory_file(struct pc_supervisor *supervisor, const struct pc_request *request,
                                  const int *descriptors, size_t count) {
    struct stat status;
    if (count == 0 || fstat(descriptors[0], &status) != 0 || status.st_size < request->payload_size) return true;
    char *payload = mmap(NULL, request->payload_size, PROT_READ, MAP_PRIVATE, descriptors[0], 0);
    if (payload == MAP_FAILED) return true;
    bool goes_on = handle(supervisor, request, payload, descriptors, count);
    munmap(payload, request->payload_size);
    return goes_on;
}

// Returns false when the supervisor is to end: on request, or because the coordinator is gone.
static bool serve(struct pc_supervisor *supervisor) {
    struct pc_request request;
    char control[CMSG_SPACE(sizeof(int) * DESCRIPTOR_LIMIT)];
    struct iovec parts[2] = {
        {.iov_base = &request, .iov_len = sizeof request},
        {.iov_base = supervisor->inbox.base, .iov_len = supervisor->inbox.size},
    };
    struct msghdr header = {
        .msg_iov = parts, .msg_iovlen = 2, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t size;
    do size = recvmsg(PC_SOCKET_FD, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    while (size < 0 && errno == EINTR);
    if (size < 0 && errno == EAGAIN) return true;
    if (size <= 0) {
        supervisor->lifeline_lost = true;
        return false;
    }
    int descriptors[DESCRIPTOR_LIMIT];
    size_t count = take_descriptors(&header, descriptors);
    bool goes_on = true;
    if ((size_t)size >= sizeof request && request.payload_size <= PC_REQUEST_LIMIT) {
        if (request.flags & PC_FLAG_MEMORY_FILE)
            goes_on = handle_in_memory_file(supervisor, &request, descriptors, count);
        else if ((size_t)size == sizeof request + request.payload_size)
            goes_on = handle(supervisor, &request, supervisor->inbox.base, descriptors, count);
    }
    for (size_t i = 0; i < count; i++) close(descriptors[i]);
    return goes_on;
}

void pc_supervisor_drain_signals(void) {
    struct signalfd_siginfo info[8];
    while (read(PC_SIGNAL_FD, info, sizeof info) == (ssize_t)sizeof info) {}
}

static void live(struct pc_supervisor *supervisor) {
    struct pollfd watched[2] = {
        {.fd = PC_SOCKET_FD, .events = POLLIN},
        {.fd = PC_SIGNAL_FD, .events = POLLIN},
    };
    for (;;) {
        if (poll(watched, 2, -1) < 0) continue;
        if (watched[1].revents) {
            pc_supervisor_drain_signals();
            pc_supervisor_reap(supervisor);
        }
        // What a dead coordinator had asked for is not begun any more, though it is still in the queue.
        if (watched[0].revents & (POLLHUP | POLLERR)) supervisor->lifeline_lost = true;
        if (supervisor->lifeline_lost) break;
        if (watched[0].revents && !serve(supervisor)) break;
        if (supervisor->lifeline_lost) break;
    }
    // The lock on the receipts goes with this process: it ends only when nothing of the job is left.
    if (supervisor->lifeline_lost) pc_sweep_kill(supervisor, -1, EXIT_PATIENCE_MS, &supervisor->report);
}

// MARK: birth

static void close_from(unsigned first) {
    if (syscall(SYS_close_range, first, ~0u, 0) == 0) return;
    struct rlimit limit;
    unsigned end = 65536;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < end) end = (unsigned)limit.rlim_cur;
    for (unsigned descriptor = first; descriptor < end; descriptor++) close((int)descriptor);
}

// Ignored signals would be inherited through exec. Straight to the kernel: the C library keeps two
// signals to itself, and those can be ignored as well. All zeroes is SIG_DFL in every layout.
static void forget_signal_handlers(void) {
    const unsigned char usual[64] = {0};
    for (int signal = 1; signal <= 64; signal++)
        syscall(SYS_rt_sigaction, signal, usual, NULL, sizeof(uint64_t));
}

// Puts the socket, the receipts and /dev/null where they belong and closes everything else.
static int settle_descriptors(int socket, const char *receipts_path) {
    int receipts = open(receipts_path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (receipts < 0) return errno;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) return errno;
    // Above the fixed places first, so that no move overwrites another.
    socket = fcntl(socket, F_DUPFD_CLOEXEC, 16);
    receipts = fcntl(receipts, F_DUPFD_CLOEXEC, 16);
    if (socket < 0 || receipts < 0) return errno;
    for (int stream = 0; stream < 3; stream++)
        if (null != stream && dup2(null, stream) < 0) return errno;
    if (dup3(socket, PC_SOCKET_FD, O_CLOEXEC) < 0 || dup3(receipts, PC_RECEIPTS_FD, O_CLOEXEC) < 0) return errno;
    close_from(PC_SIGNAL_FD);
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    return signalfd(-1, &children, SFD_NONBLOCK | SFD_CLOEXEC) == PC_SIGNAL_FD ? 0 : EMFILE;
}

static int prepare(struct pc_supervisor *supervisor, const char *boot_id) {
    setsid();
    prctl(PR_SET_NAME, "martlet-job");
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return errno;
    supervisor->child_stack = mmap(NULL, CHILD_STACK_SIZE, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (supervisor->child_stack == MAP_FAILED) return errno;
    if (pc_region_extend(&supervisor->inbox, PC_INLINE_LIMIT) == SIZE_MAX) return ENOMEM;
    int error = pc_receipts_open(&supervisor->ledger, PC_RECEIPTS_FD, boot_id);
    // Hold no directory of the caller's.
    if (!error && chdir("/") != 0) error = errno;
    return error;
}

static void supervise(int socket, const char *receipts_path, const char *boot_id) {
    forget_signal_handlers();
    struct pc_supervisor *supervisor = mmap(NULL, sizeof *supervisor, PROT_READ | PROT_WRITE,
                                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (supervisor == MAP_FAILED) _exit(1);
    supervisor->pid = getpid();
    int error = settle_descriptors(socket, receipts_path);
    if (!error) error = prepare(supervisor, boot_id);
    else dup3(socket, PC_SOCKET_FD, O_CLOEXEC);
    struct pc_message *message =
        pc_supervisor_message(supervisor, error ? PC_MESSAGE_START_FAILED : PC_MESSAGE_READY, NULL);
    message->error = error;
    message->pid = supervisor->pid;
    pc_supervisor_send(supervisor);
    if (!error) live(supervisor);
    _exit(error ? 1 : 0);
}

// Born in its control group: to move a process into one later waits for every processor, 10 ms and more.
// Not fork(): that runs every library's atfork handlers, which may take locks and allocate.
static long fork_into(const char *cgroup) {
#if defined(SYS_clone3)
    int group = cgroup ? open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (group >= 0) {
        // As in linux/sched.h, up to the group.
        struct {
            uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
        } arguments = {.flags = 0x200000000ull /* CLONE_INTO_CGROUP */, .exit_signal = SIGCHLD, .cgroup = (uint64_t)group};
        long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
        if (pid == 0) return 0;
        close(group);
        if (pid > 0) return pid;
    }
#endif
    return syscall(SYS_clone, (unsigned long)SIGCHLD, 0, 0, 0, 0);
}

int pc_supervisor_start(const char *receipts_path, const char *boot_id, const char *cgroup,
                        struct pc_supervisor_handle *handle) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return errno;
    // Handlers of the coordinator must never run in the supervisor: all signals stay blocked there.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    long pid = fork_into(cgroup);
    if (pid == 0) {
        supervise(ends[1], receipts_path, boot_id);
        _exit(1);
    }
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return error;
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    handle->pid = (int32_t)pid;
    handle->socket = ends[0];
    return 0;
}

#else

int pc_supervisor_start(const char *receipts_path, const char *boot_id, const char *cgroup,
                        struct pc_supervisor_handle *handle) {
    (void)receipts_path, (void)boot_id, (void)cgroup, (void)handle;
    return ENOSYS;
}

#endif
