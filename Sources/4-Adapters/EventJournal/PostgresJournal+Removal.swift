// SPDX-License-Identifier: Apache-2.0

internal import PostgresAccess
internal import Synchronization
package import Timekeeping

/// What is not needed any more goes.
extension PostgresJournal {
    @discardableResult
    package func removeStreams(
        prefixes: [String], recording appends: [StreamAppend], now: Timestamp
    ) throws(JournalError) -> Int {
        try JournalLimits.check(appends)
        let values = AppendValues(appends, now: moment(now), seat.withLock { $0 }).all
        // No name holds such a character.
        let ends = prefixes.map { $0 + "\u{10FFFF}" }
        let (count, stamp) = try Self.journaled(appends) { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) -> (Int, Int64?) in
                try connection.transaction(timeoutMs: timeoutMs) { () throws(PostgresFailure) in
                    let count = try connection.run(
                        """
                        WITH gone AS (
                            DELETE FROM streams USING unnest($1, $2) AS range (first, past)
                            WHERE name >= first AND name < past AND starts_with(name, first)
                                AND NOT EXISTS (SELECT 1 FROM outbox WHERE stream = streams.number AND NOT settled)
                            RETURNING number),
                        emptied AS (DELETE FROM events USING gone WHERE stream = gone.number)
                        SELECT count(*) FROM gone
                        """, [.texts(prefixes), .texts(ends)], timeoutMs: timeoutMs
                    ).number(0, 0)
                    guard !appends.isEmpty else { return (Int(count), nil) }
                    return (Int(count), try Self.write(values, connection, timeoutMs))
                }
            }
        }
        if let stamp { note(stamp) }
        return count
    }

    @discardableResult
    package func removeStreams(_ streams: [StreamID]) throws(JournalError) -> Int {
        try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                Int(
                    try connection.run(
                        """
                        WITH gone AS (
                            DELETE FROM streams WHERE name = ANY ($1)
                                AND NOT EXISTS (SELECT 1 FROM outbox WHERE stream = streams.number AND NOT settled)
                            RETURNING number),
                        emptied AS (DELETE FROM events USING gone WHERE stream = gone.number)
                        SELECT count(*) FROM gone
                        """, [.texts(streams.map(\.text))], timeoutMs: timeoutMs
                    ).number(0, 0))
            }
        }
    }

    package func trim(_ stream: StreamID, before sequence: Int) throws(JournalError) {
        try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                _ = try connection.run(
                    """
                    DELETE FROM events USING streams
                    WHERE streams.name = $1 AND stream = streams.number AND sequence < least($2, streams.version)
                    """, [.text(stream.text), .number(Int64(sequence))], timeoutMs: timeoutMs)
            }
        }
    }

    package func forgetMessages(keeping count: Int) throws(JournalError) {
        try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                _ = try connection.run(
                    "DELETE FROM outbox WHERE settled AND number <= (SELECT max(number) FROM outbox) - $1",
                    [.number(Int64(count))], timeoutMs: timeoutMs)
            }
        }
    }

    package func blobs(storedBefore time: Int) throws(JournalError) -> [BlobDigest] {
        try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                let rows = try connection.run(
                    "SELECT digest FROM blobs WHERE stored_at < $1", [.number(Int64(time))], timeoutMs: timeoutMs)
                return (0..<rows.count).compactMap { BlobDigest(hex: rows.text($0, 0)) }
            }
        }
    }

    package func removeBlob(_ digest: BlobDigest, storedBefore time: Int) throws(JournalError) -> UInt64? {
        try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) -> UInt64? in
                let rows = try connection.run(
                    "DELETE FROM blobs WHERE digest = $1 AND stored_at < $2 RETURNING length(bytes)",
                    [.text(digest.hex), .number(Int64(time))], timeoutMs: timeoutMs)
                return rows.count == 0 ? nil : UInt64(rows.number(0, 0))
            }
        }
    }
}
