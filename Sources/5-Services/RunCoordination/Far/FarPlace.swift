// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
internal import PipelineModel
internal import ProcessControl
internal import RunnerProtocol
internal import SourceControl
internal import StructuredData
internal import Synchronization

/// The server, to a job that is carried out on another machine: where its code comes from, and where its caches and artifacts
/// go. Nothing of the server's disk is named.
package final class FarPlace: Sendable {
    package let line: ServerLine
    let code: FarCode

    /// - Parameter record: as the server gave it.
    /// - Throws: ``DiagnosticCode/codeNotGiven`` where the run's code is no commit.
    package init(_ line: ServerLine, store: RunStore, record: RunRecord) throws(DiagnosticError) {
        guard record.isPinned, let project = record.project else {
            throw DiagnosticError(
                .codeNotGiven, "The job's code is no commit of a project, and cannot leave the server.",
                remedy: "Run it on the server's own runner.")
        }
        self.line = line
        let name = ContentDigest.of(Array(project.utf8)).prefix(16)
        code = FarCode(line, folder: "\(store.root)/mirrors/\(name)", commit: record.repository.sha)
    }

    /// Brings the job's commit.
    ///
    /// - Returns: the same job, with its code on this machine.
    package func bring(_ content: JobContent) throws(DiagnosticError) -> JobContent {
        try code.bring(withRefs: false)
        var content = content
        content.record.repository.root = code.mirror.folder
        return content
    }
}

/// A job's code, on a machine that is not the server's: a mirror a project, which grows by what it has not got.
final class FarCode: Sendable {
    private struct State: Sendable {
        var hasRefs = false
        var broughtBytes = 0
    }

    let mirror: ProjectMirror
    private let line: ServerLine
    private let folder: String
    private let commit: String
    private let state = Mutex(State())
    private static let lockSeconds: Int64 = 3_600

    init(_ line: ServerLine, folder: String, commit: String) {
        self.line = line
        self.folder = folder
        self.commit = commit
        mirror = ProjectMirror(folder: folder + "/mirror.git", address: "the server")
    }

    /// Bytes that came from the server for this job.
    var broughtBytes: Int { state.withLock { $0.broughtBytes } }

    /// Brings the commit, and branches and tags where a step needs them; what is here already is not asked for. Blocks.
    func bring(withRefs: Bool) throws(DiagnosticError) {
        try Trees.make(folder, mode: 0o700)
        // Of two jobs of a project the second finds what the first has brought.
        let lock = try FileLock.waiting(path: folder + "/fetch.lock", until: .now() + .seconds(Self.lockSeconds))
        defer { withExtendedLifetime(lock) {} }
        try mirror.prepare()
        if try withRefs ? state.withLock({ $0.hasRefs }) : mirror.has(commit) { return }
        let offer = try line.code(haves: try mirror.tips(limit: RunnerLimits.haves), withRefs: withRefs)
        guard offer.commit == commit else { throw ServerLine.unreadable("it is another commit") }
        if let bundle = offer.bundle { try take(bundle) }
        let refs = offer.refs.map { ProjectMirror.Ref(name: $0.name, object: $0.object) }
        try mirror.name(commit, refs: withRefs ? refs : nil)
        if withRefs { state.withLock { $0.hasRefs = true } }
    }

    /// What came before the connection was lost, or the runner ended, is not asked for again.
    private func take(_ bundle: CodeOffer.Bundle) throws(DiagnosticError) {
        guard bundle.digest.utf8.count == 64, bundle.digest.allSatisfy(\.isHexDigit) else {
            throw ServerLine.unreadable("its bundle has no digest")
        }
        let path = "\(folder)/\(bundle.digest).bundle"
        removeOthers(than: bundle.digest)
        let file = try AppendingFile(path: path)
        if file.sizeBytes > bundle.sizeBytes { try file.cut(to: 0) }
        while file.sizeBytes < bundle.sizeBytes {
            let piece = try line.piece(.bundle, bundle.digest, at: Int(file.sizeBytes))
            guard !piece.isEmpty, Int(file.sizeBytes) + piece.count <= bundle.sizeBytes else {
                throw ServerLine.unreadable("its bundle has another size")
            }
            try file.append(piece)
            state.withLock { $0.broughtBytes += piece.count }
        }
        defer { try? Files.remove(path) }
        guard try FileDigest.of(path) == bundle.digest else {
            throw ServerLine.unreadable("its bundle has another digest")
        }
        try mirror.take(bundle: path)
    }

    private func removeOthers(than digest: String) {
        for item in (try? Trees.list(folder)) ?? []
        where item.name.hasSuffix(".bundle") && item.name != digest + ".bundle" {
            try? Files.remove("\(folder)/\(item.name)")
        }
    }
}
