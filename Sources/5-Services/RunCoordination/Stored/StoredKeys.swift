// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import ObjectStorage
internal import PipelineModel
internal import RuntimeServices
internal import ThreadExecution

/// The keys of what is kept as objects. All that is a run's is below its number, which is never given again; a cache outlives its
/// run, and is below its project.
enum StoredKeys {
    static func run(_ run: String) -> String { "runs/\(run)/" }

    static func artifacts(_ run: String) -> String { "runs/\(run)/artifacts/" }

    static func logs(_ run: RunID, attempt: Int) throws(DiagnosticError) -> ObjectKey {
        try ObjectKey("runs/\(run)/\(attempt)/logs.zip")
    }

    static func artifact(_ blob: StoredBlob, of run: String) throws(DiagnosticError) -> ObjectKey {
        try ObjectKey(artifacts(run) + blob.name)
    }

    /// The run whose artifact a key is; `nil`: it is another thing's.
    static func artifactRun(_ key: String) -> RunID? {
        let parts = key.split(separator: "/")
        return parts.count == 4 && parts[0] == "runs" && parts[2] == "artifacts" ? RunID(parts[1]) : nil
    }

    static func caches(_ project: String) -> String { "projects/\(project)/caches/" }

    /// A new one each time: a key is never given twice.
    static func cache(of project: String) throws(DiagnosticError) -> ObjectKey {
        try ObjectKey(caches(project) + newName())
    }

    /// Nobody has it, and nobody guesses it.
    static func newName() -> String {
        let halves = [UInt64.random(in: 0...UInt64.max), UInt64.random(in: 0...UInt64.max)]
        return halves.map { String($0, radix: 36) }.joined(separator: "-")
    }

    /// Blocks. The artifact's entry is gone already.
    static func remove(_ artifact: ArtifactEntry, from objects: (any ObjectStore)?) throws(DiagnosticError) {
        try remove(artifact.blobs, of: artifact.origin.run, from: objects)
    }

    /// Blocks. No entry names the blobs.
    static func remove(
        _ blobs: [StoredBlob], of run: String, from objects: (any ObjectStore)?
    ) throws(DiagnosticError) {
        guard let objects, !blobs.isEmpty else { return }
        var keys: [ObjectKey] = []
        for blob in blobs { keys.append(try artifact(blob, of: run)) }
        let gone = keys
        try BlockingWork.awaited { () async throws(DiagnosticError) in try await objects.remove(gone) }
    }
}
