// SPDX-License-Identifier: Apache-2.0
//
// A program for people, in the foreground of the terminal that this process has.

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CProcessControl.h"

// Whoever is not in the foreground and takes it gets SIGTTOU; we mean to.
static int take_foreground(int terminal) {
    sigset_t output, before;
    sigemptyset(&output);
    sigaddset(&output, SIGTTOU);
    pthread_sigmask(SIG_BLOCK, &output, &before);
    int error = tcsetpgrp(terminal, getpgrp()) == 0 ? 0 : errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

static int start(const struct pc_command *command, int terminal, pid_t *child) {
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    int error = posix_spawnattr_init(&attributes);
    if (error) return error;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    if (command->directory) error = posix_spawn_file_actions_addchdir_np(&actions, command->directory);
#if defined(__GLIBC__)
    // In the foreground before it reads: a shell that is not stops at once.
    if (!error && terminal >= 0) error = posix_spawn_file_actions_addtcsetpgrp_np(&actions, terminal);
    if (!error) error = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
#else
    (void)terminal;
#endif
    if (!error)
        error = posix_spawnp(
            child, command->program, &actions, &attributes, command->arguments, command->environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

int pc_terminal_run(const struct pc_command *command, int32_t *status) {
    int terminal = isatty(0) ? 0 : -1;
    pid_t child = 0;
    int error = start(command, terminal, &child);
    if (error) return error;
    int found = 0;
    while (waitpid(child, &found, 0) < 0) {
        // Somebody else of this process has waited for it.
        if (errno != EINTR) break;
    }
    *status = found;
    return terminal >= 0 ? take_foreground(terminal) : 0;
}
