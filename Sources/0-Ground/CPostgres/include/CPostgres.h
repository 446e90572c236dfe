// SPDX-License-Identifier: Apache-2.0
//
// PostgreSQL's client library, loaded when the first connection is made: it brings two dozen libraries with it, which a
// program that never asks for a database must not wait for.

#ifndef MARTLET_POSTGRES_H
#define MARTLET_POSTGRES_H

#include <stddef.h>
#include <stdint.h>

typedef struct pg_connection pg_connection;
typedef struct pg_result pg_result;

/// Loads the library. Returns NULL, or why it cannot be loaded; the text stays.
const char *pg_load(void);

enum pg_outcome {
    PG_DONE = 0,
    /// What was asked for failed; the connection can be used again.
    PG_FAILED,
    /// The connection is of no use any more.
    PG_BROKEN,
    /// There was no answer in time; the connection is of no use any more.
    PG_LATE,
};

/// Connects. `address` is a URL or a string of keywords; `application` is the name that the database shows.
/// On failure *connection may still be there, for its message; it is to be closed either way.
int pg_open(const char *address, const char *application, int timeout_ms, pg_connection **connection);
void pg_close(pg_connection *connection);
/// Whether nothing has come that nobody asked for: a database that ends says so, or closes.
int pg_is_quiet(const pg_connection *connection);
/// Of the last failure.
const char *pg_message(const pg_connection *connection);

// Whatever the outcome, *result is to be freed where it is there.

/// Prepares a statement under a name.
int pg_prepare(pg_connection *connection, const char *name, const char *sql, int count, const uint32_t *types,
               int timeout_ms, pg_result **result);
/// Runs a statement that was prepared. Values are in binary form; a NULL value is SQL's null.
int pg_run_prepared(pg_connection *connection, const char *name, int count, const char *const *values,
                    const int *lengths, int timeout_ms, pg_result **result);
/// Runs statements without values that answer nothing.
int pg_script(pg_connection *connection, const char *sql, int timeout_ms, pg_result **result);

/// Waits for the next notification of a channel that the connection listens to, and puts what it says into `text`, ended by a
/// zero. PG_LATE: none came in time; the connection can be used again.
int pg_await_notification(pg_connection *connection, int timeout_ms, char *text, int size);

void pg_free(pg_result *result);
int pg_rows(const pg_result *result);
int pg_is_null(const pg_result *result, int row, int column);
const char *pg_value(const pg_result *result, int row, int column);
int pg_length(const pg_result *result, int row, int column);
/// Rows that a statement changed.
long pg_changed(pg_result *result);
/// Of a failure, five characters; "" where there is none.
const char *pg_state(const pg_result *result);
const char *pg_primary_message(const pg_result *result);
/// What a failure's raiser said beside its message.
const char *pg_detail(const pg_result *result);

#endif
