// SPDX-License-Identifier: Apache-2.0

internal import PostgresAccess

/// What lists show of a run, as its home wrote it last.
package struct ListedRun: Hashable, Sendable {
    package var run: Int
    /// Grows with each write of any run.
    package var turn: Int64
    /// `nil`: the run was removed.
    package var row: [UInt8]?
}

/// The lists of runs that all servers have: each writes those of its own, and follows those of the others.
extension PostgresJournal {
    /// Writers come one after another, so that turns are seen in their order.
    private static let lock: Int64 = 0x4D52_544C

    /// - Parameter rows: `nil`: the run was removed.
    package func list(_ rows: [(run: Int, row: [UInt8]?)]) throws(JournalError) {
        let (kept, removed) = (rows.filter { $0.row != nil }, rows.filter { $0.row == nil })
        let (runs, blocks) = (kept.map { Int64($0.run) }, kept.map { $0.row ?? [] })
        try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                try connection.transaction(timeoutMs: timeoutMs) { () throws(PostgresFailure) in
                    _ = try connection.run(
                        "SELECT pg_advisory_xact_lock($1)", [.number(Self.lock)], timeoutMs: timeoutMs)
                    _ = try connection.run(
                        """
                        INSERT INTO listing (run, row) SELECT * FROM unnest($1, $2)
                        ON CONFLICT (run) DO UPDATE SET row = excluded.row, turn = nextval('listing_order')
                        """, [.numbers(runs), .blocks(blocks)], timeoutMs: timeoutMs)
                    guard !removed.isEmpty else { return }
                    _ = try connection.run(
                        """
                        UPDATE listing SET row = NULL, turn = nextval('listing_order') WHERE run = ANY ($1)
                        """, [.numbers(removed.map { Int64($0.run) })], timeoutMs: timeoutMs)
                }
            }
        }
    }

    /// Whether every run that was there when the lists were begun is in them.
    package func isListed() throws(JournalError) -> Bool {
        try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                try connection.run("SELECT is_listed::int::bigint FROM installation", timeoutMs: timeoutMs)
                    .number(0, 0) != 0
            }
        }
    }

    package func markListed() throws(JournalError) {
        try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                _ = try connection.run("UPDATE installation SET is_listed = true", timeoutMs: timeoutMs)
            }
        }
    }

    /// What was written after a turn, in order, at most so many.
    package func listing(after turn: Int64, limit: Int) throws(JournalError) -> [ListedRun] {
        try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                let rows = try connection.run(
                    "SELECT run, turn, row FROM listing WHERE turn > $1 ORDER BY turn LIMIT $2",
                    [.number(turn), .number(Int64(limit))], timeoutMs: timeoutMs)
                return (0..<rows.count).map { row in
                    ListedRun(
                        run: Int(rows.number(row, 0)), turn: rows.number(row, 1),
                        row: rows.isNull(row, 2) ? nil : rows.bytes(row, 2))
                }
            }
        }
    }
}
