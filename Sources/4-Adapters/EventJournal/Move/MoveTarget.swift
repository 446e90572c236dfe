// SPDX-License-Identifier: Apache-2.0

internal import PostgresAccess

/// The database that a journal is being moved to. How far the move has come stands in it, in `martlet_move`, and is written
/// with the rows that it speaks of; as long as that table is there no server begins on the database.
final class MoveTarget {
    /// A batch on a slow disk, or the tables' statistics.
    private static let statementMs = 300_000
    private static let connectMs = 10_000
    /// Whoever was killed may have a statement under way yet: so often, and so long each time, is waited for its end.
    private static let turns = 150
    private static let turnSeconds = "0.2"
    /// Whoever moves something to the database has this lock; the number is `MRTM`.
    private static let lock = 0x4D52_544D

    private let connection: PostgresConnection
    var place: String { connection.place }

    /// Makes the tables where there are none.
    init(url: String) throws(JournalError) {
        connection = try PostgresJournal.journaled { () throws(PostgresFailure) in
            let connection = try PostgresConnection(address: PostgresAddress(url), timeoutMs: Self.connectMs)
            try PostgresSchema.prepare(connection)
            try connection.script("SET statement_timeout = \(Self.statementMs)", timeoutMs: Self.connectMs)
            return connection
        }
        guard try tookLock() else {
            throw .taken(place: place, detail: "another move to it is under way")
        }
    }

    private func tookLock() throws(JournalError) -> Bool {
        for _ in 0..<Self.turns {
            let took = try asked { (connection) throws(PostgresFailure) in
                try connection.run(
                    "SELECT pg_try_advisory_lock($1)::int::bigint", [.number(Int64(Self.lock))],
                    timeoutMs: Self.connectMs
                ).number(0, 0)
            }
            if took != 0 { return true }
            try script("SELECT pg_sleep(\(Self.turnSeconds))")
        }
        return false
    }

    private func asked<Value>(
        _ body: (PostgresConnection) throws(PostgresFailure) -> Value
    ) throws(JournalError) -> Value {
        try PostgresJournal.journaled { () throws(PostgresFailure) in try body(connection) }
    }

    private func script(_ sql: String) throws(JournalError) {
        try asked { (connection) throws(PostgresFailure) in
            try connection.script(sql, timeoutMs: Self.statementMs)
        }
    }

    func identity() throws(JournalError) -> String {
        try asked { (connection) throws(PostgresFailure) in
            try connection.run("SELECT identity FROM installation", timeoutMs: Self.connectMs).text(0, 0)
        }
    }

    func identity(naming folder: String) throws(JournalError) -> String {
        try asked { (connection) throws(PostgresFailure) in
            try connection.run(
                "UPDATE installation SET folder = $1 RETURNING identity", [.text(folder)], timeoutMs: Self.connectMs
            ).text(0, 0)
        }
    }

    // MARK: whose it is

    /// Takes the database for a move, or up again.
    ///
    /// - Returns: whether an earlier try has begun it.
    /// - Throws: ``JournalError/taken(place:detail:)`` where somebody's journal is in it.
    func begin(_ move: String) throws(JournalError) -> Bool {
        let owner = try moveUnderWay()
        if let owner, owner != move {
            throw .taken(place: place, detail: "a move from another folder has begun, and did not end")
        }
        guard try !isInUse(withRows: owner == nil) else {
            throw .taken(place: place, detail: "there is a journal in it already")
        }
        // What was acknowledged last may be lost with the database's machine: it is copied again then.
        try script("SET synchronous_commit = off")
        if owner != nil { return true }
        try asked { (connection) throws(PostgresFailure) in
            try connection.transaction(timeoutMs: Self.statementMs) { () throws(PostgresFailure) in
                try connection.script(Self.table, timeoutMs: Self.statementMs)
                _ = try connection.run(
                    "INSERT INTO martlet_move (move) VALUES ($1)", [.text(move)], timeoutMs: Self.statementMs)
            }
        }
        return false
    }

    private static let table = """
        CREATE TABLE martlet_move (
            move text NOT NULL,
            streams bigint NOT NULL DEFAULT 0,
            events bigint NOT NULL DEFAULT 0,
            messages bigint NOT NULL DEFAULT 0
        )
        """

    private func moveUnderWay() throws(JournalError) -> String? {
        try asked { (connection) throws(PostgresFailure) in
            guard try PostgresSchema.isBeingMoved(connection, timeoutMs: Self.connectMs) else { return nil }
            return try connection.run("SELECT move FROM martlet_move", timeoutMs: Self.connectMs).text(0, 0)
        }
    }

    /// Whether a server writes to it, or has.
    private func isInUse(withRows: Bool) throws(JournalError) -> Bool {
        try asked { (connection) throws(PostgresFailure) in
            try connection.run(
                """
                SELECT (EXISTS (SELECT 1 FROM servers) OR EXISTS (SELECT 1 FROM seats)
                    OR $1 <> 0 AND (EXISTS (SELECT 1 FROM streams) OR EXISTS (SELECT 1 FROM outbox)
                        OR EXISTS (SELECT 1 FROM blobs)))::int::bigint
                """, [.number(withRows ? 1 : 0)], timeoutMs: Self.statementMs
            ).number(0, 0)
        } != 0
    }

    /// Forgets what was copied.
    func empty() throws(JournalError) {
        guard try !isInUse(withRows: false) else {
            throw .taken(place: place, detail: "a server has begun in it meanwhile")
        }
        try script(
            """
            BEGIN;
            TRUNCATE streams, events, outbox, blobs;
            UPDATE martlet_move SET streams = 0, events = 0, messages = 0;
            COMMIT
            """)
    }

    // MARK: rows

    /// The place of the last row that is there.
    func progress(of table: JournalTable) throws(JournalError) -> Int64 {
        try asked { (connection) throws(PostgresFailure) in
            try connection.run(table.progress, timeoutMs: Self.connectMs).number(0, 0)
        }
    }

    func insert(_ batch: MoveBatch) throws(JournalError) {
        let values = batch.values
        try asked { (connection) throws(PostgresFailure) in
            _ = try connection.run(batch.table.insert, values, timeoutMs: Self.statementMs)
        }
    }

    func tape(
        of table: JournalTable, after place: Int64, upTo end: Int64, limit: Int
    ) throws(JournalError) -> RowTape {
        try asked { (connection) throws(PostgresFailure) in
            var tape = RowTape()
            let rows = try connection.run(
                table.databaseRows, [.number(place), .number(end), .number(Int64(limit))], timeoutMs: Self.statementMs)
            tape.put(rows, table.columns)
            return tape
        }
    }

    // MARK: blobs

    /// Makes the time of those that are there that of `blobs`.
    ///
    /// - Returns: those that are there.
    func refresh(_ blobs: [(digest: BlobDigest, storedAt: Int)]) throws(JournalError) -> Set<String> {
        try asked { (connection) throws(PostgresFailure) in
            let rows = try connection.run(
                """
                UPDATE blobs SET stored_at = b.stored_at FROM unnest($1, $2) AS b (digest, stored_at)
                WHERE blobs.digest = b.digest RETURNING blobs.digest
                """, [.texts(blobs.map(\.digest.hex)), .numbers(blobs.map { Int64($0.storedAt) })],
                timeoutMs: Self.statementMs)
            return Set((0..<rows.count).map { rows.text($0, 0) })
        }
    }

    func insert(_ digest: BlobDigest, _ bytes: [UInt8], storedAt: Int) throws(JournalError) {
        try asked { (connection) throws(PostgresFailure) in
            _ = try connection.run(
                "INSERT INTO blobs VALUES ($1, $2, $3)", [.text(digest.hex), .bytes(bytes), .number(Int64(storedAt))],
                timeoutMs: Self.statementMs)
        }
    }

    func keepOnly(_ digests: [BlobDigest]) throws(JournalError) {
        try asked { (connection) throws(PostgresFailure) in
            _ = try connection.run(
                "DELETE FROM blobs WHERE digest <> ALL ($1)", [.texts(digests.map(\.hex))],
                timeoutMs: Self.statementMs)
        }
    }

    /// Blobs in the order of their digests: the digest, when it was stored, and the digest that the database finds of the
    /// bytes that it has.
    func blobTape(after digest: String, limit: Int) throws(JournalError) -> (tape: RowTape, last: String?) {
        try asked { (connection) throws(PostgresFailure) in
            let rows = try connection.run(
                """
                SELECT digest, stored_at, encode(sha256(bytes), 'hex') FROM blobs
                WHERE digest > $1 ORDER BY digest LIMIT $2
                """, [.text(digest), .number(Int64(limit))], timeoutMs: Self.statementMs)
            var tape = RowTape()
            for row in 0..<rows.count {
                tape.begin(Int64(row))
                tape.put(rows.text(row, 0))
                tape.put(rows.number(row, 1))
                tape.put(rows.text(row, 2))
            }
            return (tape, rows.count == 0 ? nil : rows.text(rows.count - 1, 0))
        }
    }

    // MARK: the end

    /// What is made from now on gets numbers that nothing has; all of it is on the database's disk.
    func seal(lastRun: Int) throws(JournalError) {
        try script("SET synchronous_commit = on; ANALYZE streams, events, outbox, blobs")
        try asked { (connection) throws(PostgresFailure) in
            _ = try connection.run(
                """
                SELECT setval(pg_get_serial_sequence('streams', 'number'), greatest(
                        (SELECT max(number) FROM streams), (SELECT max(stream) FROM outbox), 0) + 1, false),
                    setval(pg_get_serial_sequence('outbox', 'number'),
                        coalesce((SELECT max(number) FROM outbox), 0) + 1, false),
                    setval('run_numbers', $1, false)
                """, [.number(Int64(lastRun) + 1)], timeoutMs: Self.statementMs)
        }
    }

    /// The database is a journal like any other.
    func finish() throws(JournalError) { try script("DROP TABLE IF EXISTS martlet_move") }

    /// ``finish()`` where it was this move's and its folder says that it has ended.
    func finish(_ move: String?) throws(JournalError) {
        let owner = try moveUnderWay()
        guard owner == nil || owner == move else {
            throw .taken(place: place, detail: "a move from another folder has begun, and did not end")
        }
        try finish()
    }
}
