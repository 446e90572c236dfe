// SPDX-License-Identifier: Apache-2.0

internal import SQLiteAccess

/// The journal's tables, and how older files come up to date.
enum JournalSchema {
    /// An event's row number is its stream's number and its sequence: one tree, in reading order, without an index. A
    /// stream's version and last event are found at the end of its part of that tree, so that an append without a new
    /// wake-up time changes one page.
    static let layout = DatabaseLayout(
        // `MRTJ`
        applicationID: 0x4D52_544A,
        tables: """
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
            """, steps: [toVersion2])

    /// Files of version 1 are of two kinds: those of the first commits have a version, a last type and a last time in each
    /// stream's row, and no standard epoch; later ones are as version 2.
    private static let toVersion2 = """
        CREATE TABLE streams_of_2 (
            number INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            wake_at INTEGER,
            epoch INTEGER NOT NULL DEFAULT 0,
            owner TEXT
        ) STRICT;
        INSERT INTO streams_of_2 SELECT number, name, wake_at, epoch, owner FROM streams;
        DROP TABLE streams;
        ALTER TABLE streams_of_2 RENAME TO streams;
        CREATE INDEX streams_by_wake ON streams (wake_at) WHERE wake_at IS NOT NULL;
        """

    /// Whether ``prepare(_:durable:)`` would take a file.
    static func check(_ connection: SQLiteConnection) throws(JournalError) { try layout.check(connection) }

    /// Creates the tables or brings them up to date.
    ///
    /// - Parameter durable: whether a new file must survive a power cut at once.
    static func prepare(_ connection: SQLiteConnection, durable: Bool) throws(JournalError) {
        try layout.prepare(connection) { () throws(JournalError) in
            // Nothing is in the file yet: a sync for each of its first pages would cost more than a whole short run.
            try connection.execute(durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = OFF")
            try connection.execute("PRAGMA journal_mode = WAL")
        }
    }
}
