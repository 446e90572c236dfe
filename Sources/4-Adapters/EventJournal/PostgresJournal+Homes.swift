// SPDX-License-Identifier: Apache-2.0

internal import PostgresAccess

/// Which server does what is of a project, and what of its runs is not over.
extension PostgresJournal {
    /// Buries servers that are silent, and finds a home for each project that has none. One server does so at a time; where
    /// another one is at it, nothing happens.
    ///
    /// - Parameters:
    ///   - projects: all that there are.
    ///   - goneMs: whoever was not heard of for so long is gone.
    package func settleHomes(of projects: [String], goneMs: Int64) throws(JournalError) {
        try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                _ = try connection.run(
                    "SELECT martlet_settle($1, $2)", [.number(goneMs), .texts(projects)], timeoutMs: timeoutMs)
            }
        }
    }

    /// Projects, and the server that is each one's home.
    package func homes() throws(JournalError) -> [String: String] {
        try Self.journaled { () throws(PostgresFailure) in
            try asked { (connection, timeoutMs) throws(PostgresFailure) in
                let rows = try connection.run("SELECT project, server FROM homes", timeoutMs: timeoutMs)
                var homes: [String: String] = [:]
                for row in 0..<rows.count { homes[rows.text(row, 0)] = rows.text(row, 1) }
                return homes
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
