// SPDX-License-Identifier: Apache-2.0

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include "CPostgres.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <postgresql/libpq-fe.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// MARK: loading

#define FUNCTIONS(each)                                                                                                \
    each(PQconnectdbParams) each(PQfinish) each(PQstatus) each(PQerrorMessage) each(PQsocket)   \
    each(PQsetnonblocking) each(PQsendPrepare)                           \
    each(PQsendQueryPrepared) each(PQsendQuery) each(PQflush) each(PQconsumeInput) each(PQisBusy) each(PQgetResult)    \
    each(PQresultStatus) each(PQclear) each(PQntuples) each(PQgetisnull) each(PQgetvalue) each(PQgetlength)            \
    each(PQcmdTuples) each(PQresultErrorField) each(PQsetNoticeReceiver) each(PQnotifies) each(PQfreemem)

static struct {
#define POINTER(name) __typeof__(name) *name;
    FUNCTIONS(POINTER)
#undef POINTER
} pq;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const char *failure = NULL;
static char failure_text[512];

static void load(void) {
    void *library = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        snprintf(failure_text, sizeof failure_text, "%s", dlerror());
        failure = failure_text;
        return;
    }
#define FIND(name)                                                                                                     \
    if (!(pq.name = (__typeof__(name) *)dlsym(library, #name))) failure = "libpq.so.5 is without " #name;
    FUNCTIONS(FIND)
#undef FIND
}

const char *pg_load(void) {
    pthread_once(&once, load);
    return failure;
}

// MARK: waiting

static int64_t now_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/// 1: ready, 0: too late, -1: the connection has no socket.
static int wait_for(PGconn *connection, short events, int64_t deadline) {
    struct pollfd watch = {.fd = pq.PQsocket(connection), .events = events};
    if (watch.fd < 0) return -1;
    for (;;) {
        int64_t left = deadline - now_ms();
        if (left < 0) left = 0;
        int count = poll(&watch, 1, left > INT32_MAX ? INT32_MAX : (int)left);
        if (count > 0) return 1;
        if (count == 0) return 0;
        if (errno != EINTR) return -1;
    }
}

// MARK: connections

struct pg_connection {
    PGconn *handle;
};

/// Words of the database that nobody asked for go nowhere: standard error is not theirs.
static void ignore(void *context, const PGresult *notice) {
    (void)context;
    (void)notice;
}

int pg_open(const char *address, const char *application, int timeout_ms, pg_connection **connection) {
    // Of several hosts each has its time, so that one that hangs does not keep the next from being asked: libpq sees to that where it
    // waits itself, in whole seconds.
    char timeout[16];
    int seconds = (timeout_ms + 999) / 1000;
    snprintf(timeout, sizeof timeout, "%d", seconds < 2 ? 2 : seconds);
    // The address is taken apart in the place of the database's name; what it says itself comes after, and wins.
    const char *keys[] = {"application_name", "client_encoding", "connect_timeout", "dbname", NULL};
    const char *values[] = {application, "UTF8", timeout, address, NULL};
    pg_connection *opened = malloc(sizeof *opened);
    if (!opened) return PG_BROKEN;
    *connection = opened;
    opened->handle = pq.PQconnectdbParams(keys, values, 1);
    if (!opened->handle) return PG_BROKEN;
    if (pq.PQstatus(opened->handle) == CONNECTION_BAD) {
        return strstr(pq.PQerrorMessage(opened->handle), "timeout expired") ? PG_LATE : PG_BROKEN;
    }
    pq.PQsetNoticeReceiver(opened->handle, ignore, NULL);
    return pq.PQsetnonblocking(opened->handle, 1) == 0 ? PG_DONE : PG_BROKEN;
}

void pg_close(pg_connection *connection) {
    if (!connection) return;
    if (connection->handle) pq.PQfinish(connection->handle);
    free(connection);
}

int pg_is_quiet(const pg_connection *connection) {
    struct pollfd watch = {.fd = pq.PQsocket(connection->handle), .events = POLLIN};
    return watch.fd >= 0 && poll(&watch, 1, 0) == 0;
}

const char *pg_message(const pg_connection *connection) {
    return connection && connection->handle ? pq.PQerrorMessage(connection->handle) : "out of memory";
}

// MARK: statements

/// Sends what is to be sent, and takes all results; the last one that is not an empty end is the statement's.
static int finish(PGconn *connection, int64_t deadline, pg_result **result) {
    int left;
    while ((left = pq.PQflush(connection)) != 0) {
        if (left < 0) return PG_BROKEN;
        int ready = wait_for(connection, POLLIN | POLLOUT, deadline);
        if (ready <= 0) return ready == 0 ? PG_LATE : PG_BROKEN;
        if (!pq.PQconsumeInput(connection)) return PG_BROKEN;
    }
    PGresult *last = NULL;
    for (;;) {
        while (pq.PQisBusy(connection)) {
            int ready = wait_for(connection, POLLIN, deadline);
            if (ready <= 0) {
                pq.PQclear(last);
                return ready == 0 ? PG_LATE : PG_BROKEN;
            }
            if (!pq.PQconsumeInput(connection)) {
                pq.PQclear(last);
                return PG_BROKEN;
            }
        }
        PGresult *next = pq.PQgetResult(connection);
        if (!next) break;
        // The first failure says what went wrong.
        if (last && pq.PQresultStatus(last) == PGRES_FATAL_ERROR) {
            pq.PQclear(next);
            continue;
        }
        pq.PQclear(last);
        last = next;
    }
    if (!last) return PG_BROKEN;
    *result = (pg_result *)last;
    switch (pq.PQresultStatus(last)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY: return PG_DONE;
    default: return pq.PQstatus(connection) == CONNECTION_OK ? PG_FAILED : PG_BROKEN;
    }
}

// All values of a statement are binary.
enum { most_values = 64 };

static const int binary[most_values] = {
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
};

int pg_prepare(pg_connection *connection, const char *name, const char *sql, int count, const uint32_t *types,
               int timeout_ms, pg_result **result) {
    int64_t deadline = now_ms() + timeout_ms;
    *result = NULL;
    if (!pq.PQsendPrepare(connection->handle, name, sql, count, types)) return PG_BROKEN;
    return finish(connection->handle, deadline, result);
}

int pg_run_prepared(pg_connection *connection, const char *name, int count, const char *const *values,
                    const int *lengths, int timeout_ms, pg_result **result) {
    int64_t deadline = now_ms() + timeout_ms;
    *result = NULL;
    if (count > most_values) return PG_BROKEN;
    if (!pq.PQsendQueryPrepared(connection->handle, name, count, values, lengths, binary, 1)) return PG_BROKEN;
    return finish(connection->handle, deadline, result);
}

int pg_script(pg_connection *connection, const char *sql, int timeout_ms, pg_result **result) {
    int64_t deadline = now_ms() + timeout_ms;
    *result = NULL;
    if (!pq.PQsendQuery(connection->handle, sql)) return PG_BROKEN;
    return finish(connection->handle, deadline, result);
}

// MARK: notifications

int pg_await_notification(pg_connection *connection, int timeout_ms, char *text, int size) {
    int64_t deadline = now_ms() + timeout_ms;
    for (;;) {
        PGnotify *found = pq.PQnotifies(connection->handle);
        if (found) {
            snprintf(text, (size_t)size, "%s", found->extra);
            pq.PQfreemem(found);
            return PG_DONE;
        }
        int ready = wait_for(connection->handle, POLLIN, deadline);
        if (ready <= 0) return ready == 0 ? PG_LATE : PG_BROKEN;
        if (!pq.PQconsumeInput(connection->handle)) return PG_BROKEN;
    }
}

// MARK: results

void pg_free(pg_result *result) {
    if (result) pq.PQclear((PGresult *)result);
}

int pg_rows(const pg_result *result) { return pq.PQntuples((const PGresult *)result); }

int pg_is_null(const pg_result *result, int row, int column) {
    return pq.PQgetisnull((const PGresult *)result, row, column);
}

const char *pg_value(const pg_result *result, int row, int column) {
    return pq.PQgetvalue((const PGresult *)result, row, column);
}

int pg_length(const pg_result *result, int row, int column) {
    return pq.PQgetlength((const PGresult *)result, row, column);
}

long pg_changed(pg_result *result) { return strtol(pq.PQcmdTuples((PGresult *)result), NULL, 10); }

static const char *field(const pg_result *result, int code) {
    const char *text = result ? pq.PQresultErrorField((const PGresult *)result, code) : NULL;
    return text ? text : "";
}

const char *pg_state(const pg_result *result) { return field(result, PG_DIAG_SQLSTATE); }
const char *pg_primary_message(const pg_result *result) { return field(result, PG_DIAG_MESSAGE_PRIMARY); }
const char *pg_detail(const pg_result *result) { return field(result, PG_DIAG_MESSAGE_DETAIL); }
