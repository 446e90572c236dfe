// SPDX-License-Identifier: Apache-2.0

package import AccessRules
internal import Credentials
package import Diagnostics
internal import EventJournal
package import RunCoordination
internal import StructuredData
internal import Synchronization
internal import ThreadExecution
package import Timekeeping

/// How long somebody stays signed in.
package enum SessionLimits {
    /// Without a request.
    package static let idle = Timestamp.Span.minutes(12 * 60)
    /// With requests.
    package static let longest = Timestamp.Span.days(7)
    /// A ticket that is older is written anew with the next request.
    package static let renewal = Timestamp.Span.minutes(10)
    /// How long an invitation can be taken.
    package static let invitation = Timestamp.Span.days(7)
}

/// Somebody who is signed in with a browser.
package struct Session: Hashable, Sendable {
    /// Unique; what forms are bound to. Another one after each sign-in.
    package let id: String
    package let account: EntryID
    package let begunAt: Timestamp
    /// Of its ticket.
    package let expiresAt: Timestamp
    /// Generations of the account's and of all sessions in which it began.
    let generation: Int
    let serverGeneration: Int
}

/// Sessions: tickets that browsers keep. Here only those are known that ended before their time.
package final class Sessions: Sendable {
    private let keyring: TicketKeyring
    private let directory: DirectoryKeeper
    private let store: RunStore
    private let ended = Mutex<[String: Timestamp]>([:])
    /// Up to where the stream was read.
    private let version = Mutex(0)

    static let stream = StreamID("sessions")
    private static let eventType = "sessionEnded"

    init(keyring: TicketKeyring, directory: DirectoryKeeper, store: RunStore, now: Timestamp) throws(DiagnosticError) {
        self.keyring = keyring
        self.directory = directory
        self.store = store
        try follow(now: now)
    }

    /// Hears of sessions that another server has ended, and of keys that it has made.
    func follow(now: Timestamp) throws(DiagnosticError) {
        try keyring.follow()
        let store = store
        try version.withLock { (version) throws(DiagnosticError) in
            let first = version + 1
            let entries = try store.recorded { (journal) throws(JournalError) in
                try journal.events(of: Self.stream, from: first, limit: .max)
            }
            for entry in entries {
                guard let data = try? DataValue(json: entry.event.payload), let id = data["id"]?.string,
                    let until = data["until"]?.int.map({ Timestamp(milliseconds: Int64($0)) }), now < until
                else { continue }
                ended.withLock { $0[id] = until }
            }
            version = entries.last?.sequence ?? version
        }
    }

    /// Somebody has shown who they are.
    ///
    /// - Returns: the session, and the text of its ticket.
    package func begin(
        _ account: EntryID, now: Timestamp
    ) throws(DiagnosticError) -> (session: Session, ticket: String) {
        let directory = directory.current
        guard let person = directory.accounts[account], !person.isDisabled else { throw Self.over }
        let session = Session(
            id: Base64Text.text(Secrecy.randomBytes(18), .url), account: account, begunAt: now,
            expiresAt: now + SessionLimits.idle, generation: person.sessionsGeneration,
            serverGeneration: directory.sessionsGeneration)
        return (session, try text(session, now))
    }

    /// The session of a ticket.
    ///
    /// - Throws: ``DiagnosticCode/sessionEnded``.
    package func session(ticket text: String, now: Timestamp) throws(DiagnosticError) -> Session {
        let keys = try keyring.keys(now: now)
        guard let ticket = try? SignedTicket(text: text, .session, keys: keys, now: now),
            let session = Session(ticket),
            directory.current.isSessionCurrent(
                session.account, generation: session.generation, serverGeneration: session.serverGeneration),
            ended.withLock({ $0[session.id] }) == nil
        else { throw Self.over }
        return session
    }

    /// Whether a session that was found before has not ended since.
    package func isCurrent(_ session: Session, now: Timestamp) -> Bool {
        now < session.expiresAt
            && directory.current.isSessionCurrent(
                session.account, generation: session.generation, serverGeneration: session.serverGeneration)
            && ended.withLock { $0[session.id] } == nil
    }

    /// The ticket that a session goes on with; `nil` while the one that it has will do.
    package func renewed(_ session: Session, now: Timestamp) throws(DiagnosticError) -> String? {
        let end = min(now + SessionLimits.idle, session.begunAt + SessionLimits.longest)
        guard end - session.expiresAt > SessionLimits.renewal else { return nil }
        return try text(session, now)
    }

    /// The session is over, whoever holds its ticket, also after a restart.
    package func end(_ session: Session, now: Timestamp) async throws(DiagnosticError) {
        let until = session.begunAt + SessionLimits.longest
        ended.withLock { ended in
            ended = ended.filter { now < $0.value }
            ended[session.id] = until
        }
        let data: DataValue = ["id": .string(session.id), "until": .number(Double(until.milliseconds))]
        let event = NewEvent(type: Self.eventType, payload: Array(data.jsonText().utf8))
        let store = store
        try await BlockingWork.attempt { () throws(DiagnosticError) in
            try store.recorded { (journal) throws(JournalError) in
                while true {
                    let version = try journal.summary(of: Self.stream)?.version ?? 0
                    let append = StreamAppend(Self.stream, expectedVersion: version, events: [event])
                    do throws(JournalError) {
                        _ = try journal.append(append, now: now)
                        return
                    } catch .conflict {
                        // Another session ended just now.
                        continue
                    }
                }
            }
        }
    }

    // MARK: forms

    /// What goes into each form of a page, so that no other site can send one.
    ///
    /// - Parameter session: the session's id, or what stands for a browser where nobody is signed in.
    package func formToken(_ session: String, now: Timestamp) throws(DiagnosticError) -> String {
        try SignedTicket(.form, .null, expiresAt: now + SessionLimits.longest)
            .text(keys: try keyring.keys(now: now), binding: session)
    }

    package func isFormToken(_ text: String, of session: String, now: Timestamp) -> Bool {
        guard let keys = try? keyring.keys(now: now) else { return false }
        return (try? SignedTicket(text: text, .form, keys: keys, binding: session, now: now)) != nil
    }

    // MARK: tickets of other purposes

    func keys(now: Timestamp) throws(DiagnosticError) -> TicketKeys { try keyring.keys(now: now) }

    private func text(_ session: Session, _ now: Timestamp) throws(DiagnosticError) -> String {
        let end = min(now + SessionLimits.idle, session.begunAt + SessionLimits.longest)
        return try SignedTicket(.session, session.data, expiresAt: end).text(keys: try keyring.keys(now: now))
    }

    private static let over = DiagnosticError(
        .sessionEnded, "The session has ended.", remedy: "Sign in again.")
}

extension Session {
    fileprivate var data: DataValue {
        [
            "s": .string(id), "a": .string(account.description), "b": .number(Double(begunAt.milliseconds)),
            "g": .number(Double(generation)), "n": .number(Double(serverGeneration)),
        ]
    }

    fileprivate init?(_ ticket: SignedTicket) {
        guard let id = ticket.value["s"]?.string, let account = ticket.value["a"]?.string.flatMap({ EntryID($0) }),
            let begun = ticket.value["b"]?.int, let generation = ticket.value["g"]?.int,
            let serverGeneration = ticket.value["n"]?.int
        else { return nil }
        self.init(
            id: id, account: account, begunAt: Timestamp(milliseconds: Int64(begun)), expiresAt: ticket.expiresAt,
            generation: generation, serverGeneration: serverGeneration)
    }
}
