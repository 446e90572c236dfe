// SPDX-License-Identifier: Apache-2.0

package import AccessRules
package import Diagnostics
internal import EventJournal
internal import RunCoordination
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

    /// The newest rows before a sequence, the newest first.
    ///
    /// - Parameters:
    ///   - before: `nil`: from the newest on.
    ///   - isShown: whether who asks may see a row.
    package nonisolated func audit(
        _ query: AuditQuery, before: Int?, limit: Int, isShown: @escaping @Sendable (AuditRow) -> Bool
    ) async throws(DiagnosticError) -> [AuditRow] {
        var newest: [AuditRow] = []
        try await eachBatch(query, isShown: isShown) { rows in
            newest += rows.filter { row in before.map { row.sequence < $0 } ?? true }
            if newest.count > limit { newest.removeFirst(newest.count - limit) }
        }
        return newest.reversed()
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
            try await take(read.rows)
        }
    }

    /// The same for what does not fail by itself.
    private nonisolated func eachBatch(
        _ query: AuditQuery, isShown: @escaping @Sendable (AuditRow) -> Bool, _ take: ([AuditRow]) -> Void
    ) async throws(DiagnosticError) {
        do {
            try await eachBatch(query, isShown: isShown) { (rows) async throws(DiagnosticError) in take(rows) }
        } catch let error as DiagnosticError {
            throw error
        } catch {
            preconditionFailure("nothing else fails here")
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
