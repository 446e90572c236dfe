// SPDX-License-Identifier: Apache-2.0

package import AccessRules
package import Diagnostics
package import EventJournal
package import RunCoordination
internal import StructuredData
internal import Synchronization
internal import ThreadExecution
package import Timekeeping

/// Keeps the directory: every change is decided on the newest state, and is on the disk before it is seen.
package actor DirectoryKeeper {
    private let store: RunStore
    private let thread = SerialThread(name: "directory")
    private let shared: Mutex<Directory>
    nonisolated let marks = AuditMarks()
    /// Told what was recorded, and of the directory before.
    private var observer: (@Sendable ([DirectoryEvent], Directory) -> Void)?

    package static let stream = StreamID("directory")
    /// Somebody else (a command on the same folder, other servers on the same database) may write, too: a change is decided anew so
    /// often. Of three servers that write without a pause each is first one time in three.
    private static let tries = 100

    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    package init(store: RunStore) throws(DiagnosticError) {
        self.store = store
        var directory = Directory()
        try Self.catchUp(&directory, store)
        shared = Mutex(directory)
    }

    /// As it is now.
    package nonisolated var current: Directory { shared.withLock { $0 } }

    /// Carries out a command.
    ///
    /// - Parameters:
    ///   - principal: who has to be allowed to; `nil`: the server itself.
    ///   - condition: what has to hold of the state that the command is decided on.
    /// - Returns: what was recorded.
    package func perform(
        _ command: DirectoryCommand, by actor: Actor, as principal: Principal? = nil, now: Timestamp = .now(),
        given condition: Condition = { (_) throws(DiagnosticError) in }
    ) throws(DiagnosticError) -> [DirectoryEvent] {
        for _ in 1..<Self.tries {
            do throws(DiagnosticError) {
                try condition(current)
                return try attempt(command, actor, principal, now)
            } catch {
                guard error.diagnostic.code == .journalConflict else { throw error }
                try reload()
            }
        }
        try condition(current)
        return try attempt(command, actor, principal, now)
    }

    package typealias Condition = @Sendable (Directory) throws(DiagnosticError) -> Void

    private func attempt(
        _ command: DirectoryCommand, _ actor: Actor, _ principal: Principal?, _ now: Timestamp
    ) throws(DiagnosticError) -> [DirectoryEvent] {
        var directory = current
        if let principal { try directory.decision(principal, for: command, now: now).required() }
        let events = try directory.decide(command, by: actor, now: now)
        guard !events.isEmpty else { return [] }
        let encoded = events.map { event in
            NewEvent(type: event.typeName, version: event.version, payload: Array(event.payload.jsonText().utf8))
        }
        let append = StreamAppend(Self.stream, expectedVersion: directory.version, events: encoded)
        let time = try store.recorded { (journal) throws(JournalError) in try journal.append(append, now: now) }
        for event in events { directory.apply(event, at: time) }
        let changed = directory
        let before = shared.withLock { shared in
            defer { shared = changed }
            return shared
        }
        observer?(events, before)
        return events
    }

    /// Has every later change told, in its order.
    package func observe(_ observer: @escaping @Sendable ([DirectoryEvent], Directory) -> Void) {
        self.observer = observer
    }

    /// Sees what others have written.
    package func reload() throws(DiagnosticError) {
        var directory = current
        guard try Self.catchUp(&directory, store) else { return }
        let changed = directory
        shared.withLock { $0 = changed }
    }

    /// - Returns: whether there was something new.
    @discardableResult
    private static func catchUp(_ directory: inout Directory, _ store: RunStore) throws(DiagnosticError) -> Bool {
        let first = directory.version + 1
        let recorded = try store.recorded { (journal) throws(JournalError) in
            try journal.events(of: stream, from: first, limit: .max)
        }
        for entry in recorded { directory.apply(try event(entry), at: entry.recordedAt) }
        return !recorded.isEmpty
    }

    private static func event(_ entry: RecordedEvent) throws(DiagnosticError) -> DirectoryEvent {
        let payload = (try? DataValue(json: entry.event.payload)) ?? .null
        return try DirectoryEvent(typeName: entry.event.type, version: entry.event.version, payload: payload)
    }

    // MARK: the audit log

    /// The stream's events from a sequence on, at most so many.
    nonisolated func recorded(
        from first: Int, limit: Int
    ) throws(DiagnosticError) -> [(event: DirectoryEvent, sequence: Int, at: Timestamp)] {
        let entries = try store.recorded { (journal) throws(JournalError) in
            try journal.events(of: Self.stream, from: first, limit: limit)
        }
        var found: [(event: DirectoryEvent, sequence: Int, at: Timestamp)] = []
        for entry in entries { found.append((try Self.event(entry), entry.sequence, entry.recordedAt)) }
        return found
    }

    /// Rows after a sequence, in order, at most so many; those that `isShown` lets through.
    package nonisolated func audit(
        after sequence: Int, limit: Int, isShown: (AuditRow) -> Bool
    ) throws(DiagnosticError) -> [AuditRow] {
        // Names are those of the time: the rows before are read, too.
        var reading = AuditReading()
        var rows: [AuditRow] = []
        let recorded = try store.recorded { (journal) throws(JournalError) in try journal.events(of: Self.stream) }
        for entry in recorded {
            let row = reading.row(try Self.event(entry), sequence: entry.sequence, at: entry.recordedAt)
            if entry.sequence > sequence, isShown(row) { rows.append(row) }
            if rows.count == limit { break }
        }
        return rows
    }
}
