// SPDX-License-Identifier: Apache-2.0

#include "internal.h"

#include <errno.h>
#include <unistd.h>

#if defined(__linux__)

#include <sys/inotify.h>

int fa_watch_open(void) {
    int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    return watch < 0 ? -errno : watch;
}

int fa_watch_add(int watch, const char *path) {
    const uint32_t changes = IN_CREATE | IN_DELETE | IN_MODIFY | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB
        | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
    return inotify_add_watch(watch, path, changes) < 0 ? errno : 0;
}

void fa_watch_clear(int watch) {
    char events[4096];
    while (read(watch, events, sizeof events) > 0) {}
}

#else

int fa_watch_open(void) { return -ENOSYS; }
int fa_watch_add(int watch, const char *path) {
    (void)watch, (void)path;
    return ENOSYS;
}
void fa_watch_clear(int watch) { (void)watch; }

#endif
