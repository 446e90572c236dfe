// SPDX-License-Identifier: Apache-2.0

package import PostgresAccess
internal import Synchronization
package import Timekeeping

/// The journal in a PostgreSQL database, for several servers.
///
/// A commit is on the database's disk (and on its copy's, where it is set up so) when the call returns.
package final class PostgresJournal: LastingJournal {
    let pool: PostgresPool
    /// `nil`: whoever has the database's address may write, as a command line does.
    let seat = Mutex<Seat?>(nil)
    private let lastRecordedAt = Mutex(Timestamp(milliseconds: .min))
    /// Told of each append.
    private let observer: (@Sendable (AppendNote) -> Void)?

    /// A transaction that stood in another's way is tried so often.
    private static let tries = 4

    /// Where the database is, without a password.
    package var place: String { pool.address.shown }

    /// Makes the tables, or brings them up to date.
    ///
    /// - Throws: unreachable, refused, too new.
    package init(
        _ address: PostgresAddress, limits: PostgresPool.Limits = PostgresPool.Limits(),
        observer: (@Sendable (AppendNote) -> Void)? = nil
    ) throws(JournalError) {
        pool = PostgresPool(address, limits)
        self.observer = observer
        try Self.journaled { () throws(PostgresFailure) in
            try pool.withConnection { (connection) throws(PostgresFailure) in
                try PostgresSchema.prepare(connection)
                try PostgresSchema.refuseMove(connection, timeoutMs: limits.statementMs)
            }
        }
    }

    /// - Parameter url: `postgres://…`, or keywords, as PostgreSQL's own programs take it.
    package convenience init(url: String, observer: (@Sendable (AppendNote) -> Void)?) throws(JournalError) {
        try self.init(PostgresAddress(url), observer: observer)
    }

    // MARK: appending

    package func append(
        _ appends: [StreamAppend], now: Timestamp, waitsForDisk: Bool
    ) throws(JournalError) -> Timestamp {
        let begin = ContinuousClock.now
        do throws(JournalError) {
            let time = try store(appends, now: now)
            observer?(AppendNote(outcome: .stored, duration: begin.duration(to: .now)))
            return time
        } catch {
            observer?(AppendNote(outcome: .init(error), duration: begin.duration(to: .now)))
            throw error
        }
    }

    private func store(_ appends: [StreamAppend], now: Timestamp) throws(JournalError) -> Timestamp {
        try JournalLimits.check(appends)
        let moment = moment(now)
        guard !appends.isEmpty else { return moment }
        let values = AppendValues(appends, now: moment, seat.withLock { $0 }).all
        let stamp = try Self.journaled(appends) { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                try Self.write(values, connection, timeoutMs)
            }
        }
        return note(stamp)
    }

    static func write(
        _ values: [PostgresValue], _ connection: PostgresConnection, _ timeoutMs: Int
    ) throws(PostgresFailure) -> Int64 {
        try connection.run(
            """
            SELECT martlet_append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
            """, values, timeoutMs: timeoutMs
        ).number(0, 0)
    }

    /// Never before what was recorded last.
    func moment(_ now: Timestamp) -> Timestamp { max(now, lastRecordedAt.withLock { $0 }) }

    @discardableResult
    func note(_ stamp: Int64) -> Timestamp {
        let recorded = Timestamp(milliseconds: stamp)
        lastRecordedAt.withLock { $0 = max($0, recorded) }
        return recorded
    }

    package func claim(_ streams: [StreamID], owner: String) throws(JournalError) -> [Int] {
        for stream in streams { try JournalLimits.check(stream) }
        let names = PostgresValue.texts(streams.map(\.text))
        let seat = seat.withLock { $0 }
        return try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                let rows = try connection.run(
                    """
                    WITH seated AS MATERIALIZED (SELECT martlet_sit($3, $4)),
                    claimed AS (
                        INSERT INTO streams (name, epoch, owner)
                            SELECT DISTINCT n, 1, $2 FROM unnest($1) AS n, seated ORDER BY n
                        ON CONFLICT (name) DO UPDATE SET epoch = streams.epoch + 1, owner = $2
                        RETURNING name, epoch)
                    SELECT epoch FROM unnest($1) WITH ORDINALITY AS asked (name, turn) JOIN claimed USING (name) ORDER BY turn
                    """, [names, .text(owner), .text(seat?.server), .number(seat?.epoch)], timeoutMs: timeoutMs)
                return (0..<rows.count).map { Int(rows.number($0, 0)) }
            }
        }
    }

    // MARK: reading

    package func events(
        of stream: StreamID, from sequence: Int, limit: Int
    ) throws(JournalError) -> [RecordedEvent] {
        try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                let rows = try connection.run(
                    """
                    SELECT sequence, at, type, events.version, payload FROM events
                    JOIN streams ON streams.number = events.stream
                    WHERE streams.name = $1 AND sequence >= $2 ORDER BY sequence LIMIT $3
                    """, [.text(stream.text), .number(Int64(max(1, sequence))), .number(Int64(limit))],
                    timeoutMs: timeoutMs)
                return (0..<rows.count).map { row in
                    RecordedEvent(
                        sequence: Int(rows.number(row, 0)), recordedAt: Timestamp(milliseconds: rows.number(row, 1)),
                        event: NewEvent(
                            type: rows.text(row, 2), version: Int(rows.number(row, 3)), payload: rows.bytes(row, 4)))
                }
            }
        }
    }

    package func summary(of stream: StreamID) throws(JournalError) -> StreamSummary? {
        try summaries { (connection, timeoutMs) throws(PostgresFailure) in
            try connection.run(
                "SELECT name, version, last_type, last_at, wake_at, epoch, owner FROM streams WHERE name = $1",
                [.text(stream.text)], timeoutMs: timeoutMs)
        }.first
    }

    package func streams(prefix: String, after: StreamID?, limit: Int) throws(JournalError) -> [StreamSummary] {
        try summaries { (connection, timeoutMs) throws(PostgresFailure) in
            try connection.run(
                """
                SELECT name, version, last_type, last_at, wake_at, epoch, owner FROM streams
                WHERE name >= $1 AND name > $2 AND name < $4 AND starts_with(name, $1) ORDER BY name LIMIT $3
                """,
                [
                    .text(prefix), .text(after?.text ?? ""), .number(Int64(limit)),
                    // Without an upper bound every later stream would be looked at. No name holds such a character.
                    .text(prefix + "\u{10FFFF}"),
                ], timeoutMs: timeoutMs)
        }
    }

    package func dueStreams(at now: Timestamp, limit: Int) throws(JournalError) -> [StreamSummary] {
        try summaries { (connection, timeoutMs) throws(PostgresFailure) in
            try connection.run(
                """
                SELECT name, version, last_type, last_at, wake_at, epoch, owner FROM streams
                WHERE wake_at IS NOT NULL AND wake_at <= $1 ORDER BY wake_at, name LIMIT $2
                """, [.number(now.milliseconds), .number(Int64(limit))], timeoutMs: timeoutMs)
        }
    }

    package func nextWakeUp() throws(JournalError) -> Timestamp? {
        try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                try connection.run(
                    "SELECT min(wake_at) FROM streams WHERE wake_at IS NOT NULL", timeoutMs: timeoutMs
                ).optionalNumber(0, 0).map { Timestamp(milliseconds: $0) }
            }
        }
    }

    private func summaries(
        _ ask: (PostgresConnection, Int) throws(PostgresFailure) -> PostgresRows
    ) throws(JournalError) -> [StreamSummary] {
        try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                let rows = try ask(connection, timeoutMs)
                return (0..<rows.count).map { row in
                    var summary = StreamSummary(
                        stream: StreamID(rows.text(row, 0)), version: Int(rows.number(row, 1)),
                        lastType: rows.text(row, 2), lastRecordedAt: Timestamp(milliseconds: rows.number(row, 3)))
                    summary.wakeUp = rows.optionalNumber(row, 4).map { Timestamp(milliseconds: $0) }
                    summary.epoch = Int(rows.number(row, 5))
                    summary.owner = rows.optionalText(row, 6)
                    return summary
                }
            }
        }
    }

    // MARK: messages

    package func pendingMessages(limit: Int) throws(JournalError) -> [PendingMessage] {
        try pendingMessages(to: "", limit: limit)
    }

    package func pendingMessages(to destination: String, limit: Int) throws(JournalError) -> [PendingMessage] {
        try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                let rows = try connection.run(
                    """
                    SELECT outbox.number, name, key, destination, payload FROM outbox
                    JOIN streams ON streams.number = outbox.stream
                    WHERE NOT settled AND ($2 = '' OR destination = $2) ORDER BY outbox.number LIMIT $1
                    """, [.number(Int64(limit)), .text(destination)], timeoutMs: timeoutMs)
                return (0..<rows.count).map { row in
                    PendingMessage(
                        number: rows.number(row, 0), stream: StreamID(rows.text(row, 1)),
                        message: OutboxMessage(
                            key: rows.text(row, 2), destination: rows.text(row, 3), payload: rows.bytes(row, 4)))
                }
            }
        }
    }

    package func settleMessages(_ numbers: [Int64]) throws(JournalError) {
        try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                _ = try connection.run(
                    "UPDATE outbox SET settled = true, payload = '' WHERE number = ANY ($1)", [.numbers(numbers)],
                    timeoutMs: timeoutMs)
            }
        }
    }

    // MARK: blobs

    package func storeBlob(_ bytes: [UInt8]) throws(JournalError) -> BlobDigest {
        guard bytes.count <= JournalLimits.blobBytes else {
            throw .limit("A blob has \(bytes.count) bytes; \(JournalLimits.blobBytes) are allowed.")
        }
        let digest = BlobDigest(of: bytes)
        let now = Timestamp.now().milliseconds / 1_000
        try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                // Whoever removes old ones sees that somebody wants it again; the bytes are sent where they are not there.
                let known = try connection.run(
                    "UPDATE blobs SET stored_at = $2 WHERE digest = $1", [.text(digest.hex), .number(now)],
                    timeoutMs: timeoutMs)
                guard known.changed == 0 else { return }
                _ = try connection.run(
                    "INSERT INTO blobs VALUES ($1, $2, $3) ON CONFLICT (digest) DO UPDATE SET stored_at = $3",
                    [.text(digest.hex), .bytes(bytes), .number(now)], timeoutMs: timeoutMs)
            }
        }
        return digest
    }

    package func blob(_ digest: BlobDigest) throws(JournalError) -> [UInt8] {
        let found = try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) -> [UInt8]? in
                let rows = try connection.run(
                    "SELECT bytes FROM blobs WHERE digest = $1", [.text(digest.hex)], timeoutMs: timeoutMs)
                return rows.count == 0 ? nil : rows.bytes(0, 0)
            }
        }
        guard let found else { throw .blobDamaged(digest: digest.hex, detail: "is not there") }
        guard BlobDigest(of: found) == digest else { throw .blobDamaged(digest: digest.hex, detail: "was changed") }
        return found
    }

    // MARK: inside

    /// A statement of its own transaction; where another one stood in its way it is tried again.
    func asked<Value: Sendable>(
        _ body: (PostgresConnection, _ timeoutMs: Int) throws(PostgresFailure) -> Value
    ) throws(PostgresFailure) -> Value {
        var tries = 0
        while true {
            tries += 1
            do throws(PostgresFailure) {
                return try pool.withConnection { (connection) throws(PostgresFailure) in
                    try body(connection, pool.limits.statementMs)
                }
            } catch {
                guard error.kind == .collided, tries < Self.tries else { throw error }
            }
        }
    }

    static func journaled<Value>(
        _ appends: [StreamAppend] = [], _ body: () throws(PostgresFailure) -> Value
    ) throws(JournalError) -> Value {
        do throws(PostgresFailure) {
            return try body()
        } catch {
            throw JournalError(error, appends)
        }
    }
}
