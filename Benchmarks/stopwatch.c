// SPDX-License-Identifier: Apache-2.0
//
// stopwatch [-n TIMES] [-e ENVIRONMENT] [-d FOLDER] [-o OUTPUT] -- COMMAND [ARGUMENT…]
//
// Starts the command TIMES times, one after the other, with posix_spawn, and waits for each with wait4. Prints one line
// for each: wall time in nanoseconds, peak memory in KiB (of the command and of the children that it waited for), and
// exit status. A launcher of a few kilobytes, because a child's peak counts from the size of what started it.
// ENVIRONMENT is a file of NUL-ended entries, as `env -0` writes it; without it the command inherits ours.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void fail(const char *what) {
    perror(what);
    exit(127);
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static char **environment(const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) fail(path);
    size_t capacity = 1 << 20, size = 0;
    char *bytes = malloc(capacity + 1);
    if (!bytes) fail("malloc");
    for (ssize_t got; (got = read(file, bytes + size, capacity - size)) > 0;) size += (size_t)got;
    close(file);
    bytes[size] = 0;
    char **entries = calloc(4096, sizeof *entries);
    if (!entries) fail("calloc");
    size_t count = 0;
    for (size_t at = 0; at < size && count < 4095; at += strlen(bytes + at) + 1) entries[count++] = bytes + at;
    return entries;
}

int main(int argc, char **argv) {
    long times = 1;
    const char *output = "/dev/null", *folder = NULL;
    char **entries = environ;
    for (int option; (option = getopt(argc, argv, "+n:e:d:o:")) != -1;) {
        switch (option) {
        case 'n': times = atol(optarg); break;
        case 'e': entries = environment(optarg); break;
        case 'd': folder = optarg; break;
        case 'o': output = optarg; break;
        default: return 2;
        }
    }
    if (optind >= argc) return 2;
    char **command = argv + optind;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    if (folder && chdir(folder) != 0) fail(folder);
    for (long round = 0; round < times; round++) {
        pid_t child;
        int status;
        struct rusage usage;
        int64_t start = now();
        errno = posix_spawnp(&child, command[0], &actions, NULL, command, entries);
        if (errno) fail(command[0]);
        while (wait4(child, &status, 0, &usage) < 0)
            if (errno != EINTR) fail("wait4");
        int64_t end = now();
        int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        printf("%lld %ld %d\n", (long long)(end - start), usage.ru_maxrss, code);
    }
    return 0;
}
