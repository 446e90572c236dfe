// SPDX-License-Identifier: Apache-2.0
//
// The coordinator's end of the socket to a supervisor.

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CProcessControl.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

enum { DESCRIPTOR_LIMIT = 4 };

static int memory_file(const void *payload, size_t size) {
#if defined(__linux__)
    int file = memfd_create("request", MFD_CLOEXEC);
    if (file < 0) return -errno;
    for (size_t done = 0; done < size;) {
        ssize_t written = write(file, (const char *)payload + done, size - done);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) {
            int error = written < 0 ? errno : ENOSPC;
            close(file);
            return -error;
        }
        done += (size_t)written;
    }
    return file;
#else
    (void)payload, (void)size;
    return -ENOSYS;
#endif
}

int pc_request_send(int socket, const struct pc_request *request, const void *payload,
                    const int *descriptors, size_t descriptor_count) {
    struct pc_request copy = *request;
    int sent_along[DESCRIPTOR_LIMIT];
    size_t count = 0;
    int file = -1;
    if (copy.payload_size > PC_REQUEST_LIMIT || descriptor_count >= DESCRIPTOR_LIMIT) return EMSGSIZE;
    if (copy.payload_size > PC_INLINE_LIMIT) {
        file = memory_file(payload, copy.payload_size);
        if (file < 0) return -file;
        copy.flags |= PC_FLAG_MEMORY_FILE;
        sent_along[count++] = file;
    }
    for (size_t i = 0; i < descriptor_count; i++) sent_along[count++] = descriptors[i];

    char control[CMSG_SPACE(sizeof sent_along)];
    struct iovec parts[2] = {
        {.iov_base = &copy, .iov_len = sizeof copy},
        {.iov_base = (void *)payload, .iov_len = file < 0 ? copy.payload_size : 0},
    };
    struct msghdr header = {.msg_iov = parts, .msg_iovlen = 2};
    if (count > 0) {
        memset(control, 0, sizeof control);
        header.msg_control = control;
        header.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *item = CMSG_FIRSTHDR(&header);
        item->cmsg_level = SOL_SOCKET;
        item->cmsg_type = SCM_RIGHTS;
        item->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(item), sent_along, count * sizeof(int));
    }
    ssize_t size;
    do size = sendmsg(socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (size < 0 && errno == EINTR);
    int error = size < 0 ? errno : 0;
    if (file >= 0) close(file);
    return error;
}

int pc_message_receive(int socket, struct pc_message *message) {
    ssize_t size;
    do size = recv(socket, message, sizeof *message, MSG_DONTWAIT);
    while (size < 0 && errno == EINTR);
    if (size < 0) return errno == ECONNRESET ? 0 : -errno;
    if (size == 0) return 0;
    if ((size_t)size < offsetof(struct pc_message, processes)) return -EPROTO;
    return 1;
}

int pc_reap(int32_t pid, int32_t *status) {
    int raw = 0;
    pid_t got;
    do got = waitpid(pid, &raw, WNOHANG);
    while (got < 0 && errno == EINTR);
    if (got < 0) return -errno;
    *status = raw;
    return got == 0 ? 0 : 1;
}

int pc_reap_waiting(int32_t pid, int32_t *status) {
    int raw = 0;
    pid_t got;
    do got = waitpid(pid, &raw, 0);
    while (got < 0 && errno == EINTR);
    *status = raw;
    return got < 0 ? errno : 0;
}
