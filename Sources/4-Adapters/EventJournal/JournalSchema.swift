// SPDX-License-Identifier: Apache-2.0

internal import SQLiteAccess

/// The tables, and how older files come up to date. Steps only lead forward.
enum JournalSchema {
    /// `MRTJ`: tells a journal from any other SQLite file.
    static let applicationID: Int64 = 0x4D52_544A
    static let currentVersion = 1

    /// An event's row number is its stream's number and its sequence: one tree, in reading order, without an index. A
    /// stream's version and last event are found at the end of its part of that tree, so that an append without a new
    /// wake-up time changes one page.
    private static let firstVersion = """
        CREATE TABLE streams (
            number INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            wake_at INTEGER,
            epoch INTEGER NOT NULL DEFAULT 0,
            owner TEXT
        ) STRICT;
        CREATE INDEX streams_by_wake ON streams (wake_at) WHERE wake_at IS NOT NULL;
        CREATE TABLE events (
            place INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            type TEXT NOT NULL,
            version INTEGER NOT NULL,
            payload BLOB NOT NULL
        ) STRICT;
        CREATE TABLE outbox (
            number INTEGER PRIMARY KEY,
            stream INTEGER NOT NULL,
            key TEXT NOT NULL UNIQUE,
            destination TEXT NOT NULL,
            payload BLOB NOT NULL,
            settled INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE INDEX outbox_pending ON outbox (number) WHERE settled = 0;
        """

    /// What leads from each version to the next, from version 1 on.
    private static let steps: [String] = []

    /// Creates the tables or brings them up to date.
    ///
    /// - Parameter durable: whether a new file must survive a power cut at once.
    static func prepare(_ connection: SQLiteConnection, durable: Bool) throws(JournalError) {
        let found = try number(connection, "PRAGMA user_version")
        if found == currentVersion, try number(connection, "PRAGMA application_id") == applicationID { return }
        if found == 0, try number(connection, "PRAGMA schema_version") == 0 {
            try create(connection, durable: durable)
            return
        }
        guard try number(connection, "PRAGMA application_id") == applicationID else {
            throw .damaged(path: connection.path, detail: "it is a database of another program")
        }
        guard found >= 1 else {
            throw .damaged(path: connection.path, detail: "its version is \(found)")
        }
        guard found <= currentVersion else {
            throw .tooNew(path: connection.path, found: Int(found), known: currentVersion)
        }
        try connection.transaction { () throws(JournalError) in
            for step in steps[(Int(found) - 1)...] { try connection.execute(step) }
            try connection.execute("PRAGMA user_version = \(currentVersion)")
        }
    }

    private static func create(_ connection: SQLiteConnection, durable: Bool) throws(JournalError) {
        // Nothing is in the file yet: a sync for each of its first pages would cost more than a whole short run.
        try connection.execute(durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = OFF")
        try connection.execute("PRAGMA journal_mode = WAL")
        try connection.transaction { () throws(JournalError) in
            // Another process may have been first.
            guard try number(connection, "PRAGMA schema_version") == 0 else { return }
            try connection.execute(firstVersion)
            try connection.execute("PRAGMA application_id = \(applicationID); PRAGMA user_version = \(currentVersion)")
        }
    }

    private static func number(_ connection: SQLiteConnection, _ sql: StaticString) throws(JournalError) -> Int64 {
        var result: Int64 = 0
        try connection.query(sql) { _ in
        } row: {
            result = $0.number(0)
        }
        return result
    }
}
