// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import EventJournal
internal import Synchronization
internal import ThreadExecution

/// Which server decides what is of a project: its home. All that has to be decided in order is of one project: deliveries, schedules,
/// runs, groups, environments. Without a database this server is the home of all.
package final class Homes: Sendable {
    /// One that was not heard of for so long is gone, by the database's clock.
    static let goneMs: Int64 = 5_000

    private struct State: Sendable {
        var servers: [String: ServerPresence] = [:]
        var homes: [String: String] = [:]
        /// What this server has taken up.
        var own: Set<String> = []
    }

    private let database: PostgresJournal?
    /// This server's name.
    package let name: String
    private let state = Mutex(State())

    init(database: PostgresJournal?, name: String) {
        (self.database, self.name) = (database, name)
    }

    /// Whether this server decides what is of a project.
    package func isHere(_ project: String) -> Bool {
        database == nil || state.withLock { $0.own.contains(project) }
    }

    /// Where the server is reached that decides what is of a project; `nil`: it is this one, or nobody yet.
    package func address(of project: String) -> String? {
        guard database != nil else { return nil }
        return state.withLock { state in
            guard let home = state.homes[project], home != name else { return nil }
            return state.servers[home]?.address
        }
    }

    /// Other servers that are there, by their addresses.
    package var others: [String] {
        state.withLock { state in state.servers.values.filter { $0.id != name }.map(\.address).sorted() }
    }

    /// Whether this server does what one server does for all.
    package var isSteward: Bool {
        guard database != nil else { return true }
        return state.withLock { $0.servers.keys.min() == name }
    }

    /// Takes this server's seat.
    func enter(_ address: String) async throws(DiagnosticError) {
        guard let database else { return }
        let name = name
        try await Self.blocking { () throws(JournalError) in try database.enter(name, address: address) }
    }

    /// Says that this server lives, hears of the others, and sees that each project has a home.
    ///
    /// - Returns: projects whose home this server has become, and has not taken up.
    /// - Throws: ``DiagnosticCode/journalUnseated``, and what the journal throws.
    func beat(_ projects: [String]) async throws(DiagnosticError) -> Set<String> {
        guard let database else { return [] }
        let (servers, homes) = try await Self.blocking { () throws(JournalError) in
            let servers = try database.beat()
            try database.settleHomes(of: projects, goneMs: Self.goneMs)
            return (servers, try database.homes())
        }
        let name = name
        return state.withLock { state in
            state.servers = [:]
            for server in servers where server.id == name || server.silentMs < Self.goneMs {
                state.servers[server.id] = server
            }
            state.homes = homes
            let here = Set(homes.filter { $0.value == name }.keys)
            // Those of projects that are no more.
            state.own.formIntersection(here)
            return here.subtracting(state.own)
        }
    }

    func takeUp(_ projects: Set<String>) { state.withLock { $0.own.formUnion(projects) } }

    /// Nothing more is written by this server.
    func leave() async throws(DiagnosticError) {
        guard let database else { return }
        try await Self.blocking { () throws(JournalError) in try database.leave() }
    }

    private static func blocking<Value: Sendable>(
        _ body: @escaping @Sendable () throws(JournalError) -> Value
    ) async throws(DiagnosticError) -> Value {
        try await BlockingWork.attempt { () throws(DiagnosticError) -> Value in
            do throws(JournalError) { return try body() } catch { throw DiagnosticError(error.diagnostic) }
        }
    }
}
