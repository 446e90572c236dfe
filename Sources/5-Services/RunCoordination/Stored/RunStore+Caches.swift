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
    private static let projectFile = "project"
    private static let projectBytes = 256
    /// What no entry names is about to be named only while it is younger.
    private static let orphanLife = Timestamp.Span.days(1)
    private static let pageObjects = 1_000

    /// Says whose objects a folder of caches and artifacts has: what is not there before the first one cannot be swept.
    func noteProject(_ project: String, of folder: String) throws(DiagnosticError) {
        let path = "\(folder)/\(Self.projectFile)"
        guard !Files.isFile(path) else { return }
        try Trees.make(folder, mode: 0o700)
        try Files.replace(path, with: project.utf8, mode: 0o600, durably: isDurable)
    }

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
        guard !entries.isEmpty else { return }
        try noteProject(project, of: folder)
        for entry in entries {
            let draft = try vault.drafts.draft()
            defer { try? Files.remove(draft) }
            let key = try StoredKeys.cache(of: project)
            let made = try await BlockingWork.attempt { () throws(DiagnosticError) in
                try vault.makeObject(of: entry, at: draft, key: key.text)
            }
            guard let (path, object) = made else { continue }
            try await objects.putFile(path, at: key)
            // It was evicted meanwhile, or is named already: nothing will ever name this one.
            if try !index.note(object, of: entry) { try await objects.remove([key]) }
        }
    }

    // MARK: sweeping

    /// Removes objects of this server's projects that no entry names: their entries were removed, their uploads never ended, or
    /// whoever removed them was cut off. What is another server's is not looked at, and what is young may be about to be named.
    ///
    /// - Parameters:
    ///   - isHere: whether this server decides what is of a project.
    ///   - projectOf: a run's project; `nil`: it is not known.
    /// - Returns: how many went.
    package func sweepUnnamed(
        now: Timestamp, isHere: @escaping @Sendable (String) -> Bool,
        projectOf: @escaping @Sendable (RunID) -> String?
    ) async throws(DiagnosticError) -> Int {
        guard let objects else { return 0 }
        let old = now + .milliseconds(-Self.orphanLife.milliseconds)
        var count = 0
        for (project, folders) in try projectFolders() where isHere(project) {
            let listed = try await Self.objects(below: StoredKeys.caches(project), before: old, in: objects)
            guard !listed.isEmpty else { continue }
            // Read after the listing: what was there then is named by now, if it ever is.
            let named = try await BlockingWork.attempt { () throws(DiagnosticError) in
                var named: Set<String> = []
                for folder in folders {
                    let entries = try FileEntryIndex(folder: folder + "/index").caches(version: nil)
                    named.formUnion(entries.compactMap(\.object?.key))
                }
                return named
            }
            let gone = listed.filter { !named.contains($0.text) }
            if !gone.isEmpty, isHere(project) { try await objects.remove(gone) }
            count += gone.count
        }
        return try await count + sweepArtifacts(before: old, objects) { projectOf($0).map(isHere) ?? false }
    }

    /// - Parameter isHere: whether this server decides what is of a run.
    private func sweepArtifacts(
        before time: Timestamp, _ objects: any ObjectStore, isHere: @escaping @Sendable (RunID) -> Bool
    ) async throws(DiagnosticError) -> Int {
        var (after, count): (String?, Int) = (nil, 0)
        repeat {
            let page = try await objects.list(prefix: StoredKeys.runs, after: after, limit: Self.pageObjects)
            let old = page.objects.filter { $0.modified < time }.map(\.key)
            let gone = try await BlockingWork.attempt { () throws(DiagnosticError) in
                try self.unnamed(Dictionary(grouping: old) { StoredKeys.artifactRun($0) }, isHere)
            }
            if !gone.isEmpty { try await objects.remove(gone) }
            count += gone.count
            after = page.next
        } while after != nil
        return count
    }

    /// Of artifacts' objects, by their runs, those that no entry names.
    private func unnamed(
        _ keys: [RunID?: [ObjectKey]], _ isHere: (RunID) -> Bool
    ) throws(DiagnosticError) -> [ObjectKey] {
        var gone: [ObjectKey] = []
        for case (let run?, let keys) in keys where exists(run) && isHere(run) {
            let entries = try vault(of: run).index.artifacts(ofRun: run.description)
            var named: Set<ObjectKey> = []
            for blob in entries.flatMap(\.blobs) {
                named.insert(try StoredKeys.artifact(blob, of: run.description))
            }
            gone += keys.filter { !named.contains($0) }
        }
        return gone
    }

    /// By project, the folders with its caches.
    private func projectFolders() throws(DiagnosticError) -> [String: [String]] {
        let services = shared + "/services"
        guard Files.isDirectory(services) else { return [:] }
        var folders: [String: [String]] = [:]
        for item in try Trees.list(services) where item.kind == .directory {
            let folder = "\(services)/\(item.name)"
            let path = "\(folder)/\(Self.projectFile)"
            guard let bytes = try Files.readIfPresent(path, limit: Self.projectBytes) else { continue }
            folders[String(decoding: bytes, as: UTF8.self), default: []].append(folder)
        }
        return folders
    }

    private static func objects(
        below prefix: String, before time: Timestamp, in objects: any ObjectStore
    ) async throws(DiagnosticError) -> [ObjectKey] {
        var (after, found): (String?, [ObjectKey]) = (nil, [])
        repeat {
            let page = try await objects.list(prefix: prefix, after: after, limit: pageObjects)
            found += page.objects.filter { $0.modified < time }.map(\.key)
            after = page.next
        } while after != nil
        return found
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
