// SPDX-License-Identifier: Apache-2.0
//
// Many clients of server-sent events that follow logs, each of which must see every line once and in order:
//   followers PORT TOKEN CLIENTS PATH...
// Client n asks for PATH[n mod count]. Says "following" once each has been answered, and at the end of all streams
// one line: clients that ended, lines of all, faults, and the first fault. A fault is an id that does not follow the one before,
// a data line whose number is another one, or a stream that ends without its event "end".
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { line_room = 4096, read_room = 1 << 16, events_at_once = 256 };

struct client {
    int fd;
    long last;            // id of the last event
    int used;             // bytes of `line`
    int answered, ended;
    char line[line_room];
};

static long lines, faults, done;
static char first_fault[256];

static void fault(struct client *client, const char *text, long number) {
    if (!faults++) snprintf(first_fault, sizeof first_fault, "%s (%ld after %ld)", text, number, client->last);
}

static void take(struct client *client, char *line) {
    if (!strncmp(line, "id: ", 4)) {
        long id = atol(line + 4);
        if (id != client->last + 1) fault(client, "an id does not follow", id);
        client->last = id;
        lines++;
    } else if (!strncmp(line, "data: {\"n\":", 11)) {
        if (atol(line + 11) != client->last) fault(client, "a line has another number than its event", atol(line + 11));
    } else if (!strcmp(line, "event: end")) {
        client->ended = 1;
    } else if (!strncmp(line, "HTTP/1.1 ", 9)) {
        if (strncmp(line + 9, "200", 3)) fault(client, "an answer is not 200", atol(line + 9));
        client->answered = 1;
    }
}

static void feed(struct client *client, const char *bytes, long count) {
    for (long at = 0; at < count; at++) {
        char byte = bytes[at];
        if (byte == '\n') {
            if (client->used && client->line[client->used - 1] == '\r') client->used--;
            client->line[client->used] = 0;
            take(client, client->line);
            client->used = 0;
        } else if (client->used < line_room - 1) {
            client->line[client->used++] = byte;
        }
    }
}

int main(int count, char **words) {
    if (count < 5) return fprintf(stderr, "usage: followers PORT TOKEN CLIENTS PATH...\n"), 2;
    int wanted = atoi(words[3]), paths = count - 4;
    struct client *clients = calloc(wanted, sizeof *clients);
    int poll = epoll_create1(0);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(atoi(words[1])) };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int n = 0; n < wanted; n++) {
        char request[2048];
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(fd, (struct sockaddr *)&address, sizeof address)) return perror("connect"), 1;
        // HTTP/1.0 has no chunks between the events.
        int size = snprintf(request, sizeof request,
            "GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\nAuthorization: Bearer %s\r\n\r\n",
            words[4 + n % paths], words[2]);
        if (write(fd, request, size) != size) return perror("write"), 1;
        fcntl(fd, F_SETFL, O_NONBLOCK);
        clients[n].fd = fd;
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = &clients[n] };
        epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
    }
    static char bytes[read_room];
    int said = 0;
    while (done < wanted) {
        struct epoll_event events[events_at_once];
        int ready = epoll_wait(poll, events, events_at_once, -1);
        for (int n = 0; n < ready; n++) {
            struct client *client = events[n].data.ptr;
            long got = read(client->fd, bytes, sizeof bytes);
            if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
            if (got > 0) feed(client, bytes, got);
            if (got <= 0 || client->ended) {
                if (!client->ended) fault(client, "a stream ended before its log", 0);
                close(client->fd);
                done++;
            }
        }
        if (!said) {
            int answered = 0;
            for (int n = 0; n < wanted; n++) answered += clients[n].answered;
            if (answered == wanted) {
                said = 1;
                puts("following");
                fflush(stdout);
            }
        }
    }
    printf("%d %ld %ld %s\n", wanted, lines, faults, first_fault);
    return faults ? 1 : 0;
}
