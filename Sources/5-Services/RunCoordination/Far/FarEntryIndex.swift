// SPDX-License-Identifier: Apache-2.0

internal import ContentStore
internal import Diagnostics
internal import FileAccess
internal import ObjectStorage
internal import RunnerProtocol
internal import RuntimeServices
internal import StructuredData
internal import Timekeeping

/// The server's caches and artifacts, as a job on another machine sees them. What is added goes to the server with its bytes,
/// and is there for others once the server has said so.
struct FarEntryIndex: EntryIndex {
    let storage: FarStorage

    private var line: ServerLine { storage.line }

    // MARK: caches

    func reserve(_ name: CacheName, now: Timestamp, lifetime: Timestamp.Span) throws(DiagnosticError) -> Bool {
        try line.call(.reserve, ["key": .string(name.key), "version": .string(name.version)]).bool("granted")
    }

    func release(_ name: CacheName) {
        // One that stays goes with the job.
        _ = try? line.call(.release, ["key": .string(name.key), "version": .string(name.version)])
    }

    func add(_ entry: CacheEntry) throws(DiagnosticError) -> Bool {
        // The server has it, or nobody ever will.
        defer { if CacheTrees(entry.blob) == nil { try? storage.shelf.remove(entry.blob) } }
        return try withoutLinksIfNeeded { () throws(DiagnosticError) in try publish(entry) }
    }

    /// What was put at a link the server looks at; where the store does not let it, the bytes go through the server.
    private func withoutLinksIfNeeded(_ body: () throws(DiagnosticError) -> Bool) throws(DiagnosticError) -> Bool {
        do throws(DiagnosticError) {
            return try body()
        } catch  where line.links.isUsable && Self.storeFailures.contains(error.diagnostic.code) {
            line.links.giveUp(error)
            return try body()
        }
    }

    private static let storeFailures: Set<DiagnosticCode> = [
        .storageUnavailable, .storageAccessRefused, .storageRefused, .storageFull, .storageBucketMissing,
        .storageAnswerUnreadable, .storageClock, .objectMissing,
    ]

    private func publish(_ entry: CacheEntry) throws(DiagnosticError) -> Bool {
        var details: DataObject = ["entry": entry.data]
        guard let trees = CacheTrees(entry.blob) else {
            details["upload"] = try storage.send(entry.blob, as: .cache)
            return try line.call(.keepCache, details).bool("kept")
        }
        var missing: [FarStorage.Missing] = []
        for part in trees.parts { missing.append(try storage.missing(of: part.tree)) }
        if let object = try put(trees, of: entry, missing) {
            details["object"] = object
            return try keep(details, trees, of: entry)
        }
        var sent: [DataValue] = []
        for (part, missing) in zip(trees.parts, missing) {
            try storage.send(missing)
            var object = missing.data
            object["base"] = .string(part.base.rawValue)
            object.set("paths", try paths(of: entry, part).map { .array($0.map(DataValue.string)) })
            sent.append(.object(object))
        }
        details["trees"] = .array(sent)
        return try keep(details, trees, of: entry)
    }

    /// Publishes trees. By the number that the server gives them they are known here, too, and need not be brought.
    private func keep(
        _ details: DataObject, _ trees: CacheTrees, of entry: CacheEntry
    ) throws(DiagnosticError) -> Bool {
        let answer = try line.call(.keepCache, details)
        guard answer.bool("kept") else { return false }
        guard let id = answer["id"]?.int else { return true }
        try storage.content.with { (opened) throws(ContentError) in
            for part in trees.parts {
                let name = CacheTrees.reference(entry.id, part.base)
                guard var known = try opened.content.reference(storage.namespace, name) else { continue }
                known.name = CacheTrees.reference(id, part.base)
                try opened.content.setReference(known)
            }
        }
        return true
    }

    /// Puts trees into the object storage, as one object: where the server has half of them it costs less to bring it the rest.
    ///
    /// - Returns: `nil` where they go to the server.
    private func put(
        _ trees: CacheTrees, of entry: CacheEntry, _ missing: [FarStorage.Missing]
    ) throws(DiagnosticError) -> DataValue? {
        let all = missing.flatMap(\.parts.chunks).reduce(UInt64(0)) { $0 + UInt64($1.sizeBytes) }
        let sent = missing.flatMap(\.chunks).reduce(UInt64(0)) { $0 + UInt64($1.sizeBytes) }
        guard line.links.isUsable, sent >= RunnerLimits.linkedBytes, sent * 2 >= all, all <= CacheObject.limitBytes
        else { return nil }
        var parts: [CacheObject.Index.Part] = []
        for part in trees.parts {
            parts.append(CacheObject.Index.Part(base: part.base, tree: part.tree, paths: try paths(of: entry, part)))
        }
        let path = try storage.shelf.draft()
        defer { try? Files.remove(path) }
        let name = StoredKeys.newName()
        let object = try CacheObject.write(parts, of: storage.content, to: path, key: name)
        let blob = StoredBlob(name: name, sizeBytes: object.sizeBytes, digest: object.digest)
        guard try storage.put(path, blob, as: .cache) else { return nil }
        return [
            "upload": blob.data, "index": .number(Double(object.indexBytes)),
            "indexSha256": .string(object.indexDigest),
        ]
    }

    private func paths(of entry: CacheEntry, _ part: CacheTrees.Part) throws(DiagnosticError) -> [String]? {
        try storage.content.with { (opened) throws(ContentError) in
            try opened.content.reference(storage.namespace, CacheTrees.reference(entry.id, part.base))
        }.flatMap { CacheTrees.paths($0.metadata) }
    }

    func caches(version: String?) throws(DiagnosticError) -> [CacheEntry] {
        var details = DataObject()
        details.set("version", version.map(DataValue.string))
        return try read(try line.call(.caches, details))
    }

    func touch(_ entry: CacheEntry, now: Timestamp) throws(DiagnosticError) {
        try line.call(.touch, name(entry))
    }

    /// Only what was found to be damaged is removed by a job; the server looks for itself.
    func remove(_ entry: CacheEntry) throws(DiagnosticError) {
        try line.call(.dropDamaged, name(entry))
    }

    private func name(_ entry: CacheEntry) -> DataObject {
        ["key": .string(entry.key), "version": .string(entry.version), "scope": .string(entry.scope)]
    }

    // MARK: artifacts

    func add(_ artifact: ArtifactEntry, replacing: Bool) throws(DiagnosticError) -> Bool {
        try withoutLinksIfNeeded { () throws(DiagnosticError) in try publish(artifact, replacing: replacing) }
    }

    private func publish(_ artifact: ArtifactEntry, replacing: Bool) throws(DiagnosticError) -> Bool {
        let known = try artifacts(ofRun: artifact.origin.run).flatMap(\.blobs)
        for blob in artifact.blobs where !known.contains(blob) {
            _ = try storage.send(blob, as: .artifact)
        }
        let answer = try line.call(.keepArtifact, ["entry": artifact.data, "replaces": .bool(replacing)])
        let isKept = answer.bool("kept")
        // Of one that is not kept the caller drops the bytes, or shows them again.
        if isKept { for blob in artifact.blobs { try? storage.shelf.remove(blob) } }
        return isKept
    }

    func artifacts(ofRun run: String) throws(DiagnosticError) -> [ArtifactEntry] {
        try read(try line.call(.artifacts, ["run": .string(run)]))
    }

    func remove(_ artifact: ArtifactEntry) throws(DiagnosticError) {
        try line.call(
            .removeArtifact,
            ["name": .string(artifact.name), "attempt": .number(Double(artifact.origin.attempt))])
    }

    private func read<Value: DataRepresentable>(_ answer: DataValue) throws(DiagnosticError) -> [Value] {
        do throws(DataShapeError) {
            return try answer.list("entries") { item throws(DataShapeError) in
                do { return try Value(data: item) } catch { throw DataShapeError("\(error)") }
            }
        } catch {
            throw ServerLine.unreadable("\(error)")
        }
    }
}
