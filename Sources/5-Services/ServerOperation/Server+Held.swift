// SPDX-License-Identifier: Apache-2.0

package import AccessRules
package import Diagnostics
package import PipelineModel
internal import RunCoordination
package import RunIndex

/// Runs that do not begin before somebody lets them: of code that is not the project's own.
extension Server {
    /// Of some projects, the newest first. - Parameter projects: `nil`: all.
    package func heldRuns(of projects: [String]?) throws(DiagnosticError) -> [(row: RunRow, reason: String)] {
        var query = RunQuery(limit: RunQuery.maximumLimit)
        query.state = .waiting
        query.projects = projects
        var held: [(row: RunRow, reason: String)] = []
        for row in try index.runs(query) {
            if let reason = try store.heldReason(of: row.run) { held.append((row, reason)) }
        }
        return held
    }

    /// Lets a held run begin, or ends it without a step; the act is in the audit log before it is done.
    ///
    /// - Throws: ``DiagnosticCode/runOver`` where somebody else has answered.
    package func answerHeld(
        _ run: RunID, isApproved: Bool, comment: String?, by actor: Actor
    ) async throws(DiagnosticError) {
        guard let project = try project(of: run) else {
            throw DiagnosticError(.entryMissing, "There is no run \(run).")
        }
        let answered = DiagnosticError(.runOver, "Run \(run) does not wait for an approval any more.")
        guard try store.heldReason(of: run) != nil else { throw answered }
        _ = try await directory.perform(
            .note(Acted(isApproved ? .approved : .rejected, project: project, run: run.number, reason: comment)),
            by: actor)
        let isDone: Bool
        do {
            let reason = "\(actor.name) did not let it begin" + (comment.map { ": \($0)" } ?? ".")
            isDone = try await runs.release(run, isApproved: isApproved, reason: reason)
        } catch {
            throw (error as? DiagnosticError) ?? DiagnosticError(.entryMissing, "\(error)")
        }
        guard isDone else { throw answered }
    }
}
