// SPDX-License-Identifier: Apache-2.0

internal import PostgresAccess

/// A table of the journal as it stands in both kinds of database: the same columns in the same order. The first is the row's
/// *place*, by which rows are read, and which they keep.
struct JournalTable: Sendable {
    /// As the digest and messages name it.
    let name: String
    let columns: [PostgresColumn.Kind]
    /// After place ?1, up to and with place ?2.
    let fileRows: StaticString
    let lastOfFile: StaticString
    /// After place $1, up to and with place $2, at most $3.
    let databaseRows: StaticString
    /// An array for each column, then the place of the last of them.
    let insert: StaticString
    /// How far it has come.
    let progress: StaticString
    /// What a person would call the row at a place.
    let title: StaticString

    static let all = [streams, events, messages]

    /// A stream's version, last type and last time stand in its row in PostgreSQL only; in the file they are its last event's.
    private static let streams = JournalTable(
        name: "streams", columns: [.number, .text, .number, .text, .number, .number, .number, .text],
        fileRows: """
            SELECT streams.number, name, coalesce(place & 4294967295, 0), coalesce(type, ''), coalesce(at, 0),
                wake_at, epoch, owner
            FROM streams LEFT JOIN events ON place = (
                SELECT place FROM events WHERE place > streams.number << 32 AND place < (streams.number + 1) << 32
                ORDER BY place DESC LIMIT 1)
            WHERE streams.number > ?1 AND streams.number <= ?2 ORDER BY streams.number
            """,
        lastOfFile: "SELECT max(number) FROM streams",
        databaseRows: """
            SELECT number, name, version, last_type, last_at, wake_at, epoch, owner FROM streams
            WHERE number > $1 AND number <= $2 ORDER BY number LIMIT $3
            """,
        insert: """
            WITH noted AS (UPDATE martlet_move SET streams = $9)
            INSERT INTO streams (number, name, version, last_type, last_at, wake_at, epoch, owner)
                OVERRIDING SYSTEM VALUE SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8)
            """,
        progress: "SELECT streams FROM martlet_move",
        title: "SELECT name FROM streams WHERE number = ?1")

    private static let events = JournalTable(
        name: "events", columns: [.number, .number, .text, .number, .bytes],
        fileRows: """
            SELECT place, at, type, version, payload FROM events WHERE place > ?1 AND place <= ?2 ORDER BY place
            """,
        lastOfFile: "SELECT max(place) FROM events",
        databaseRows: """
            SELECT stream << 32 | sequence, at, type, version, payload FROM events
            WHERE (stream, sequence) > ($1 >> 32, $1 & 4294967295)
                AND (stream, sequence) <= ($2 >> 32, $2 & 4294967295)
            ORDER BY stream, sequence LIMIT $3
            """,
        insert: """
            WITH noted AS (UPDATE martlet_move SET events = $6)
            INSERT INTO events (stream, sequence, at, type, version, payload)
                SELECT place >> 32, place & 4294967295, at, type, version, payload
                FROM unnest($1, $2, $3, $4, $5) AS e (place, at, type, version, payload)
            """,
        progress: "SELECT events FROM martlet_move",
        title: "SELECT name FROM streams WHERE number = ?1 >> 32")

    /// Those that were delivered too: their keys are not recorded again.
    private static let messages = JournalTable(
        name: "messages", columns: [.number, .number, .text, .text, .bytes, .number],
        fileRows: """
            SELECT number, stream, key, destination, payload, settled FROM outbox
            WHERE number > ?1 AND number <= ?2 ORDER BY number
            """,
        lastOfFile: "SELECT max(number) FROM outbox",
        databaseRows: """
            SELECT number, stream, key, destination, payload, settled::int::bigint FROM outbox
            WHERE number > $1 AND number <= $2 ORDER BY number LIMIT $3
            """,
        insert: """
            WITH noted AS (UPDATE martlet_move SET messages = $7)
            INSERT INTO outbox (number, stream, key, destination, payload, settled)
                OVERRIDING SYSTEM VALUE
                SELECT number, stream, key, destination, payload, settled <> 0
                FROM unnest($1, $2, $3, $4, $5, $6) AS m (number, stream, key, destination, payload, settled)
            """,
        progress: "SELECT messages FROM martlet_move",
        title: "SELECT key FROM outbox WHERE number = ?1")
}
