// SPDX-License-Identifier: Apache-2.0
//
// Starting one attempt: receipt, clone, exec. The child shares the supervisor's memory until exec
// (as posix_spawn does), so no page table is copied and its failure is a store to `launch`.

#include "internal.h"

#if defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_STACK_SIZE = 64 << 10, PROGRAM_PATH_LIMIT = 4096 };

struct launch {
    const struct pc_request *request;
    const char *directory;
    const char *program;
    const char *cgroups;
    char **arguments;
    char **environment;
    int streams[3];
    uint32_t stage;
    int error;
};

static int fail(struct launch *launch, uint32_t stage) {
    launch->stage = stage;
    launch->error = errno;
    _exit(127);
}

static const char *environment_value(char **environment, const char *name) {
    size_t length = strlen(name);
    for (; *environment; environment++)
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=') return *environment + length + 1;
    return NULL;
}

// Returns only when nothing could be executed, with errno set as execvp sets it.
static void execute(struct launch *launch) {
    const char *program = launch->program;
    if (strchr(program, '/')) {
        execve(program, launch->arguments, launch->environment);
        return;
    }
    const char *path = environment_value(launch->environment, "PATH");
    if (!path) path = "/usr/local/bin:/usr/bin:/bin";
    size_t name_length = strlen(program);
    bool denied = false;
    if (name_length == 0) {
        errno = ENOENT;
        return;
    }
    for (;;) {
        size_t length = strcspn(path, ":");
        char full[PROGRAM_PATH_LIMIT];
        if (length + name_length + 2 <= sizeof full) {
            memcpy(full, path, length);
            // An empty element is the working directory.
            size_t at = length;
            if (length > 0) full[at++] = '/';
            memcpy(full + at, program, name_length + 1);
            execve(full, launch->arguments, launch->environment);
            if (errno == EACCES) denied = true;
            else if (errno != ENOENT && errno != ENOTDIR && errno != ENAMETOOLONG && errno != ELOOP) return;
        }
        if (path[length] == 0) break;
        path += length + 1;
    }
    errno = denied ? EACCES : ENOENT;
}

static int join_cgroup(const char *directory) {
    char path[PROGRAM_PATH_LIMIT];
    size_t length = strlen(directory);
    if (length + 14 > sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(path, directory, length);
    memcpy(path + length, "/cgroup.procs", 14);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t written = write(file, "0", 1);
    int error = errno;
    close(file);
    errno = error;
    return written == 1 ? 0 : -1;
}

static int apply_limits(const struct pc_request *request) {
    struct rlimit files;
    if (pc_usual_open_files && getrlimit(RLIMIT_NOFILE, &files) == 0) {
        // Martlet raised its own; a program that uses select() must not meet descriptors past 1024.
        files.rlim_cur = (rlim_t)pc_usual_open_files;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    for (uint32_t i = 0; i < request->limit_count; i++) {
        const struct pc_limit *limit = &request->limits[i];
        struct rlimit value = {
            .rlim_cur = limit->soft == UINT64_MAX ? RLIM_INFINITY : (rlim_t)limit->soft,
            .rlim_max = limit->hard == UINT64_MAX ? RLIM_INFINITY : (rlim_t)limit->hard,
        };
        if (setrlimit(limit->resource, &value) != 0) return -1;
    }
    return 0;
}

static int child(void *argument) {
    struct launch *launch = argument;
    const struct pc_request *request = launch->request;
    if (setsid() < 0) return fail(launch, PC_STAGE_SESSION);
    if ((request->flags & PC_FLAG_TERMINAL) && ioctl(launch->streams[0], TIOCSCTTY, 0) != 0)
        return fail(launch, PC_STAGE_TERMINAL);
    const char *cgroup = launch->cgroups;
    for (uint32_t i = 0; i < request->cgroup_count; i++) {
        if (join_cgroup(cgroup) != 0) return fail(launch, PC_STAGE_CGROUP);
        cgroup += strlen(cgroup) + 1;
    }
    for (int i = 0; i < 3; i++)
        if (launch->streams[i] != i && dup2(launch->streams[i], i) < 0) return fail(launch, PC_STAGE_STREAMS);
    if (request->file_mask >= 0) umask((mode_t)request->file_mask);
    if (chdir(launch->directory) != 0) return fail(launch, PC_STAGE_DIRECTORY);
    if (apply_limits(request) != 0) return fail(launch, PC_STAGE_LIMITS);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execute(launch);
    return fail(launch, PC_STAGE_PROGRAM);
}

// MARK: reading the request

static char *next_text(char **at, char *end) {
    char *text = *at;
    if (text >= end) return NULL;
    *at = text + strlen(text) + 1;  // the payload's last byte is known to be NUL
    return text;
}

static bool read_pointers(struct pc_region *pointers, uint32_t count, char **at, char *end) {
    size_t offset = pc_region_extend(pointers, (count + 1) * sizeof(char *));
    if (offset == SIZE_MAX) return false;
    for (uint32_t i = 0; i < count; i++) {
        char *text = next_text(at, end);
        if (!text) return false;
        ((char **)(void *)(pointers->base + offset))[i] = text;
    }
    ((char **)(void *)(pointers->base + offset))[count] = NULL;
    return true;
}

static bool read_launch(struct pc_supervisor *supervisor, struct launch *launch, char *payload, char **key) {
    const struct pc_request *request = launch->request;
    char *at = payload, *end = payload + request->payload_size;
    *key = next_text(&at, end);
    launch->directory = next_text(&at, end);
    launch->program = next_text(&at, end);
    launch->cgroups = at;
    if (!*key || !launch->directory || !launch->program) return false;
    if (request->cgroup_count > PC_CGROUP_COUNT || request->limit_count > PC_LIMIT_COUNT) return false;
    for (uint32_t i = 0; i < request->cgroup_count; i++)
        if (!next_text(&at, end)) return false;
    if (request->argument_count < 1 || request->argument_count > PC_REQUEST_LIMIT) return false;
    if (request->environment_count > PC_REQUEST_LIMIT) return false;
    supervisor->pointers.size = 0;
    if (!read_pointers(&supervisor->pointers, request->argument_count, &at, end)) return false;
    if (!read_pointers(&supervisor->pointers, request->environment_count, &at, end)) return false;
    launch->arguments = (char **)(void *)supervisor->pointers.base;
    launch->environment = launch->arguments + request->argument_count + 1;
    return true;
}

static bool valid_key(const char *key, size_t length) {
    if (length == 0 || length > PC_KEY_LIMIT) return false;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)key[i] <= ' ' || key[i] == 0x7f) return false;
    return true;
}

static void take_streams(struct launch *launch, const int *descriptors, size_t count) {
    size_t next = (launch->request->flags & PC_FLAG_MEMORY_FILE) ? 1 : 0;
    int null = 0;  // descriptor 0 of a supervisor is /dev/null
    launch->streams[0] = launch->streams[1] = launch->streams[2] = null;
    if ((launch->request->flags & PC_FLAG_INPUT) && next < count) launch->streams[0] = descriptors[next++];
    if ((launch->request->flags & PC_FLAG_OUTPUT) && next < count)
        launch->streams[1] = launch->streams[2] = descriptors[next++];
    if ((launch->request->flags & PC_FLAG_ERROR) && next < count) launch->streams[2] = descriptors[next++];
}

static bool keep_cgroups(struct pc_supervisor *supervisor, struct pc_entry *entry, const struct launch *launch) {
    const char *end = launch->cgroups;
    for (uint32_t i = 0; i < launch->request->cgroup_count; i++) end += strlen(end) + 1;
    size_t length = (size_t)(end - launch->cgroups);
    size_t offset = pc_region_extend(&supervisor->ledger.texts, length);
    if (offset == SIZE_MAX) return false;
    memcpy(supervisor->ledger.texts.base + offset, launch->cgroups, length);
    entry->cgroup_offset = (uint32_t)offset;
    entry->cgroup_count = launch->request->cgroup_count;
    entry->owns_cgroups = (launch->request->flags & PC_FLAG_OWN_CGROUPS) != 0;
    return true;
}

static void refuse(struct pc_supervisor *supervisor, const char *key, size_t length, int error) {
    struct pc_message *message = pc_supervisor_message(supervisor, PC_MESSAGE_REFUSED, NULL);
    message->error = error;
    message->key_length = (uint32_t)(length > PC_KEY_LIMIT ? PC_KEY_LIMIT : length);
    memcpy(message->key, key, message->key_length);
    pc_supervisor_send(supervisor);
}

static void report_failure(struct pc_supervisor *supervisor, struct pc_entry *entry, uint32_t stage, int error) {
    entry->ended_ns = pc_boottime_ns();
    const char *key = pc_ledger_key(&supervisor->ledger, entry);
    pc_receipts_write_failure(PC_RECEIPTS_FD, key, entry->key_length, stage, error);
    struct pc_message *message = pc_supervisor_message(supervisor, PC_MESSAGE_EXEC_FAILED, entry);
    message->stage = stage;
    message->error = error;
    pc_supervisor_send(supervisor);
}

void pc_supervisor_spawn(struct pc_supervisor *supervisor, const struct pc_request *request, char *payload,
                         const int *descriptors, size_t descriptor_count) {
    struct launch launch = {.request = request};
    char *key = NULL;
    bool readable = read_launch(supervisor, &launch, payload, &key);
    size_t length = key ? strlen(key) : 0;
    if (!readable || !valid_key(key, length)) return refuse(supervisor, key ? key : "", length, EINVAL);
    if (pc_ledger_find(&supervisor->ledger, key, length) >= 0) return refuse(supervisor, key, length, EEXIST);
    int64_t number = pc_ledger_add(&supervisor->ledger, key, length);
    if (number < 0) return refuse(supervisor, key, length, ENOMEM);
    struct pc_entry *entry = pc_ledger_entry(&supervisor->ledger, (size_t)number);
    if (request->cgroup_count && !keep_cgroups(supervisor, entry, &launch))
        return refuse(supervisor, key, length, ENOMEM);
    int error = pc_receipts_write_start(PC_RECEIPTS_FD, key, length);
    if (error) return refuse(supervisor, key, length, error);

    take_streams(&launch, descriptors, descriptor_count);
    entry->started_ns = pc_boottime_ns();
    int pid = clone(child, supervisor->child_stack + CHILD_STACK_SIZE, CLONE_VM | CLONE_VFORK | SIGCHLD, &launch);
    if (pid < 0) return report_failure(supervisor, entry, PC_STAGE_CLONE, errno);
    entry->pid = pid;
    if (launch.stage != PC_STAGE_NONE) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
        return report_failure(supervisor, entry, launch.stage, launch.error);
    }
    entry->running = true;
    supervisor->running_count++;
    if (request->flags & PC_FLAG_REPORT_START) {
        pc_supervisor_message(supervisor, PC_MESSAGE_STARTED, entry);
        pc_supervisor_send(supervisor);
    }
}

#endif
