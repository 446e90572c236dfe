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
            for entry in seen where CacheTrees(entry.blob) == nil { state.blobs[entry.blob.name] = entry.blob }
        }
        return seen
    }

    private func find(_ details: DataValue) throws -> CacheEntry? {
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
        let isWhole =
            if let trees = CacheTrees(entry.blob) {
                try trees.parts.allSatisfy { try damagedCount(of: $0.tree) == 0 }
            } else { (try? caches.shelf.open(entry.blob)) != nil }
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
        if let sent = details["trees"]?.array {
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
            entry.blob = try takeUpload(try StoredBlob(data: details["upload"] ?? .null))
        }
        let saving = CacheVault.Saving(name: name, trees: [:], origin: origin)
        let (caches, parts, kept) = (caches, trees.parts, entry)
        return { () throws(DiagnosticError) in
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
                if let same, same.origin == kept.origin, same.blob == kept.blob { return ["kept": true] }
                try caches.forget(kept)
            }
            return ["kept": .bool(isKept)]
        }
    }

    func origin(step: String?) -> EntryOrigin {
        let work = lease.work
        return EntryOrigin(
            run: work.run.description, job: work.job.text, step: step, attempt: work.attempt)
    }
}
