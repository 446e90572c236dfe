// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import EventJournal
internal import ProcessControl
internal import Synchronization
internal import ThreadExecution

/// Which server decides what is of a project: its home. All that has to be decided in order is of one project: deliveries, schedules,
/// runs, groups, environments. Without a database this server is the home of all.
package final class Homes: Sendable {
    private struct State: Sendable {
        var servers: [String: ServerPresence] = [:]
        var homes: [String: PostgresJournal.Home] = [:]
        /// What this server has taken up.
        var own: Set<String> = []
        /// What it is about to give away: nothing new of it begins here.
        var leaving: Set<String> = []
        var beats: Int64 = 0
        /// When the last beat began that the database answered.
        var heardAt: BootInstant?
        /// Until then nobody is gone for this server: the database was away, and nobody could say that it lives.
        var lenientUntil: BootInstant?
    }

    private let database: PostgresJournal?
    /// This server's name.
    package let name: String
    /// One that was not heard of for so long is gone, by the database's clock.
    private let silenceMs: Int64
    private let state = Mutex(State())

    init(database: PostgresJournal?, name: String, silenceMs: Int64) {
        (self.database, self.name, self.silenceMs) = (database, name, silenceMs)
    }

    /// Whether this server decides what is of a project.
    package func isHere(_ project: String) -> Bool {
        database == nil || state.withLock { $0.own.contains(project) && !$0.leaving.contains(project) }
    }

    /// Where the server is reached that decides what is of a project; `nil`: it is this one, or nobody yet.
    package func address(of project: String) -> String? {
        guard database != nil else { return nil }
        return state.withLock { state in
            guard let home = state.homes[project]?.server, home != name else { return nil }
            return state.servers[home]?.address
        }
    }

    /// Other servers that are there, by their addresses.
    package var others: [String] {
        state.withLock { state in state.servers.values.filter { $0.id != name }.map(\.address).sorted() }
    }

    /// Where another server is reached; `nil`: it is not there.
    func address(ofServer id: String) -> String? {
        state.withLock { state in id == name ? nil : state.servers[id]?.address }
    }

    /// Whether the database has heard of this server in time; where it has not, others may have what is this server's.
    var isHeard: Bool {
        guard database != nil else { return true }
        return state.withLock { state in
            state.heardAt.map { BootInstant.now() - $0 < .milliseconds(silenceMs) } ?? false
        }
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
        let (silenceMs, began) = (silenceMs, BootInstant.now())
        let (turn, goneMs) = state.withLock { state in
            state.beats += 1
            if let heardAt = state.heardAt, began - heardAt >= .milliseconds(silenceMs) {
                state.lenientUntil = began + .milliseconds(silenceMs)
            }
            return (state.beats, state.lenientUntil.map { began < $0 } == true ? Self.neverMs : silenceMs)
        }
        let (servers, homes) = try await Self.blocking { () throws(JournalError) in
            let servers = try database.beat()
            try database.settleHomes(of: projects, goneMs: goneMs, turn: turn)
            return (servers, try database.homes())
        }
        let name = name
        return state.withLock { state in
            state.heardAt = began
            state.servers = [:]
            for server in servers where server.id == name || server.silentMs < goneMs {
                state.servers[server.id] = server
            }
            state.homes = homes
            let here = Set(homes.filter { $0.value.server == name }.keys)
            // Those of projects that are no more, or were given away.
            state.own.formIntersection(here)
            // One whose heir is gone stays.
            state.leaving.formIntersection(here.filter { homes[$0]?.heir != nil })
            return here.subtracting(state.own)
        }
    }

    /// Projects of this server that are to go to another one.
    var departing: [String] {
        state.withLock { state in state.own.filter { state.homes[$0]?.heir != nil }.sorted() }
    }

    /// Gives a project to the server that is to have it, where nothing of it is under way. While that is looked at nothing new of it
    /// begins here.
    ///
    /// - Parameter letGo: forgets the project, unless something of it is under way.
    /// - Returns: whether it was given away.
    func handOver(_ project: String, letGo: @Sendable () async -> Bool) async throws(DiagnosticError) -> Bool {
        guard let database else { return false }
        let name = name
        state.withLock { _ = $0.leaving.insert(project) }
        guard await letGo() else {
            state.withLock { _ = $0.leaving.remove(project) }
            // Another one may be.
            try await Self.blocking { () throws(JournalError) in try database.keep(project, at: name) }
            return false
        }
        // What becomes of it where this fails is seen at the next beat.
        try await Self.blocking { () throws(JournalError) in try database.handOver(project, from: name) }
        state.withLock { state in
            state.own.remove(project)
            state.homes[project] = nil
        }
        return true
    }

    func takeUp(_ projects: Set<String>) { state.withLock { $0.own.formUnion(projects) } }

    /// Nothing more is written by this server.
    func leave() async throws(DiagnosticError) {
        guard let database else { return }
        try await Self.blocking { () throws(JournalError) in try database.leave() }
    }

    /// Longer than any server is silent.
    private static let neverMs: Int64 = 100 * 365 * 24 * 3_600_000

    private static func blocking<Value: Sendable>(
        _ body: @escaping @Sendable () throws(JournalError) -> Value
    ) async throws(DiagnosticError) -> Value {
        try await BlockingWork.attempt { () throws(DiagnosticError) -> Value in
            do throws(JournalError) { return try body() } catch { throw DiagnosticError(error.diagnostic) }
        }
    }
}
