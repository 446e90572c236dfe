// SPDX-License-Identifier: Apache-2.0

internal import ContentStore
internal import Diagnostics
internal import FileAccess
internal import PipelineModel
internal import StepExecution
internal import Synchronization

/// The workspaces of a run's jobs as they were after each step, kept for as long as the run is. Called on threads that may
/// block.
final class WorkspaceSnapshots: Sendable {
    /// The last snapshot of a workspace, and what tells whether it is still what the workspace holds.
    private struct Last: Sendable {
        var name: String?
        var sizeBytes: UInt64 = 0
        var vigil = TreeVigil()
    }

    private let content: LeasedContent
    private let namespace: String
    private let lasts = Mutex<[String: Last]>([:])

    init(store: RunStore, run: RunID) {
        content = LeasedContent(store.root)
        namespace = Self.namespace(run)
    }

    static func namespace(_ run: RunID) -> String { "snapshots-\(run)" }

    /// - Returns: the snapshot's name.
    func save(_ workspace: String) throws(DiagnosticError) -> String {
        // The steps of a job come one after the other; those of others have another workspace.
        let last = lasts.withLock { $0[workspace] } ?? Last()
        // Its reference was made, and the run's lease holds what it names.
        if let name = last.name, last.vigil.isQuiet { return name }
        let new = try content.with { (opened) throws(ContentError) in
            let saved = try opened.content.save(
                TreeSelection(root: workspace), under: opened.lease, watchedBy: last.vigil)
            let name = saved.id.description
            // An unchanged workspace has its name already.
            let reference = ContentReference(namespace: namespace, name: name, root: ContentRoot(.tree, saved.id))
            _ = try opened.content.setReference(reference, replacing: false)
            return Last(name: name, sizeBytes: saved.sizeBytes, vigil: last.vigil)
        }
        lasts.withLock { $0[workspace] = new }
        return new.name ?? ""
    }

    /// Of what the last snapshot of a workspace holds; `nil` where there is none.
    func sizeBytes(of workspace: String) -> UInt64? { lasts.withLock { $0[workspace]?.sizeBytes } }

    /// The workspace is not used any more.
    func forget(_ workspace: String) { lasts.withLock { $0[workspace] = nil } }

    /// Makes a workspace what the snapshot is; writes only what differs from what is there.
    ///
    /// - Throws: ``DiagnosticCode/snapshotMissing`` where it is not kept any more.
    func restore(_ name: String, to workspace: String) throws(DiagnosticError) {
        try Trees.make(workspace)
        if name == HostJob.emptySnapshot { return try Trees.empty(workspace) }
        guard let id = ContentID(name) else { throw Self.missing() }
        let isThere = try content.with { (opened) throws(ContentError) in
            guard try opened.content.use(namespace, name, under: opened.lease) != nil else { return false }
            do throws(ContentError) {
                _ = try opened.content.restore(
                    id, to: TreeSelection(root: workspace), .differences(removingOthers: true), under: opened.lease)
                return true
            } catch {
                guard error.lostContent != nil else { throw error }
                // Other snapshots may have the damaged part too: what is saved from now on stores it anew.
                _ = try opened.content.dropDamaged(of: id)
                return false
            }
        }
        guard isThere else { throw Self.missing() }
    }

    static func missing() -> DiagnosticError {
        DiagnosticError(
            .snapshotMissing,
            "The workspace as it was before that step is not kept, or is damaged: run the whole job again, with --job.",
            remedy: "Run the whole job again with --job.")
    }

    /// Lets go of all that was kept of a run.
    static func remove(of run: RunID, in store: RunStore) throws(DiagnosticError) {
        let content = LeasedContent(store.root)
        guard Files.isDirectory(content.path) else { return }
        try content.with { (opened) throws(ContentError) in
            for reference in try opened.content.references(in: namespace(run)) {
                _ = try opened.content.removeReference(reference.namespace, reference.name)
            }
        }
    }
}
