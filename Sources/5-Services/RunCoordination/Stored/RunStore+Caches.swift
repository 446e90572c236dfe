// SPDX-License-Identifier: Apache-2.0

internal import ContentStore
package import Diagnostics
internal import FileAccess
internal import ObjectStorage
package import PipelineModel
internal import RuntimeServices
internal import ThreadExecution
package import Timekeeping

/// Caches as objects: the server's folder has a copy of what its own runner, or a runner that used no link, has saved.
extension RunStore {
    /// What has no entry is about to get one only while it is younger.
    private static let ownerlessLife = Timestamp.Span.days(1)

    // MARK: putting

    /// Puts the caches of a run's project that are in the folder and nowhere else.
    package func keepCaches(of run: RunID, project: String) async throws(DiagnosticError) {
        guard let objects, !project.isEmpty, exists(run), let root = try RunRecord.root(of: run, in: self) else {
            return
        }
        let folder = RunServices.folder(of: root, in: self)
        let vault = CacheVault(
            folder: folder, store: shared, history: CacheHistory(store: self, run: run), source: .store(objects))
        let index = FileEntryIndex(folder: folder + "/index")
        let entries = try await BlockingWork.attempt { () throws(DiagnosticError) in
            try index.caches(version: nil).filter { $0.object == nil && $0.blob.sizeBytes <= CacheObject.limitBytes }
        }
        let ownerless = OwnerlessObjects(folder: folder)
        for entry in entries {
            let draft = try vault.drafts.draft()
            defer { try? Files.remove(draft) }
            let key = try StoredKeys.cache(of: project)
            let made = try await BlockingWork.attempt { () throws(DiagnosticError) in
                try vault.makeObject(of: entry, at: draft, key: key.text)
            }
            guard let (path, object) = made else { continue }
            try ownerless.note(key.text)
            try await objects.putFile(path, at: key)
            // It was evicted meanwhile, or is named already: nothing will ever name this one.
            if try !index.note(object, of: entry) { try await objects.remove([key]) }
            try ownerless.forget(key.text)
        }
    }

    // MARK: sweeping

    /// Removes objects that were noted here and that no entry names: their uploads never ended, or whoever removed their entries was
    /// cut off, or did not reach the store.
    ///
    /// - Returns: how many went.
    package func sweepOwnerless(now: Timestamp) async throws(DiagnosticError) -> Int {
        let services = shared + "/services"
        guard let objects, Files.isDirectory(services) else { return 0 }
        let time = now + .milliseconds(-Self.ownerlessLife.milliseconds)
        var count = 0
        for item in try Trees.list(services) where item.kind == .directory {
            let folder = "\(services)/\(item.name)"
            let ownerless = OwnerlessObjects(folder: folder)
            let (gone, named) = try await BlockingWork.attempt { () throws(DiagnosticError) in
                let keys = try ownerless.keys(before: time)
                // Read afterwards: what is to be named is by now.
                let named = keys.isEmpty ? [] : try Self.named(keys, in: FileEntryIndex(folder: folder + "/index"))
                return (keys.filter { !named.contains($0) }, keys.filter(named.contains))
            }
            for key in gone {
                if let known = try? ObjectKey(key) { try await objects.remove([known]) }
                try ownerless.forget(key)
            }
            for key in named { try ownerless.forget(key) }
            count += gone.count
        }
        return count
    }

    /// Those of some keys that entries have.
    private static func named(_ keys: [String], in index: FileEntryIndex) throws(DiagnosticError) -> Set<String> {
        var named = Set(try index.caches(version: nil).compactMap(\.object?.key))
        for run in Set(keys.compactMap { StoredKeys.artifactRun($0) }) {
            for blob in try index.artifacts(ofRun: run.description).flatMap(\.blobs) {
                named.insert(try StoredKeys.artifact(blob, of: run.description).text)
            }
        }
        return named
    }
}

extension CacheVault {
    /// Makes what a cache's object is to be. Blocks.
    ///
    /// - Returns: where it is, or `nil` where the folder has not got all of it.
    func makeObject(
        of entry: CacheEntry, at draft: String, key: String
    ) throws(DiagnosticError) -> (path: String, StoredObject)? {
        guard let trees = CacheTrees(entry.blob) else {
            guard drafts.has(entry.blob) else { return nil }
            let object = StoredObject(key: key, sizeBytes: entry.blob.sizeBytes, digest: entry.blob.digest)
            return (drafts.path(of: entry.blob), object)
        }
        var parts: [CacheObject.Index.Part] = []
        for part in trees.parts {
            let used = try content.with { (opened) throws(ContentError) in
                try opened.content.use(namespace, CacheTrees.reference(entry.id, part.base), under: opened.lease)
            }
            guard let used else { return nil }
            let paths = CacheTrees.paths(used.metadata)
            parts.append(CacheObject.Index.Part(base: part.base, tree: part.tree, paths: paths))
        }
        do throws(DiagnosticError) {
            return (draft, try CacheObject.write(parts, of: content, to: draft, key: key))
        } catch  where [.contentMissing, .contentDamaged].contains(error.diagnostic.code) {
            // Whoever restores it finds out, and drops it.
            return nil
        }
    }
}
