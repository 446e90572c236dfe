// SPDX-License-Identifier: Apache-2.0
//
// Short-lived helper commands such as git, started by posix_spawn.

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CProcessControl.h"

extern char **environ;

static int fill_attributes(posix_spawnattr_t *attributes) {
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
#if defined(POSIX_SPAWN_SETSID)
    flags |= POSIX_SPAWN_SETSID;
#endif
#if defined(POSIX_SPAWN_CLOEXEC_DEFAULT)
    flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
#endif
    int error = posix_spawnattr_setflags(attributes, flags);
    if (!error) error = posix_spawnattr_setsigdefault(attributes, &all);
    if (!error) error = posix_spawnattr_setsigmask(attributes, &none);
    return error;
}

static int fill_actions(posix_spawn_file_actions_t *actions, const struct pc_command *command) {
    int error = posix_spawn_file_actions_adddup2(actions, command->input, 0);
    if (!error) error = posix_spawn_file_actions_adddup2(actions, command->output, 1);
    if (!error) error = posix_spawn_file_actions_adddup2(actions, command->errors, 2);
    if (!error && command->directory) error = posix_spawn_file_actions_addchdir_np(actions, command->directory);
#if defined(__GLIBC__)
    if (!error) error = posix_spawn_file_actions_addclosefrom_np(actions, 3);
#endif
    return error;
}

int pc_command_start(const struct pc_command *command, int32_t *pid) {
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    pid_t child = 0;
    int error = posix_spawnattr_init(&attributes);
    if (error) return error;
    error = posix_spawn_file_actions_init(&actions);
    if (error) {
        posix_spawnattr_destroy(&attributes);
        return error;
    }
    error = fill_attributes(&attributes);
    if (!error) error = fill_actions(&actions, command);
    char *const *environment = command->environment ? command->environment : environ;
    if (!error)
        error = posix_spawnp(&child, command->program, &actions, &attributes, command->arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    *pid = (int32_t)child;
    return error;
}

void pc_command_kill(int32_t pid) {
    if (pid <= 1) return;
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL);
}

int pc_exit_descriptor(int32_t pid) {
#if defined(SYS_pidfd_open)
    int descriptor = (int)syscall(SYS_pidfd_open, pid, 0);  // close-on-exec by itself
    return descriptor < 0 ? -errno : descriptor;
#else
    (void)pid;
    return -ENOSYS;
#endif
}

int64_t pc_write_some(int descriptor, const void *bytes, size_t size) {
    // A reader that has gone must not kill us: block SIGPIPE, and take back the one that came.
    sigset_t pipe_signal, before, pending;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigpending(&pending);
    int was_pending = sigismember(&pending, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    ssize_t written;
    do written = write(descriptor, bytes, size);
    while (written < 0 && errno == EINTR);
    int error = errno;
    if (written < 0 && error == EPIPE && !was_pending) {
        struct timespec none = {0, 0};
        while (sigtimedwait(&pipe_signal, NULL, &none) < 0 && errno == EINTR) {}
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return written < 0 ? -(int64_t)error : written;
}
