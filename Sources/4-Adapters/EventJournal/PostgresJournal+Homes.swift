// SPDX-License-Identifier: Apache-2.0

internal import PostgresAccess

/// Which server does what is of a project, and what of its runs is not over.
extension PostgresJournal {
    /// Buries servers that are silent, and finds a home for each project that has none. One server does so at a time; where
    /// another one is at it, nothing happens.
    ///
    /// - Parameters:
    ///   - projects: all that are known.
    ///   - removed: such as are no more: they need no home.
    ///   - goneMs: whoever was not heard of for so long is gone.
    ///   - turn: another one each time: which project is to move goes by it, so that one that is never idle holds up no other.
    package func settleHomes(
        of projects: [String], removed: [String], goneMs: Int64, turn: Int64
    ) throws(JournalError) {
        try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                _ = try connection.run(
                    "SELECT martlet_settle($1, $2, $3, $4)",
                    [.number(goneMs), .texts(projects), .texts(removed), .number(turn)],
                    timeoutMs: timeoutMs)
            }
        }
    }

    /// Where a project is, and where it is to go once nothing of it is under way.
    package struct Home: Hashable, Sendable {
        package var server: String
        package var heir: String?
    }

    /// Each project's home.
    package func homes() throws(JournalError) -> [String: Home] {
        try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                let rows = try connection.run("SELECT project, server, heir FROM homes", timeoutMs: timeoutMs)
                var homes: [String: Home] = [:]
                for row in 0..<rows.count {
                    homes[rows.text(row, 0)] = Home(server: rows.text(row, 1), heir: rows.optionalText(row, 2))
                }
                return homes
            }
        }
    }

    /// Gives a project to its heir.
    package func handOver(_ project: String, from server: String) throws(JournalError) {
        try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                _ = try connection.run(
                    "UPDATE homes SET server = heir, heir = NULL WHERE project = $1 AND server = $2 AND heir IS NOT NULL",
                    [.text(project), .text(server)], timeoutMs: timeoutMs)
            }
        }
    }

    /// Heirs of projects that never become idle get another one.
    package func keep(_ project: String, at server: String) throws(JournalError) {
        try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                _ = try connection.run(
                    "UPDATE homes SET heir = NULL WHERE project = $1 AND server = $2",
                    [.text(project), .text(server)], timeoutMs: timeoutMs)
            }
        }
    }

    /// Streams of runs that have begun and whose last word is not their end.
    package func openRunStreams() throws(JournalError) -> [StreamID] {
        try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                let rows = try connection.run(
                    """
                    SELECT name FROM streams
                    WHERE name >= 'run/' AND name < 'run0' AND last_type <> 'runFinished' ORDER BY name
                    """, timeoutMs: timeoutMs)
                return (0..<rows.count).map { StreamID(rows.text($0, 0)) }
            }
        }
    }
}
