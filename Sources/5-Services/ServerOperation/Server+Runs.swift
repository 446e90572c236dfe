// SPDX-License-Identifier: Apache-2.0

package import AccessRules
package import Diagnostics
internal import FileAccess
internal import LogArchive
package import PipelineModel
internal import ProcessControl
package import RunCoordination
package import RunIndex
internal import Synchronization
internal import Timekeeping

/// What is asked of runs.
extension Server {
    /// As people reach it, without a slash at the end.
    package var address: String { settings.publicURL ?? state.withLock { $0.url } }

    /// The project that a run is of; `nil`: there is no such run, or it has none.
    package func project(of run: RunID) throws(DiagnosticError) -> EntryID? {
        if let row = try row(of: run) { return EntryID(row.project) }
        if isShared, let project = try decidingProject(of: run) { return EntryID(project) }
        return try store.removal(of: run).removed.flatMap { EntryID($0.project) }
    }

    /// Why there is no such run: it was removed, or there never was one.
    package func missing(_ run: RunID) -> DiagnosticError {
        guard let story = try? store.removal(of: run), let removed = story.removed else {
            return DiagnosticError(.entryMissing, "There is no run \(run).")
        }
        let day = story.removedAt.map { " on \($0.description.prefix(10))" } ?? ""
        return DiagnosticError(
            .runRemoved, "Run \(run) of '\(removed.workflow)' was removed\(day). \(removed.reason)",
            remedy:
                "Nothing of it is left here. How long runs are kept: martlet server --help, and the project's settings."
        )
    }

    /// What lists show of a run: of one that has just begun, what its record says.
    package func row(of run: RunID) throws(DiagnosticError) -> RunRow? {
        if let row = try index.run(run) { return row }
        guard store.exists(run) else { return nil }
        return RunRow(run, try RunHistory(store: store, run: run))
    }

    package func projectName(_ id: String) -> String {
        EntryID(id).map { directory.current.name(of: $0) } ?? id
    }

    /// - Parameter attempt: `nil`: the newest.
    /// - Throws: ``DiagnosticCode/entryMissing``.
    package func report(of run: RunID, attempt: Int?) throws(DiagnosticError) -> RunReport {
        guard store.exists(run) else { throw missing(run) }
        let last = max(1, try store.lastAttempt(of: run))
        let wanted = attempt ?? last
        guard (1...last).contains(wanted) else {
            throw DiagnosticError(.entryMissing, "Run \(run) has no attempt \(wanted); it has \(last).")
        }
        let store = store
        return try reports.value(run, wanted, isFinal: { $0.state == .finished }) { () throws(DiagnosticError) in
            try RunReport(store: store, run: run, attempt: wanted)
        }
    }

    /// Cancels a run; the act is in the audit log before it is done.
    package func cancel(
        _ run: RunID, isForced: Bool, reason: String, by actor: Actor
    ) async throws(DiagnosticError) {
        guard let project = try project(of: run) else {
            throw missing(run)
        }
        guard store.exists(run) else { throw missing(run) }
        let isHeld = try store.heldReason(of: run) != nil
        let isActive = await runs.isActive(run)
        guard isHeld || isActive else { throw DiagnosticError(.runOver, "Run \(run) is over.") }
        _ = try await directory.perform(
            .note(Acted(.cancelled, project: project, run: run.number, reason: reason)), by: actor)
        let isDone: Bool
        do {
            isDone = try await runs.cancel(run, isForced: isForced, reason: reason)
        } catch {
            throw (error as? DiagnosticError) ?? DiagnosticError(.entryMissing, "\(error)")
        }
        guard isDone else { throw DiagnosticError(.runOver, "Run \(run) is over.") }
    }

    /// Runs an ended run again, or a part of it; the act is in the audit log before the attempt begins.
    ///
    /// - Parameter key: of who asked; asked again with it, the attempt that it began is told again. `nil`: none.
    /// - Returns: the new attempt.
    package func rerun(
        _ run: RunID, _ selection: RunSession.Selection, key: String? = nil, by actor: Actor
    ) async throws(DiagnosticError) -> Int {
        guard let row = try row(of: run), let project = EntryID(row.project) else {
            throw missing(run)
        }
        guard store.exists(run) else { throw missing(run) }
        // Listed as not over before it begins: a process that starts looks for runs that are not over by the list.
        var open = row
        open.state = .waiting
        if row.state == .finished { try lists.put([open]) }
        let attempt: Int
        do {
            attempt = try await runs.rerun(run, selection, key: key) { [directory] next in
                _ = try await directory.perform(
                    .note(Acted(.rerun, project: project, run: run.number, attempt: next)), by: actor)
            }
        } catch {
            if row.state == .finished, await !runs.isActive(run) { try lists.put([row]) }
            throw (error as? DiagnosticError) ?? DiagnosticError(.entryMissing, "\(error)")
        }
        return attempt
    }

    /// Whether something of a log is written.
    package func isLog(at path: String) -> Bool { Files.facts(path) != nil }

    package func logPath(_ place: LogPlace) -> String {
        store.logs(of: place.run, attempt: place.attempt).file(
            LogKey(
                job: RunStore.fileName(place.job), step: place.step.step.description, attempt: place.step.number))
    }
}
