// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import PipelineModel
package import RunCoordination
package import SourceControl
package import StructuredData
package import Timekeeping

/// What a trigger desk needs of the rest of the server.
package struct TriggerSurroundings: Sendable {
    package var store: RunStore
    /// Holds a folder a project: its mirror, and the files of commits that were planned.
    package var folder: String
    /// Of the server: `PATH`, `MARTLET_HOME`, `MARTLET_ACTIONS_DIR`, `MARTLET_OFFLINE`.
    package var environment: [String: String]
    package var now: @Sendable () -> Timestamp
    /// All projects, by their ids.
    package var projects: @Sendable () -> [TriggerProject]
    /// What opens a project's remote; `nil`: nothing is needed.
    package var credential: @Sendable (TriggerProject) throws(DiagnosticError) -> GitCredential?
    /// Whether this server does what time brings for a project.
    package var isHome: @Sendable (_ project: String) -> Bool = { _ in true }
    /// Throws where the server does not go to a project's remote.
    package var reach: @Sendable (TriggerProject) async throws(DiagnosticError) -> Void
    /// What `vars` holds for the runs of a project.
    package var variables: @Sendable (TriggerProject) throws(DiagnosticError) -> DataObject
    /// Begins a run, or holds it where ``PlannedRun/fork`` asks for an approval, and returns once it is on the disk. One that was begun in an
    /// earlier process and of which only the record is there must be among those that are recovered.
    package var start: @Sendable (PlannedRun) async throws -> RunID
    /// Sees that a run goes on of which there is a record: a server that lost its projects in between may have left no more of it.
    package var goOn: @Sendable (RunID) async throws -> Void = { _ in }
    /// What became of a delivery, once it is recorded.
    package var worked: @Sendable (TriggerProject, [WorkflowVerdict]) -> Void
    /// Something went wrong that nobody waits for.
    package var report: @Sendable (DiagnosticError) -> Void

    package init(
        store: RunStore, folder: String, environment: [String: String],
        now: @escaping @Sendable () -> Timestamp = { Timestamp.now() },
        projects: @escaping @Sendable () -> [TriggerProject],
        start: @escaping @Sendable (PlannedRun) async throws -> RunID
    ) {
        self.store = store
        self.folder = folder
        self.environment = environment
        self.now = now
        self.projects = projects
        self.start = start
        credential = { (_) throws(DiagnosticError) in nil }
        reach = { (_) throws(DiagnosticError) in }
        variables = { (project) throws(DiagnosticError) in project.vars }
        worked = { _, _ in }
        report = { _ in }
    }
}
