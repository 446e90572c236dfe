// SPDX-License-Identifier: Apache-2.0

#include "internal.h"

#include <errno.h>
#include <unistd.h>

#if defined(__linux__)

#include <stdio.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>

int fa_watch_open(void) {
    int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    return watch < 0 ? -errno : watch;
}

int fa_watch_add(int watch, const char *path) {
    const uint32_t changes = IN_CREATE | IN_DELETE | IN_MODIFY | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB
        | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
    return inotify_add_watch(watch, path, changes) < 0 ? errno : 0;
}

int fa_watch_add_open(int watch, int folder) {
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", folder);
    return fa_watch_add(watch, path);
}

void fa_watch_clear(int watch) {
    char events[4096];
    while (read(watch, events, sizeof events) > 0) {}
}

int fa_watch_is_quiet(int watch) {
    int waiting = 0;
    return ioctl(watch, FIONREAD, &waiting) == 0 && waiting == 0;
}

#else

int fa_watch_open(void) { return -ENOSYS; }
int fa_watch_add(int watch, const char *path) {
    (void)watch, (void)path;
    return ENOSYS;
}
int fa_watch_add_open(int watch, int folder) {
    (void)watch, (void)folder;
    return ENOSYS;
}
void fa_watch_clear(int watch) { (void)watch; }
int fa_watch_is_quiet(int watch) {
    (void)watch;
    return 0;
}

#endif
