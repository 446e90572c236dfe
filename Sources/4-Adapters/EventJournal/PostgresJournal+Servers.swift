// SPDX-License-Identifier: Apache-2.0

internal import PostgresAccess
internal import Synchronization

/// A server that writes to the database.
package struct ServerPresence: Hashable, Sendable {
    package var id: String
    /// Where other servers reach it.
    package var address: String
    /// Grows each time that the server begins, or is taken over.
    package var epoch: Int
    /// How long nothing was heard of it, in milliseconds, by the database's clock.
    package var silentMs: Int64
}

/// The servers that write to one database. A server writes by its *seat*, a row with an epoch: whoever takes the seat over makes
/// every later write of the earlier holder refused, whatever it believes.
extension PostgresJournal {
    /// What tells this database from every other.
    package func identity() throws(JournalError) -> String {
        try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                try connection.run("SELECT identity FROM installation", timeoutMs: timeoutMs).text(0, 0)
            }
        }
    }

    /// Which folder has the files of the runs that are in this database; the first one that is named has them.
    package func folder(naming candidate: String) throws(JournalError) -> String {
        try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                try connection.run(
                    "UPDATE installation SET folder = coalesce(folder, $1) RETURNING folder", [.text(candidate)],
                    timeoutMs: timeoutMs
                ).text(0, 0)
            }
        }
    }

    /// What servers on this database show one another.
    package func peerKey() throws(JournalError) -> String {
        try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                try connection.run("SELECT peer_key FROM installation", timeoutMs: timeoutMs).text(0, 0)
            }
        }
    }

    /// Whether the database lets this program in, and has a layout that it knows. Changes nothing.
    ///
    /// - Returns: the identity; `nil`: nothing of Martlet is there yet.
    package static func check(url: String) throws(JournalError) -> (identity: String?, place: String) {
        let address = PostgresAddress(url)
        return try journaled { () throws(PostgresFailure) in
            let limits = PostgresPool.Limits()
            let connection = try PostgresConnection(address: address, timeoutMs: limits.connectMs)
            try PostgresSchema.refuseMove(connection, timeoutMs: limits.statementMs)
            return (try PostgresSchema.look(connection, timeoutMs: limits.statementMs), address.shown)
        }
    }

    /// Takes the server's own seat; an earlier process of it can write no more.
    ///
    /// - Parameter address: where other servers reach this one.
    package func enter(_ server: String, address: String) throws(JournalError) {
        let epoch = try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                try connection.run(
                    "SELECT martlet_enter($1, $2)", [.text(server), .text(address)], timeoutMs: timeoutMs
                )
                .number(0, 0)
            }
        }
        seat.withLock { $0 = Seat(server: server, epoch: epoch) }
    }

    /// Says that this server lives, and hears of the others.
    ///
    /// - Throws: ``JournalError/unseated(place:)``: its seat was taken over.
    package func beat() throws(JournalError) -> [ServerPresence] {
        guard let seat = seat.withLock({ $0 }) else { return [] }
        let all = try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                let rows = try connection.run(
                    """
                    WITH beat AS (UPDATE servers SET heard_at = clock_timestamp() WHERE id = $1 AND epoch = $2)
                    SELECT id, address, epoch,
                        (extract(epoch FROM clock_timestamp() - heard_at) * 1000)::bigint
                    FROM servers ORDER BY id
                    """, [.text(seat.server), .number(seat.epoch)], timeoutMs: timeoutMs)
                return (0..<rows.count).map { row in
                    ServerPresence(
                        id: rows.text(row, 0), address: rows.text(row, 1), epoch: Int(rows.number(row, 2)),
                        silentMs: max(0, rows.number(row, 3)))
                }
            }
        }
        guard all.contains(where: { $0.id == seat.server && $0.epoch == Int(seat.epoch) }) else {
            throw .unseated(place: place)
        }
        return all
    }

    /// Whether this server still has its seat: what it says of what it does not know holds only then.
    ///
    /// - Throws: ``JournalError/unseated(place:)``: its seat was taken over.
    package func confirmSeat() throws(JournalError) {
        guard let seat = seat.withLock({ $0 }) else { return }
        try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                _ = try connection.run(
                    "SELECT martlet_sit($1, $2)", [.text(seat.server), .number(seat.epoch)], timeoutMs: timeoutMs)
            }
        }
    }

    /// Gives the seat up in order: nothing is written by it from now on, and others need not wait for its silence.
    package func leave() throws(JournalError) {
        guard let seat = seat.withLock({ $0 }) else { return }
        try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                _ = try connection.run(
                    "SELECT martlet_leave($1, $2)", [.text(seat.server), .number(seat.epoch)],
                    timeoutMs: timeoutMs)
            }
        }
    }

    /// A number that no other run of this database has, and none had.
    package func nextRunNumber() throws(JournalError) -> Int {
        try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                Int(try connection.run("SELECT nextval('run_numbers')", timeoutMs: timeoutMs).number(0, 0))
            }
        }
    }
}

/// By what a process writes.
struct Seat: Hashable {
    var server: String
    var epoch: Int64
}
