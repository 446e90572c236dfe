// SPDX-License-Identifier: Apache-2.0
//
// What an event loop needs from the system: a clock, a timer, a way to be woken, signals, pipes, terminals.

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "CProcessControl.h"

#if defined(__linux__)
#include <sys/timerfd.h>
#endif

uint64_t pc_boottime_ns(void) {
    struct timespec now;
#if defined(CLOCK_BOOTTIME)
    clock_gettime(CLOCK_BOOTTIME, &now);
#else
    clock_gettime(CLOCK_MONOTONIC, &now);
#endif
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

// MARK: polling

static_assert(sizeof(struct pc_watch) == sizeof(struct pollfd), "pc_watch is laid out as pollfd");
static_assert(offsetof(struct pc_watch, ready) == offsetof(struct pollfd, revents), "pc_watch is laid out as pollfd");

int16_t pc_poll_events(int readiness) {
    return (int16_t)((readiness & PC_READABLE ? POLLIN : 0) | (readiness & PC_WRITABLE ? POLLOUT : 0));
}

int pc_poll_readiness(int16_t events) {
    return (events & POLLIN ? PC_READABLE : 0) | (events & POLLOUT ? PC_WRITABLE : 0)
        | (events & (POLLHUP | POLLERR | POLLNVAL) ? PC_HUNG_UP : 0);
}

int pc_poll(struct pc_watch *watches, size_t count, int64_t timeout_ns) {
#if defined(__linux__)
    struct timespec timeout = {.tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000};
    int ready = ppoll((struct pollfd *)(void *)watches, count, timeout_ns < 0 ? NULL : &timeout, NULL);
#else
    int64_t milliseconds = timeout_ns < 0 ? -1 : (timeout_ns + 999999) / 1000000;
    if (milliseconds > INT32_MAX) milliseconds = INT32_MAX;
    int ready = poll((struct pollfd *)(void *)watches, (nfds_t)count, (int)milliseconds);
#endif
    if (ready >= 0) return ready;
    if (errno != EINTR) return -errno;
    for (size_t i = 0; i < count; i++) watches[i].ready = 0;
    return 0;
}

// MARK: descriptors and memory

int64_t pc_read(int descriptor, void *buffer, size_t size) {
    ssize_t got;
    do got = read(descriptor, buffer, size);
    while (got < 0 && errno == EINTR);
    return got < 0 ? -(int64_t)errno : got;
}

void pc_close(int descriptor) { close(descriptor); }

int pc_duplicate(int descriptor) {
    int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
    return copy < 0 ? -errno : copy;
}

const char *pc_error_text(int error) {
#if defined(__GLIBC__)
    const char *text = strerrordesc_np(error);
    return text ? text : "unknown error";
#else
    return strerror(error);
#endif
}

const char *pc_error_name(int error) {
#if defined(__GLIBC__)
    const char *name = strerrorname_np(error);
    return name ? name : "errno";
#else
    (void)error;
    return "errno";
#endif
}

int pc_would_block(void) { return -EAGAIN; }
int pc_duplicate_key_error(void) { return EEXIST; }
int pc_lock_held_error(void) { return EWOULDBLOCK; }

void *pc_pages_allocate(size_t size) {
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

void pc_pages_free(void *pages, size_t size) { munmap(pages, size); }

// MARK: pipes

static int open_pipe(int ends[2]) {
#if defined(__linux__)
    return pipe2(ends, O_CLOEXEC) == 0 ? 0 : errno;
#else
    if (pipe(ends) != 0) return errno;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return 0;
#endif
}

int pc_pipe_open(int *read_end, int *write_end, size_t capacity) {
    int ends[2];
    int error = open_pipe(ends);
    if (error) return error;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
#if defined(F_SETPIPE_SZ)
    // An unprivileged user has an allowance for all pipes together: take what is left of it.
    for (size_t wanted = capacity; wanted > 65536; wanted /= 4)
        if (fcntl(ends[1], F_SETPIPE_SZ, (int)wanted) >= 0) break;
#else
    (void)capacity;
#endif
    *read_end = ends[0];
    *write_end = ends[1];
    return 0;
}

int pc_input_pipe_open(int *read_end, int *write_end) {
    int ends[2];
    int error = open_pipe(ends);
    if (error) return error;
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    *read_end = ends[0];
    *write_end = ends[1];
    return 0;
}

static int is_fifo(int descriptor) {
    struct stat facts;
    return fstat(descriptor, &facts) == 0 && S_ISFIFO(facts.st_mode);
}

int pc_fifo_listen(const char *path) {
    if (mkfifo(path, 0600) != 0 && errno != EEXIST) return -errno;
    // For writing as well: a pipe whose last writer goes would be ready, at its end, for ever.
    int descriptor = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0) return -errno;
    if (is_fifo(descriptor)) return descriptor;
    close(descriptor);
    return -EEXIST;
}

int pc_fifo_open_writing(const char *path) {
    int descriptor = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0) return -errno;
    if (is_fifo(descriptor)) return descriptor;
    close(descriptor);
    return -ENXIO;
}

int pc_unlink(const char *path) { return unlink(path) == 0 ? 0 : errno; }

int64_t pc_bytes_waiting(int descriptor) {
    int count = 0;
    return ioctl(descriptor, FIONREAD, &count) == 0 ? count : -(int64_t)errno;
}

int pc_terminal_open(int *master, int *slave, uint16_t rows, uint16_t columns) {
    int outer = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (outer < 0) return errno;
    char name[128];
    int error = 0, inner = -1;
    if (grantpt(outer) != 0 || unlockpt(outer) != 0) error = errno;
#if defined(__linux__)
    if (!error) error = ptsname_r(outer, name, sizeof name);
#else
    const char *shared = error ? NULL : ptsname(outer);
    if (shared) strlcpy(name, shared, sizeof name);
    else error = error ? error : errno;
#endif
    if (!error && (inner = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0) error = errno;
    if (error) {
        close(outer);
        return error;
    }
    fcntl(outer, F_SETFL, O_NONBLOCK);
    pc_terminal_resize(outer, rows, columns);
    *master = outer;
    *slave = inner;
    return 0;
}

int pc_terminal_resize(int master, uint16_t rows, uint16_t columns) {
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    return ioctl(master, TIOCSWINSZ, &size) == 0 ? 0 : errno;
}

// MARK: waking and time

int pc_waker_open(int *read_end, int *write_end) {
    int ends[2];
    int error = open_pipe(ends);
    if (error) return error;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    *read_end = ends[0];
    *write_end = ends[1];
    return 0;
}

void pc_waker_signal(int write_end) {
    // A full pipe is a wake-up that is under way already.
    ssize_t ignored = write(write_end, "", 1);
    (void)ignored;
}

void pc_waker_clear(int read_end) {
    char bytes[256];
    while (read(read_end, bytes, sizeof bytes) == (ssize_t)sizeof bytes) {}
}

int pc_timer_open(void) {
#if defined(__linux__)
    int timer = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    return timer < 0 ? -errno : timer;
#else
    return -ENOSYS;
#endif
}

int pc_timer_set(int timer, uint64_t deadline_ns) {
#if defined(__linux__)
    struct itimerspec when;
    memset(&when, 0, sizeof when);
    // Zero would disarm it.
    if (deadline_ns == 0) deadline_ns = 1;
    if (deadline_ns != UINT64_MAX) {
        when.it_value.tv_sec = (time_t)(deadline_ns / 1000000000u);
        when.it_value.tv_nsec = (long)(deadline_ns % 1000000000u);
    }
    return timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL) == 0 ? 0 : errno;
#else
    (void)timer, (void)deadline_ns;
    return ENOSYS;
#endif
}

void pc_timer_clear(int timer) {
    uint64_t count;
    ssize_t ignored = read(timer, &count, sizeof count);
    (void)ignored;
}

// MARK: signals

static _Atomic int signal_write_end = -1;
static int signal_read_end = -1;

static void on_signal(int signal) {
    int saved = errno;
    unsigned char number = (unsigned char)signal;
    ssize_t ignored = write(atomic_load(&signal_write_end), &number, 1);
    (void)ignored;
    errno = saved;
}

int pc_signal_catch(int signal) {
    if (atomic_load(&signal_write_end) < 0) {
        int write_end;
        int error = pc_waker_open(&signal_read_end, &write_end);
        if (error) return -error;
        atomic_store(&signal_write_end, write_end);
    }
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigfillset(&action.sa_mask);
    return sigaction(signal, &action, NULL) == 0 ? signal_read_end : -errno;
}

int pc_signal_restore(int signal) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    return sigaction(signal, &action, NULL) == 0 ? 0 : errno;
}
