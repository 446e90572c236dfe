// SPDX-License-Identifier: Apache-2.0

package import AccessRules
package import Diagnostics
internal import EventJournal
internal import RunCoordination
internal import Synchronization
internal import ThreadExecution
package import Timekeeping

/// Which rows of the audit log are wanted.
package struct AuditQuery: Sendable {
    package var project: EntryID?
    /// A name or an id, of whoever did it or whose token did.
    package var actor: String?
    package var type: String?
    package var since: Timestamp?
    /// Not with it.
    package var until: Timestamp?

    package init() {}

    func isWanted(_ row: AuditRow, _ names: (EntryID) -> String) -> Bool {
        if let project, row.place != .project(project) { return false }
        if let type, row.type != type { return false }
        if let since, row.time < since { return false }
        if let until, row.time >= until { return false }
        guard let actor else { return true }
        let wanted = actor.lowercased()
        let owners = [row.actor.id, row.actor.owner].compactMap { $0 }
        return row.actor.name.lowercased() == wanted
            || owners.contains { $0.description == actor || names($0).lowercased() == wanted }
    }
}

extension DirectoryKeeper {
    private static let batch = 1_000

    /// The newest rows before a sequence, the newest first. It reads backwards from there, a part at a time, as far as the names
    /// of the time are still known from an earlier reading; without one it begins at the beginning.
    ///
    /// - Parameters:
    ///   - before: `nil`: from the newest on.
    ///   - isShown: whether who asks may see a row.
    package nonisolated func audit(
        _ query: AuditQuery, before: Int?, limit: Int, isShown: @escaping @Sendable (AuditRow) -> Bool
    ) async throws(DiagnosticError) -> [AuditRow] {
        var found: [AuditRow] = []
        var end = before
        while true {
            let mark = marks.last(before: end ?? .max)
            let stop = end
            let rows = try await BlockingWork.attempt { () throws(DiagnosticError) in
                try self.rows(from: mark, before: stop, limit: limit, query, isShown)
            }
            found = rows + found
            if found.count >= limit || mark.first <= 1 { return found.suffix(limit).reversed() }
            end = mark.first
        }
    }

    /// The last rows of a part, in order.
    private nonisolated func rows(
        from mark: AuditMark, before end: Int?, limit: Int, _ query: AuditQuery, _ isShown: (AuditRow) -> Bool
    ) throws(DiagnosticError) -> [AuditRow] {
        var (first, reading) = (mark.first, mark.reading)
        var rows: [AuditRow] = []
        while end.map({ first < $0 }) ?? true {
            let read = try read(from: first, reading, query, isShown)
            guard read.count > 0 else { break }
            rows += read.rows.filter { row in end.map { row.sequence < $0 } ?? true }
            if rows.count > limit { rows.removeFirst(rows.count - limit) }
            first += read.count
            reading = read.reading
            if read.count == Self.batch { marks.note(AuditMark(first: first, reading: reading)) }
        }
        return rows
    }

    /// All rows, in order, a batch at a time.
    package nonisolated func eachBatch<Failure: Error>(
        _ query: AuditQuery, isShown: @escaping @Sendable (AuditRow) -> Bool,
        _ take: ([AuditRow]) async throws(Failure) -> Void
    ) async throws {
        // Names are those of the time: the rows before are read, too.
        var reading = AuditReading()
        var first = 1
        while true {
            let (start, state) = (first, reading)
            let read = try await BlockingWork.attempt { () throws(DiagnosticError) in
                try self.read(from: start, state, query, isShown)
            }
            guard read.count > 0 else { return }
            first += read.count
            reading = read.reading
            if read.count == Self.batch { marks.note(AuditMark(first: first, reading: reading)) }
            try await take(read.rows)
        }
    }

    private nonisolated func read(
        from first: Int, _ state: AuditReading, _ query: AuditQuery, _ isShown: (AuditRow) -> Bool
    ) throws(DiagnosticError) -> (rows: [AuditRow], count: Int, reading: AuditReading) {
        var reading = state
        var rows: [AuditRow] = []
        let recorded = try recorded(from: first, limit: Self.batch)
        for entry in recorded {
            let row = reading.row(entry.event, sequence: entry.sequence, at: entry.at)
            if query.isWanted(row, reading.directory.name(of:)), isShown(row) { rows.append(row) }
        }
        return (rows, recorded.count, reading)
    }
}

/// The directory as it was at a place of its stream: who reads on from there knows the names of the time.
struct AuditMark: Sendable {
    /// The event that comes next.
    var first: Int
    var reading: AuditReading
}

/// The last of them that readers came by.
final class AuditMarks: Sendable {
    private let known = Mutex<[AuditMark]>([])
    private static let kept = 4

    /// The last one before a sequence; the beginning where there is none.
    func last(before end: Int) -> AuditMark {
        known.withLock { marks in marks.last { $0.first < end } } ?? AuditMark(first: 1, reading: AuditReading())
    }

    /// Keeps it where it is newer than those that are known.
    func note(_ mark: AuditMark) {
        known.withLock { marks in
            guard marks.last.map({ $0.first < mark.first }) ?? true else { return }
            marks.append(mark)
            if marks.count > Self.kept { marks.removeFirst() }
        }
    }
}
