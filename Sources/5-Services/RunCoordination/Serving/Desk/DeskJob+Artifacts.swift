// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import ObjectStorage
internal import PipelineModel
internal import ProcessControl
internal import RunnerProtocol
internal import RuntimeServices
internal import StructuredData
internal import Synchronization
internal import Timekeeping

/// Artifacts: those of the job's own run, and, for code that is the project's own, of the project's other runs.
extension DeskJob {
    private var run: String { lease.work.run.description }
    private static let lockSeconds: Int64 = 600

    func prepare(_ call: StorageCall) throws -> @Sendable () throws(DiagnosticError) -> DataValue {
        let details = DataValue.object(call.details)
        let answer: DataValue
        switch call.act {
        case .caches: answer = Self.list(try visibleCaches(details["version"]?.string))
        case .reserve: answer = try reserve(details)
        case .release: answer = try release(details)
        case .touch: answer = try touch(details)
        case .dropDamaged: answer = try dropDamaged(details)
        case .tree: answer = try tree(details)
        case .link: answer = try link(details)
        case .uploadLink: answer = try uploadLink(details)
        case .bring: answer = try bring(details)
        case .missing: answer = ["chunks": .array(try missing(details.strings("chunks")).map(DataValue.string))]
        case .artifacts: answer = Self.list(try visibleArtifacts(try details.string("run")))
        case .keepCache: return try keepCache(details)
        case .keepArtifact: return try keepArtifact(details)
        case .removeArtifact: return try removeArtifact(details)
        }
        return { answer }
    }

    private static func list(_ entries: [some DataRepresentable]) -> DataValue {
        ["entries": .array(entries.map(\.data))]
    }

    func visibleArtifacts(_ run: String) throws -> [ArtifactEntry] {
        if run != self.run {
            let root = try Int(run).flatMap { try RunRecord.root(of: RunID($0), in: store) }
            // Code of somebody else sees what its own run made.
            guard record.givesSecrets, root == record.repository.root else {
                throw refused("artifacts of the run '\(run.prefix(40))'")
            }
        }
        let entries = try artifacts.index.artifacts(ofRun: run)
        state.withLock { state in
            for blob in entries.flatMap(\.blobs) {
                state.blobs[blob.name] = blob
                state.runsOfBlobs[blob.name] = run
            }
        }
        return entries
    }

    private func removeArtifact(_ details: DataValue) throws -> @Sendable () throws(DiagnosticError) -> DataValue {
        let (name, attempt) = (try details.string("name"), try details.int("attempt"))
        let (artifacts, run) = (artifacts, run)
        return { [self] () throws(DiagnosticError) in
            let found = try artifacts.index.artifacts(ofRun: run).first {
                $0.name == name && $0.origin.attempt == attempt
            }
            guard let found else { return [:] }
            try artifacts.index.remove(found)
            for blob in found.blobs { try artifacts.shelf.remove(blob) }
            // The coordinator waits for no store.
            removeObjects(of: found.blobs)
            return [:]
        }
    }

    // MARK: publishing

    private func keepArtifact(_ details: DataValue) throws -> @Sendable () throws(DiagnosticError) -> DataValue {
        let said = try ArtifactEntry(data: details["entry"] ?? .null)
        try ArtifactVault.check(said.name)
        var entry = said
        entry.origin = origin(step: said.origin.step)
        entry.created = .now()
        let latest = entry.created + .days(UploadArtifactAction.retentionDays)
        entry.expires = said.expires.map { min($0, latest) } ?? latest
        let all = try artifacts.index.artifacts(ofRun: run)
        guard !all.contains(where: { $0.id == said.id && $0.name != said.name }) else {
            throw refused("an artifact with the number of another one")
        }
        switch said.content {
        case .archive(let blob):
            entry.content = .archive(try take(blob))
            return publishing(entry, replacing: details.bool("replaces"), uploads: [blob.name])
        case .files(let files):
            return try publishing(entry, files)
        }
    }

    private func publishing(
        _ entry: ArtifactEntry, replacing: Bool, uploads: [String]
    ) -> @Sendable () throws(DiagnosticError) -> DataValue {
        let (artifacts, run) = (artifacts, run)
        return { [self] () throws(DiagnosticError) in
            let old = try artifacts.index.artifacts(ofRun: run).first {
                $0.name == entry.name && $0.origin.attempt == entry.origin.attempt
            }
            // Said a second time, because the answer was lost.
            if let old, old.id == entry.id, old.blobs == entry.blobs { return ["kept": true] }
            let isKept = try artifacts.index.add(entry, replacing: replacing)
            let gone = isKept ? old?.blobs ?? [] : entry.blobs
            for blob in gone { try? artifacts.shelf.remove(blob) }
            for name in uploads { settle(name, isPublished: isKept) }
            removeObjects(of: gone)
            return ["kept": .bool(isKept)]
        }
    }

    private func removeObjects(of blobs: [StoredBlob]) {
        // They go with their run, if not now.
        removeLater(blobs.map { try? StoredKeys.artifact($0, of: run).text })
    }

    /// What was put at a link, or came through the server.
    private func take(_ said: StoredBlob) throws(DiagnosticError) -> StoredBlob {
        if let linked = try takeLinked(said, .artifact) { return linked.blob }
        return try takeUpload(said)
    }

    /// An artifact of the third version grows by the files of several jobs, one after the other.
    private func publishing(
        _ said: ArtifactEntry, _ files: [ArtifactFile]
    ) throws -> @Sendable () throws(DiagnosticError) -> DataValue {
        let lock = try FileLock.waiting(
            path: artifacts.addingLockPath(), until: .now() + .seconds(Self.lockSeconds))
        let old = try artifacts.visible(run: run).first { $0.name == said.name }
        var others: [ArtifactFile] = []
        if let old, case .files(let known) = old.content { others = known }
        let known = Set(others.map(\.blob))
        var (added, uploads) = ([ArtifactFile](), [String]())
        for var file in files where !known.contains(file.blob) {
            uploads.append(file.blob.name)
            file.blob = try take(file.blob)
            added.append(file)
        }
        let names = Set(added.map(\.path))
        var entry = said
        entry.id = old?.id ?? said.id
        entry.origin.attempt = old?.origin.attempt ?? said.origin.attempt
        entry.content = .files(others.filter { !names.contains($0.path) } + added)
        let (artifacts, whole, taken) = (artifacts, entry, uploads)
        return { [self] () throws(DiagnosticError) in
            defer { withExtendedLifetime(lock) {} }
            let isKept = try artifacts.index.add(whole, replacing: true)
            for name in taken { settle(name, isPublished: isKept) }
            return ["kept": .bool(isKept)]
        }
    }
}
