// SPDX-License-Identifier: Apache-2.0

#ifndef MARTLET_SQLITE_H
#define MARTLET_SQLITE_H

#include <sqlite3.h>

// sqlite3_db_config takes its arguments as C varargs, which Swift cannot pass.

/// Leaves the write-ahead log in place when the last connection closes: the next open reads it, and closing costs no
/// sync.
static inline int martlet_sqlite_keep_log_on_close(sqlite3 *database) {
    return sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}

/// Bytes that SQLite copies before the call returns.
static inline int martlet_sqlite_bind_text(sqlite3_stmt *statement, int index, const char *bytes, int count) {
    return sqlite3_bind_text(statement, index, bytes, count, SQLITE_TRANSIENT);
}

/// Bytes that stay where they are until the statement is reset.
static inline int martlet_sqlite_bind_bytes(sqlite3_stmt *statement, int index, const void *bytes, int count) {
    return count == 0 ? sqlite3_bind_zeroblob(statement, index, 0)
                      : sqlite3_bind_blob(statement, index, bytes, count, SQLITE_STATIC);
}

#endif
