// SPDX-License-Identifier: Apache-2.0

internal import ContentStore
internal import Diagnostics
internal import HTTPMessages
internal import ObjectStorage
internal import PipelineModel
internal import ProcessControl
internal import RunnerProtocol
internal import RuntimeServices
internal import StructuredData
internal import Synchronization
internal import ThreadExecution

/// Bytes that do not come through the server: it gives its runners links to the object storage, each for one object.
extension DeskJob {
    /// What a runner is to put at a link.
    struct LinkedUpload: Sendable {
        enum Kind: String, Sendable {
            case artifact
            case cache
        }

        var key: ObjectKey
        var kind: Kind
        /// As it is known once it was published.
        var blob: StoredBlob
        var givenAt: BootInstant

        var object: StoredObject {
            StoredObject(key: key.text, sizeBytes: blob.sizeBytes, digest: blob.digest)
        }
    }

    private static let none: DataValue = [:]

    // MARK: reading

    /// - Returns: a ``StorageLink``, or nothing where the bytes come through the server.
    func link(_ details: DataValue) throws -> DataValue {
        if details["blob"] != nil { return try link(toBlob: try details.string("blob")) }
        guard let entry = try find(details), let trees = CacheTrees(entry.blob) else { throw refused("that cache") }
        guard let links, let object = entry.object, object.indexBytes > 0,
            let link = links.link(to: try ObjectKey(object.key), .get(fileName: nil))
        else { return Self.none }
        // What it reads there it need not bring again, where the server has it, too.
        for part in trees.parts where try caches.holds(trees, of: entry) {
            let found = try? caches.content.with { (opened) throws(ContentError) in
                try opened.content.parts(of: ContentRoot(.tree, part.tree)).chunks
            }
            state.withLock { $0.chunks.formUnion(found ?? []) }
        }
        return StorageLink(url: link.url, seconds: RunnerLimits.linkSeconds, object: object.data).data
    }

    private func link(toBlob name: String) throws -> DataValue {
        let (blob, run, object) = state.withLock { ($0.blobs[name], $0.runsOfBlobs[name], $0.objects[name]) }
        guard let blob else { throw refused("the blob '\(name.prefix(80))'") }
        guard let links, blob.sizeBytes >= RunnerLimits.linkedBytes else { return Self.none }
        let key: ObjectKey
        if let run {
            key = try StoredKeys.artifact(blob, of: run)
            // What the folder has may still be to be put.
            if artifacts.drafts.has(blob), !links.has(key, sizeBytes: blob.sizeBytes) { return Self.none }
        } else if let object {
            key = try ObjectKey(object.key)
        } else {
            return Self.none
        }
        guard let link = links.link(to: key, .get(fileName: nil)) else { return Self.none }
        return StorageLink(url: link.url, seconds: RunnerLimits.linkSeconds).data
    }

    // MARK: putting

    /// - Returns: a ``StorageLink``, or nothing where the bytes come through the server.
    func uploadLink(_ details: DataValue) throws -> DataValue {
        let (name, digest) = (try details.string("name"), try details.string("sha256"))
        let size = UInt64(max(0, try details.int("size")))
        let bytes = Hexadecimal.bytes(digest.utf8)
        guard Self.isName(name), let kind = LinkedUpload.Kind(rawValue: try details.string("kind")),
            digest.utf8.count == 64, bytes.count == 32
        else { throw refused("an upload of that name") }
        guard let links, (RunnerLimits.linkedBytes...RunnerLimits.linkedUploadBytes).contains(size) else {
            return Self.none
        }
        let object = StoredKeys.newName()
        let key: ObjectKey
        switch kind {
        case .artifact: key = try ObjectKey(StoredKeys.artifacts(lease.work.run.description) + object)
        case .cache:
            guard let project = record.project else { return Self.none }
            guard access.writeScope != nil else { throw refused("a cache of its own") }
            key = try ObjectKey(StoredKeys.caches(project) + object)
        }
        let terms = PutTerms(sizeBytes: Int(size), digest: bytes)
        guard let link = links.link(to: key, .put(terms)) else { return Self.none }
        // From before it can be there until an entry names it.
        try ownerless.note(key.text)
        let blob = StoredBlob(name: object, sizeBytes: size, digest: digest)
        let isOpen = state.withLock { state in
            guard !state.isDismissed, state.linked.count + state.uploads.count < RunnerLimits.openUploads else {
                return false
            }
            // Asked for a second time: what may come by the first is nobody's.
            if let before = state.linked[name] { state.forsaken.append(before.key) }
            state.linked[name] = LinkedUpload(key: key, kind: kind, blob: blob, givenAt: .now())
            return true
        }
        guard isOpen else { throw pastLimit("more than \(RunnerLimits.openUploads) uploads at a time") }
        let headers = link.headers.map { StorageLink.Header($0.name, $0.value) }
        return StorageLink(url: link.url, headers: headers, seconds: RunnerLimits.linkSeconds).data
    }

    /// What was put at a link, once it is seen to be what was announced; `nil`: it came through the server.
    func takeLinked(_ said: StoredBlob, _ kind: LinkedUpload.Kind) throws(DiagnosticError) -> LinkedUpload? {
        // Said again, because the answer was lost.
        if let settled = state.withLock({ $0.settled[said.name] }), settled.blob.digest == said.digest {
            return settled
        }
        guard let links, let upload = state.withLock({ $0.linked[said.name] }) else { return nil }
        guard upload.kind == kind, upload.blob.digest == said.digest, upload.blob.sizeBytes == said.sizeBytes else {
            throw DiagnosticError(
                .handoverMismatch, "The upload was announced with other bytes.", remedy: "Run the job again.")
        }
        guard upload.givenAt + .seconds(RunnerLimits.linkedUploadSeconds) > .now() else {
            throw DiagnosticError(
                .handoverGone, "The upload was put into the object storage too long ago.",
                remedy: "Run the job again.")
        }
        do throws(DiagnosticError) {
            try links.verify(upload.key, sizeBytes: upload.blob.sizeBytes, digest: upload.blob.digest)
        } catch {
            state.withLock { state in
                if state.linked.removeValue(forKey: said.name) != nil { state.forsaken.append(upload.key) }
            }
            removeForsaken()
            throw error
        }
        return upload
    }

    /// An entry names it, or nothing ever will: it is not this job's any more.
    func settle(_ name: String, isPublished: Bool) {
        let upload = state.withLock { state in
            let upload = state.linked.removeValue(forKey: name)
            if isPublished, let upload { state.settled[name] = upload }
            return upload
        }
        // One that stays is looked at by the sweep, and found to be named.
        if isPublished, let upload { try? ownerless.forget(upload.key.text) }
    }

    var ownerless: OwnerlessObjects { OwnerlessObjects(folder: caches.folder) }

    /// The job brings it through the server instead.
    func forsakeLink(_ name: String) {
        state.withLock { state in
            if let upload = state.linked.removeValue(forKey: name) { state.forsaken.append(upload.key) }
        }
    }

    /// Removes what was put at links, or may have been, and was not published. What arrives later than this is swept.
    func removeForsaken() {
        let keys = state.withLock { state in
            defer { state.forsaken = [] }
            return state.forsaken
        }
        removeLater(keys.map(\.text))
    }

    /// No entry has them. Nobody waits for it, and what the store does not remove now is swept.
    func removeLater(_ keys: [String?]) {
        let keys = keys.compactMap { $0.flatMap { try? ObjectKey($0) } }
        guard let objects = links?.objects, !keys.isEmpty else { return }
        Task { try? await objects.remove(keys) }
    }

    // MARK: the own runner's folder

    /// Brings what the server's own runner is to read into the folder.
    func bring(_ details: DataValue) throws -> DataValue {
        guard details["blob"] != nil else {
            guard let entry = try find(details) else { throw refused("that cache") }
            if let trees = CacheTrees(entry.blob), try caches.holds(trees, of: entry) { return ["isThere": true] }
            return ["isThere": .bool(try caches.bringCopy(of: entry))]
        }
        let name = try details.string("blob")
        _ = try visibleArtifacts(details["run"]?.string ?? lease.work.run.description)
        if state.withLock({ $0.blobs[name] }) == nil { _ = try visibleCaches(nil) }
        let (blob, run, object) = state.withLock { ($0.blobs[name], $0.runsOfBlobs[name], $0.objects[name]) }
        guard let blob else { throw refused("the blob '\(name.prefix(80))'") }
        guard let objects = links?.objects else { return ["isThere": .bool(artifacts.drafts.has(blob))] }
        let key = try run.map { run throws(DiagnosticError) in try StoredKeys.artifact(blob, of: run).text }
        guard let key = key ?? object?.key else { return ["isThere": .bool(artifacts.drafts.has(blob))] }
        return ["isThere": .bool(try artifacts.drafts.bring(blob, from: key, in: objects))]
    }
}
