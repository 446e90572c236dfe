// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
package import Diagnostics
package import RunCoordination
package import RunIndex
package import SourceControl
internal import ThreadExecution
internal import TriggerIntake

/// What a job would change at its environment.
package struct DeploymentComparison: Sendable {
    /// What stands there now.
    package var deployed: Deployment
    /// From its commit to the run's; `nil` where that is not known.
    package var span: CommitSpan?
}

extension Server {
    /// Commits of a comparison that are shown.
    private static let shownCommits = 50

    /// - Returns: `nil` where nothing stands there yet.
    package func comparison(
        of row: RunRow, at environment: String
    ) async throws(DiagnosticError) -> DeploymentComparison? {
        guard let deployed = try await deployed(environment, row.project) else { return nil }
        guard let project = EntryID(row.project).flatMap({ directory.current.projects[$0] }) else {
            return DeploymentComparison(deployed: deployed)
        }
        let mirror = triggers.mirror(of: TriggerProject(project))
        let new = row.sha
        let span = try await BlockingWork.attempt { () throws(DiagnosticError) in
            try mirror.span(from: deployed.sha, to: new, limit: Self.shownCommits)
        }
        return DeploymentComparison(deployed: deployed, span: span)
    }

    private func deployed(_ environment: String, _ project: String) async throws(DiagnosticError) -> Deployment? {
        do {
            return try await runs.deployed(environment, of: project)
        } catch {
            throw (error as? DiagnosticError) ?? DiagnosticError(.entryMissing, "\(error)")
        }
    }
}
