// SPDX-License-Identifier: Apache-2.0

internal import ContentStore
internal import Diagnostics
internal import PipelineModel
internal import RunnerProtocol
internal import RuntimeServices
internal import StructuredData
internal import Synchronization
internal import Timekeeping

/// The project's caches, as far as the job's ref may see and save them.
extension DeskJob {
    /// Entries of one answer, the newest first.
    private static let entryLimit = 10_000

    func visibleCaches(_ version: String?) throws(DiagnosticError) -> [CacheEntry] {
        let all = try caches.index.caches(version: version).filter { access.readScopes.contains($0.scope) }
        let seen = Array(all.sorted { $0.created > $1.created }.prefix(Self.entryLimit))
        state.withLock { state in
            for entry in seen where CacheTrees(entry.blob) == nil {
                state.blobs[entry.blob.name] = entry.blob
                state.objects[entry.blob.name] = entry.object
            }
        }
        return seen
    }

    func find(_ details: DataValue) throws -> CacheEntry? {
        let (key, scope) = (try details.string("key"), try details.string("scope"))
        return try visibleCaches(try details.string("version")).first { $0.key == key && $0.scope == scope }
    }

    private func name(_ details: DataValue) throws -> CacheName {
        guard let scope = access.writeScope else { throw refused("a cache of its own") }
        let name = CacheName(key: try details.string("key"), version: try details.string("version"), scope: scope)
        guard !name.key.isEmpty, name.key.utf16.count <= ServiceLimits().keyLength,
            name.version.utf16.count <= ServiceLimits().keyLength
        else { throw refused("a cache of that key") }
        return name
    }

    func reserve(_ details: DataValue) throws -> DataValue {
        let name = try name(details)
        let isOwn = state.withLock { $0.reservations.contains(name) }
        let isGranted =
            try isOwn
            || caches.index.reserve(
                name, now: .now(), lifetime: .seconds(CacheVault.reservationHours * 3600))
        if isGranted { state.withLock { _ = $0.reservations.insert(name) } }
        return ["granted": .bool(isGranted)]
    }

    func release(_ details: DataValue) throws -> DataValue {
        let name = try name(details)
        if state.withLock({ $0.reservations.remove(name) }) != nil { caches.index.release(name) }
        return [:]
    }

    func touch(_ details: DataValue) throws -> DataValue {
        if let entry = try find(details) { try caches.index.touch(entry, now: .now()) }
        return [:]
    }

    /// Looks for itself: what a runner says of damage may be its own disk's.
    func dropDamaged(_ details: DataValue) throws -> DataValue {
        guard let entry = try find(details) else { return [:] }
        var isWhole = true
        if let trees = CacheTrees(entry.blob) {
            if try caches.holds(trees, of: entry) {
                isWhole = try trees.parts.allSatisfy { try damagedCount(of: $0.tree) == 0 }
            }
            // What is damaged here, or not here, may be whole in the object storage.
            if try !isWhole || !caches.holds(trees, of: entry) { isWhole = try caches.bringCopy(of: entry) }
        } else if (try? caches.shelf.open(entry.blob)) == nil {
            isWhole = try caches.bringCopy(of: entry)
        }
        if !isWhole { try caches.remove(entry) }
        return ["dropped": .bool(!isWhole)]
    }

    private func damagedCount(of tree: ContentID) throws(DiagnosticError) -> Int {
        try caches.content.with { (opened) throws(ContentError) in try opened.content.dropDamaged(of: tree) }
    }

    /// What a cache's tree is made of; the job may fetch it from now on.
    func tree(_ details: DataValue) throws -> DataValue {
        guard let entry = try find(details), let base = StepFolders.Anchor(rawValue: try details.string("base")),
            let part = CacheTrees(entry.blob)?.parts.first(where: { $0.base == base })
        else { throw refused("that cache") }
        if let trees = CacheTrees(entry.blob), entry.object != nil, try !caches.holds(trees, of: entry) {
            guard try caches.bringCopy(of: entry) else { return ["lost": true] }
        }
        let found = try caches.content.with { (opened) throws(ContentError) -> (ContentParts, [UInt8])? in
            do throws(ContentError) {
                let name = CacheTrees.reference(entry.id, base)
                guard let used = try opened.content.use(caches.namespace, name, under: opened.lease) else {
                    return nil
                }
                return (try opened.content.parts(of: ContentRoot(.tree, part.tree)), used.metadata)
            } catch {
                guard error.lostContent != nil else { throw error }
                return nil
            }
        }
        guard let (parts, metadata) = found else { return ["lost": true] }
        state.withLock { $0.chunks.formUnion(parts.chunks) }
        return [
            "pieces": .array(parts.pieces.map { .string($0.text) }),
            "others": .array(parts.others.map { .string($0.text) }),
            "metadata": .string(String(decoding: metadata, as: UTF8.self)),
        ]
    }

    // MARK: publishing

    func keepCache(_ details: DataValue) throws -> @Sendable () throws(DiagnosticError) -> DataValue {
        let said = try CacheEntry(data: details["entry"] ?? .null)
        let name = try name(["key": .string(said.key), "version": .string(said.version)])
        let now = Timestamp.now()
        let origin = origin(step: said.origin.step)
        let id = CacheVault.newID(now)
        var entry = CacheEntry(
            id: id, key: name.key, version: name.version, scope: name.scope, blob: said.blob, created: now,
            origin: origin)
        var trees = CacheTrees(parts: [])
        var uploads: [String] = []
        if let sent = details["object"] {
            let upload = try StoredBlob(data: sent["upload"] ?? .null)
            (entry.object, trees) = try takeTrees(upload, sent)
            entry.blob = trees.blob(sizeBytes: said.blob.sizeBytes)
            uploads = [upload.name]
            // They are in the object storage; the content store here has no names for them.
            trees.parts = []
        } else if let sent = details["trees"]?.array {
            for item in sent {
                guard let tree = ContentID(try item.string("tree")),
                    let base = StepFolders.Anchor(rawValue: try item.string("base")),
                    !trees.parts.contains(where: { $0.base == base })
                else { throw refused("a cache of such trees") }
                try finish(tree, pieces: item.strings("pieces"))
                trees.parts.append(CacheTrees.Part(base: base, tree: tree, paths: item.strings("paths")))
            }
            guard !trees.parts.isEmpty else { throw refused("a cache of nothing") }
            entry.blob = trees.blob(sizeBytes: said.blob.sizeBytes)
        } else {
            let upload = try StoredBlob(data: details["upload"] ?? .null)
            if let linked = try takeLinked(upload, .cache) {
                (entry.blob, entry.object) = (linked.blob, linked.object)
                uploads = [upload.name]
            } else {
                entry.blob = try takeUpload(upload)
            }
        }
        let saving = CacheVault.Saving(name: name, trees: [:], origin: origin)
        let (caches, parts, kept, taken) = (caches, trees.parts, entry, uploads)
        return { [self] () throws(DiagnosticError) in
            try caches.content.with { (opened) throws(ContentError) in
                for part in parts {
                    try opened.content.setReference(
                        ContentReference(
                            namespace: caches.namespace, name: CacheTrees.reference(id, part.base),
                            root: ContentRoot(.tree, part.tree), metadata: part.metadata(saving, now)))
                }
            }
            let isKept = try caches.index.add(kept)
            if !isKept {
                let same = try caches.index.caches(version: kept.version).first { $0.name == kept.name }
                // Said a second time, because the answer was lost.
                if let same, same.origin == kept.origin, same.blob == kept.blob {
                    return ["kept": true, "id": .number(Double(same.id))]
                }
                try caches.forgetCopy(of: kept)
                removeLater([kept.object?.key])
            }
            for name in taken { settle(name, isPublished: isKept) }
            return ["kept": .bool(isKept), "id": .number(Double(id))]
        }
    }

    /// Trees that were put at a link as one object. What its chunks are, readers see for themselves.
    private func takeTrees(
        _ upload: StoredBlob, _ sent: DataValue
    ) throws -> (StoredObject, CacheTrees) {
        guard let linked = try takeLinked(upload, .cache), let objects = links?.objects else {
            throw refused("a cache of that object")
        }
        var object = linked.object
        object.indexBytes = UInt64(max(0, try sent.int("index")))
        object.indexDigest = try sent.string("indexSha256")
        let index = try CacheObject(object, in: objects).index()
        let parts = index.parts.map { CacheTrees.Part(base: $0.base, tree: $0.tree, paths: $0.paths ?? []) }
        let trees = CacheTrees(parts: parts)
        guard !parts.isEmpty, Set(parts.map(\.base)).count == parts.count, CacheObject.isIndex(index, of: trees) else {
            throw refused("a cache of such trees")
        }
        return (object, trees)
    }

    func origin(step: String?) -> EntryOrigin {
        let work = lease.work
        return EntryOrigin(
            run: work.run.description, job: work.job.text, step: step, attempt: work.attempt)
    }
}
