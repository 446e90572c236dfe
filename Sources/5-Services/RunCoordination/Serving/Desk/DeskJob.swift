// SPDX-License-Identifier: Apache-2.0

internal import ContentStore
internal import Diagnostics
internal import FileAccess
internal import ObjectStorage
internal import PipelineModel
internal import RunnerProtocol
internal import RuntimeServices
internal import SourceControl
internal import StructuredData
internal import Synchronization
internal import ThreadExecution

/// What one lease has fetched and brought. Used by several threads at once; calls block.
final class DeskJob: Sendable {
    struct State: Sendable {
        var making: [CodeRequest: Task<Result<CodeOffer, DiagnosticError>, Never>] = [:]
        var bundles: Set<String> = []
        /// Blobs that the job was told of, and may read.
        var blobs: [String: StoredBlob] = [:]
        /// Runs whose artifacts they are.
        var runsOfBlobs: [String: String] = [:]
        /// Of caches: where they are in the object storage.
        var objects: [String: StoredObject] = [:]
        /// Chunks that the job has brought, or was given: others are not there for it, whoever else has them.
        var chunks: Set<ContentChunk> = []
        var deposit: ContentDeposit?
        var reservations: Set<CacheName> = []
        var uploads: [String: Int] = [:]
        /// Uploads that are on the shelf: who publishes again, because the answer was lost, means the same bytes.
        var taken: [String: StoredBlob] = [:]
        /// Uploads that were to be put at links, by the runner's names, and are not published.
        var linked: [String: LinkedUpload] = [:]
        /// Those that are: who publishes again means the same.
        var settled: [String: LinkedUpload] = [:]
        /// Keys that links were given to, and that no entry will have.
        var forsaken: [ObjectKey] = []
        var isDismissed = false
    }

    let store: RunStore
    let lease: LeaseKey
    let record: RunRecord
    let folder: String
    let access: CacheAccess
    let caches: CacheVault
    let artifacts: ArtifactVault
    /// To the object storage; `nil`: there is none.
    let links: StoreLinks?
    let state = Mutex(State())
    private let refresh: @Sendable (_ project: String, _ folder: String) -> Void
    /// One piece of an upload at a time.
    let uploading = Mutex(())

    init(
        store: RunStore, links: StoreLinks?, lease: LeaseKey, record: RunRecord, folder: String,
        refresh: @escaping @Sendable (_ project: String, _ folder: String) -> Void
    ) {
        self.refresh = refresh
        self.store = store
        self.links = links
        self.lease = lease
        self.record = record
        self.folder = folder
        access = RunServices.cacheAccess(record)
        let vaults = NativeVaults(store: store, run: lease.work.run, record: record)
        caches = vaults.caches
        artifacts = vaults.artifacts
    }

    /// The job is over, or somebody else's: names that it took are free, and what it did not publish goes.
    func dismiss() {
        let names = state.withLock { state in
            state.isDismissed = true
            state.deposit = nil
            state.forsaken += state.linked.values.map(\.key)
            state.linked = [:]
            defer { state.reservations = [] }
            return state.reservations
        }
        for name in names { caches.index.release(name) }
        removeForsaken()
        try? Trees.remove(folder)
    }

    func refused(_ what: String) -> DiagnosticError {
        DiagnosticError(.handoverRefused, "The job '\(lease.work)' may not have \(what).")
    }

    // MARK: code

    /// Begins to make what is asked for, once.
    func making(_ request: CodeRequest) -> Task<Result<CodeOffer, DiagnosticError>, Never> {
        state.withLock { state in
            if let known = state.making[request] { return known }
            let task = Task { [self] in
                await Self.result { () throws(DiagnosticError) in try self.offer(request) }
            }
            state.making[request] = task
            return task
        }
    }

    private func offer(_ request: CodeRequest) throws(DiagnosticError) -> CodeOffer {
        let commit = record.repository.sha
        guard record.isPinned, !commit.isEmpty else {
            throw DiagnosticError(.codeNotGiven, "The run \(lease.work.run) has no commit that could be given.")
        }
        let mirror = ProjectMirror(folder: record.repository.root, address: record.repository.fullName)
        var offer = CodeOffer(commit: commit)
        if request.withRefs {
            // A trigger fetches its own ref only.
            if let project = record.project { refresh(project, mirror.folder) }
            offer.refs = try mirror.refs().map { CodeOffer.Ref(name: $0.name, object: $0.object) }
        } else if request.haves.contains(commit) {
            return offer
        }
        try Trees.make(folder, mode: 0o700)
        let draft = "\(folder)/\(UInt64.random(in: 0...UInt64.max)).draft"
        guard try mirror.writeBundle(of: commit, withRefs: request.withRefs, haves: request.haves, to: draft)
        else { return offer }
        let digest = try FileDigest.of(draft)
        try Files.rename(draft, to: bundlePath(digest))
        offer.bundle = CodeOffer.Bundle(
            digest: digest, sizeBytes: Int(Files.facts(bundlePath(digest))?.sizeBytes ?? 0))
        state.withLock { _ = $0.bundles.insert(digest) }
        return offer
    }

    private func bundlePath(_ digest: String) -> String { "\(folder)/\(digest).bundle" }

    // MARK: pieces

    func piece(_ request: PieceRequest) throws(DiagnosticError) -> [UInt8] {
        switch request.source {
        case .bundle:
            guard state.withLock({ $0.bundles.contains(request.name) }) else {
                throw DiagnosticError(
                    .handoverGone, "The bundle '\(request.name.prefix(80))' is not there any more.",
                    remedy: "Ask for the job's code again.")
            }
            return try Files.read(bundlePath(request.name), from: request.offset, count: request.count)
        case .blob:
            guard let blob = state.withLock({ $0.blobs[request.name] }) else {
                throw refused("the blob '\(request.name.prefix(80))'")
            }
            return try read(blob, request)
        }
    }

    private func read(_ blob: StoredBlob, _ request: PieceRequest) throws(DiagnosticError) -> [UInt8] {
        let (run, object) = state.withLock { ($0.runsOfBlobs[blob.name], $0.objects[blob.name]) }
        let reader: any BlobReader
        if let run {
            reader = try artifacts.open(blob, of: run)
        } else if let object, let objects = links?.objects, !artifacts.drafts.has(blob) {
            reader = StoredBlobReader(blob, try ObjectKey(object.key), objects)
        } else {
            reader = try artifacts.shelf.open(blob)
        }
        let space = UnsafeMutableRawBufferPointer.allocate(byteCount: request.count, alignment: 16)
        defer { space.deallocate() }
        var done = 0
        while done < request.count {
            let count = try reader.read(
                into: UnsafeMutableRawBufferPointer(rebasing: space[done...]), at: UInt64(request.offset + done))
            if count == 0 { break }
            done += count
        }
        return Array(space[..<done])
    }

    private static func result<Value: Sendable>(
        _ body: @escaping @Sendable () throws(DiagnosticError) -> Value
    ) async -> Result<Value, DiagnosticError> {
        await BlockingWork.run { () -> Result<Value, DiagnosticError> in
            do throws(DiagnosticError) { return .success(try body()) } catch { return .failure(error) }
        }
    }
}
