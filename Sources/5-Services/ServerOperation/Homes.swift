// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import EventJournal
package import HomeRules
internal import ProcessControl
internal import Synchronization
internal import ThreadExecution

/// Which server decides what is of a project: its home. All that has to be decided in order is of one project: deliveries, schedules,
/// runs, groups, environments. Without a database this server is the home of all.
package final class Homes: Sendable {
    private let database: PostgresJournal?
    private let book: Mutex<HomeBook>
    /// This server's name.
    package let name: String

    /// - Parameter silenceMs: one that was not heard of for so long is gone, by the database's clock.
    init(database: PostgresJournal?, name: String, silenceMs: Int64) {
        (self.database, self.name) = (database, name)
        book = Mutex(HomeBook(name: name, silenceMs: silenceMs))
    }

    /// Whether this server decides what is of a project.
    package func isHere(_ project: String) -> Bool { database == nil || book.withLock { $0.isHere(project) } }

    /// Which server decides what is of a project.
    package func place(of project: String) -> HomePlace {
        database == nil ? .here : book.withLock { $0.place(of: project) }
    }

    /// Whether another server decides what is of a project.
    func isElsewhere(_ project: String) -> Bool {
        switch place(of: project) {
        case .at: true
        case .here, .nowhere: false
        }
    }

    /// Other servers that are there, by their addresses.
    package var others: [String] { book.withLock { $0.others } }

    /// Other servers that are there: their addresses by their names.
    var members: [String: String] { book.withLock { $0.members } }

    /// Where another server is reached; `nil`: it is not there.
    func address(ofServer id: String) -> String? { book.withLock { $0.address(ofServer: id) } }

    /// Whether the database has heard of this server in time; where it has not, others may have what is this server's.
    var isHeard: Bool { database == nil || book.withLock { $0.isHeard(at: Self.milliseconds()) } }

    private static func milliseconds() -> Int64 { Int64(BootInstant.now().nanoseconds / 1_000_000) }

    /// Whether this server does what one server does for all.
    package var isSteward: Bool { database == nil || book.withLock { $0.isSteward } }

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
    func beat(
        _ projects: [String], isRemoved: (_ project: String) -> Bool
    ) async throws(DiagnosticError) -> Set<String> {
        guard let database else { return [] }
        let removed = book.withLock { $0.projects }.filter(isRemoved)
        let beat = book.withLock { $0.beginBeat(at: Self.milliseconds()) }
        let (servers, homes) = try await Self.blocking { () throws(JournalError) in
            let servers = try database.beat()
            try database.settleHomes(of: projects, removed: removed, goneMs: beat.goneMs, turn: beat.turn)
            return (servers, try database.homes())
        }
        let peers = servers.map { HomeBook.Peer(id: $0.id, address: $0.address, silentMs: $0.silentMs) }
        let said = homes.mapValues { HomeBook.Home(server: $0.server, heir: $0.heir) }
        return book.withLock { $0.heard(peers, homes: said) }
    }

    /// Projects of this server that are to go to another one.
    var departing: [String] { book.withLock { $0.departing } }

    /// Gives a project to the server that is to have it, where nothing of it is under way. While that is looked at nothing new of it
    /// begins here.
    ///
    /// - Parameter letGo: forgets the project, unless something of it is under way.
    /// - Returns: whether it was given away.
    func handOver(_ project: String, letGo: @Sendable () async -> Bool) async throws(DiagnosticError) -> Bool {
        guard let database else { return false }
        let name = name
        book.withLock { $0.beginLeaving(project) }
        guard await letGo() else {
            book.withLock { $0.stay(project) }
            // Another one may be.
            try await Self.blocking { () throws(JournalError) in try database.keep(project, at: name) }
            return false
        }
        // What becomes of it where this fails is seen at the next beat.
        try await Self.blocking { () throws(JournalError) in try database.handOver(project, from: name) }
        book.withLock { $0.gave(project) }
        return true
    }

    func takeUp(_ projects: Set<String>) { book.withLock { $0.takeUp(projects) } }

    /// Not all that is of them could be taken up.
    func drop(_ projects: Set<String>) { book.withLock { $0.drop(projects) } }

    /// Whether this server still has its seat. Where it has not, or the database does not say, others may know what it does not.
    func isSeated() async -> Bool {
        guard let database else { return true }
        do throws(DiagnosticError) {
            try await Self.blocking { () throws(JournalError) in try database.confirmSeat() }
            return true
        } catch {
            return false
        }
    }

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
