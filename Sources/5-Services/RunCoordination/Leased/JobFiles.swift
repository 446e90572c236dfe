// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
internal import PipelineModel
internal import SourceControl
internal import StructuredData

/// The settings and actions of a job's commit, on the machine that carries it out: a mirror has no files of its own.
extension JobContent {
    /// Commits of a project whose files stay for the next job.
    private static let commitsKept = 32

    /// What the commit says of other repositories (`.martlet/sources.yml`), as the server planned with it.
    ///
    /// - Parameters:
    ///   - store: of the runner; the files are kept there.
    ///   - environment: of the runner.
    /// - Throws: ``DiagnosticCode/commitMissing``, ``DiagnosticCode/commitFilesTooLarge``.
    package func workflowFiles(
        in store: RunStore, environment: [String: String]
    ) throws(DiagnosticError) -> WorkflowFiles {
        let repository = record.repository
        guard record.isPinned else {
            return WorkflowFiles(
                folder: repository.root, environment: environment, isTrusted: record.isTrusted)
        }
        let mirror = ProjectMirror(folder: repository.root, address: repository.fullName)
        let name = ContentDigest.of(Array(repository.root.utf8)).prefix(16)
        let files = CommitFiles(root: "\(store.root)/trees/\(name)", mirror: mirror)
        if files.existing(repository.sha) == nil { Self.makeRoom(files.root) }
        var state = repository
        state.root = try files.export(repository.sha).folder
        // Actions that lie in the commit itself are more than what planning reads of them.
        guard record.isTrusted else { return WorkflowFiles(exported: state, environment: environment) }
        let usesOwn = record.plan.data.jsonText().contains("\"$/")
        let isWhole = usesOwn ? true : try Self.namesOwnFolders(state.root)
        if isWhole { state.root = try files.exportWhole(repository.sha) }
        return WorkflowFiles(exported: state, environment: environment)
    }

    private static func namesOwnFolders(_ root: String) throws(DiagnosticError) -> Bool {
        var settings = try SourceSettings.read(root: root, first: nil, forge: "https://github.com")
        settings.leaveOutPrivate(root: root, given: nil)
        return settings.sources.contains { if case .folder = $0 { true } else { false } }
    }

    /// The oldest go; who still reads one has its files open, or has it made anew.
    private static func makeRoom(_ root: String) {
        let folders = ((try? Trees.list(root)) ?? []).map { "\(root)/\($0.name)" }.filter(Files.isDirectory)
        guard folders.count >= commitsKept else { return }
        let byAge = folders.sorted {
            (Files.facts($0)?.modifiedNanoseconds ?? 0) < (Files.facts($1)?.modifiedNanoseconds ?? 0)
        }
        for folder in byAge.prefix(folders.count - commitsKept + 1) {
            try? Trees.remove(folder)
            try? Files.remove(folder + ".commit")
        }
    }
}
