// SPDX-License-Identifier: Apache-2.0

package import AccessRules
package import Diagnostics
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

    /// Ends what a project that was removed has under way, and what of it waits to be let begin.
    package func endAll(of project: Project) async throws(DiagnosticError) {
        let text = "Its project '\(project.settings.name)' was removed."
        await runs.cancelAll(of: project.id.description, text)
        for (row, _) in try heldRuns(of: [project.id.description]) {
            do {
                _ = try await runs.release(row.run, isApproved: false, reason: text)
            } catch {
                throw (error as? DiagnosticError) ?? DiagnosticError(.entryMissing, "\(error)")
            }
        }
    }
}
