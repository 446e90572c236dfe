// SPDX-License-Identifier: Apache-2.0

internal import ContentStore
internal import Diagnostics
internal import FileAccess
internal import RuntimeServices
internal import StepExecution
internal import StructuredData
internal import Synchronization
internal import Timekeeping

/// The caches of one repository as native actions use them: entries in the index that the services have too, contents as
/// trees in the content store. Called on threads that may block.
final class CacheVault: Sendable {
    let folder: String
    let index: any EntryIndex
    let shelf: any BlobShelf
    let content: LeasedContent
    let namespace: String
    let history: CacheHistory
    /// Where the caches are, unless they are in the folder.
    let far: FarStorage?
    /// Where bytes that are not in the folder come from.
    let source: CopySource
    /// The bytes of archives, in the folder.
    let drafts: FileBlobShelf
    /// Something was damaged: what is saved from now on is read once, since the store would take damaged parts for known.
    let hasDamage = Mutex(false)
    /// As the toolkit's: the longest job may hold a key.
    static let reservationHours: Int64 = 6

    /// - Parameters:
    ///   - folder: of the repository's services.
    ///   - line: to the server that has the caches; `nil`: they are in the folder.
    ///   - source: where what is not in the folder comes from.
    init(
        folder: String, store: String, history: CacheHistory, line: ServerLine? = nil, source: CopySource = .none
    ) {
        self.folder = folder
        self.source = source
        let (shelf, content) = (FileBlobShelf(folder: folder), LeasedContent(store))
        drafts = shelf
        let namespace = Self.namespace(folder)
        far = line.map { FarStorage(line: $0, shelf: shelf, content: content, namespace: namespace) }
        index = far.map { FarEntryIndex(storage: $0) } ?? FileEntryIndex(folder: folder + "/index")
        self.shelf = far.map { FarBlobShelf(storage: $0) } ?? source.shelf(over: shelf)
        self.content = content
        self.namespace = namespace
        self.history = history
    }

    static func namespace(_ folder: String) -> String { "caches-\(folder.split(separator: "/").last ?? "")" }

    // MARK: finding

    struct Search: Sendable {
        var keys: [String]
        var paths: [String]
        var version: String
        var access: CacheAccess
        var origin: EntryOrigin
        /// Whether archives that unmodified actions saved can be unpacked.
        var takesArchives = true
    }

    enum Found {
        case entry(CacheEntry, isExact: Bool)
        case none
    }

    /// Looks up until an entry can be used, and records why it ended so. What turns out to be damaged is dropped and looked
    /// past.
    ///
    /// - Parameter use: takes an entry into use; `false` where its content is lost.
    func find(
        _ search: Search, report: inout NativeReport,
        use: (CacheEntry, inout NativeReport) throws(DiagnosticError) -> Bool
    ) throws(DiagnosticError) -> Found {
        let version = search.version
        let archives = search.takesArchives ? CacheVersion.archives(search.paths) : []
        var entries: [CacheEntry] = []
        for version in [version] + archives { entries += try index.caches(version: version) }
        let matching = CacheMatching(keys: search.keys, version: version, scopes: search.access.readScopes)
        var lost: [String] = []
        while true {
            // To the order of a look-up all kinds are one.
            let outcome = matching.find(in: entries.map { $0.asVersion(version) })
            guard let outcome, let found = outcome.entry, let entry = entries.first(where: { $0.id == found.id }) else {
                let miss = matching.explainMiss(
                    in: try index.caches(version: nil).filter {
                        !archives.contains($0.version) && $0.version != version
                    }
                        + entries.map { $0.asVersion(version) })
                record(search, .missed(miss), version, lost)
                return .none
            }
            let isWhole: Bool
            do throws(DiagnosticError) {
                isWhole = try use(entry, &report)
            } catch {
                history.append(
                    lookup(search, outcome, version), note: "It could not be restored: \(error.diagnostic.message)",
                    outcome: "miss")
                throw error
            }
            guard isWhole else {
                report.warn("The cache '\(entry.key)' is damaged; it is dropped.")
                lost.append(entry.key)
                hasDamage.withLock { $0 = true }
                try remove(entry)
                entries.removeAll { $0.id == entry.id }
                continue
            }
            try index.touch(entry, now: .now())
            record(search, outcome, version, lost)
            if case .exact = outcome { return .entry(entry, isExact: true) }
            return .entry(entry, isExact: false)
        }
    }

    private func record(_ search: Search, _ outcome: CacheLookup.Outcome, _ version: String, _ lost: [String]) {
        history.append(
            lookup(search, outcome, version),
            note: lost.isEmpty ? nil : "Damaged and dropped: \(lost.map { "'\($0)'" }.joined(separator: ", ")).")
    }

    private func lookup(_ search: Search, _ outcome: CacheLookup.Outcome, _ version: String) -> CacheLookup {
        CacheLookup(
            run: search.origin.run, job: search.origin.job, step: search.origin.step, keys: search.keys,
            version: version, scopes: search.access.readScopes, time: .now(), outcome: outcome)
    }

    // MARK: content

    /// Grows with time, as the services' numbers do; below 2^53 until the year 2090.
    static func newID(_ now: Timestamp) -> Int {
        Int(max(0, now.milliseconds - 1_700_000_000_000)) << 12 | Int.random(in: 0..<4096)
    }

    /// - Returns: `false` where a part of it is lost.
    func restore(_ trees: CacheTrees, of entry: CacheEntry, to folders: StepFolders) throws(DiagnosticError) -> Bool {
        if let far {
            guard try far.bring(trees, of: entry) else { return false }
        } else if try !holds(trees, of: entry), try !bringCopy(of: entry) {
            return false
        }
        return try content.with { (opened) throws(ContentError) in
            do throws(ContentError) {
                for part in trees.parts {
                    guard
                        let used = try opened.content.use(
                            namespace, CacheTrees.reference(entry.id, part.base), under: opened.lease)
                    else { return false }
                    let paths = CacheTrees.paths(used.metadata)
                    _ = try opened.content.restore(
                        part.tree, to: TreeSelection(root: folders.path(part.base), paths: paths ?? [""]),
                        paths == nil ? .all : .differences(removingOthers: false), under: opened.lease)
                }
                return true
            } catch {
                guard let digest = error.lostContent else { throw error }
                try opened.content.drop(digest)
                return false
            }
        }
    }

    func hasContent(_ trees: CacheTrees, of entry: CacheEntry) throws(DiagnosticError) -> Bool {
        // Whether the server has all of it, it says when it is asked for it.
        if far != nil || entry.object != nil { return true }
        return try holds(trees, of: entry)
    }

    /// Whether the content store here has an entry's trees, by the names that are given to what was seen to be whole. That it has
    /// them by other names, which may be another project's, says nothing.
    func holds(_ trees: CacheTrees, of entry: CacheEntry) throws(DiagnosticError) -> Bool {
        try content.with { (opened) throws(ContentError) in
            for part in trees.parts {
                let name = CacheTrees.reference(entry.id, part.base)
                guard let known = try opened.content.reference(namespace, name), known.root.id == part.tree,
                    try opened.content.contains(part.tree)
                else { return false }
            }
            return true
        }
    }

    func remove(_ entry: CacheEntry) throws(DiagnosticError) {
        // Whoever cannot remove the object leaves it to the server.
        if far == nil, let object = entry.object { try OwnerlessObjects(folder: folder).note(object.key) }
        try index.remove(entry)
        try forget(entry)
    }

    /// Lets go of an entry's bytes: the entry is gone, or was never there.
    func forget(_ entry: CacheEntry) throws(DiagnosticError) {
        try forgetCopy(of: entry)
        guard let object = entry.object, let objects = source.objects else { return }
        // What the store does not remove now is noted, and swept.
        try? OwnerlessObjects(folder: folder).remove(object.key, from: objects)
    }

    /// The same of the folder alone.
    func forgetCopy(of entry: CacheEntry) throws(DiagnosticError) {
        guard let trees = CacheTrees(entry.blob) else {
            return try shelf.remove(entry.blob)
        }
        try content.with { (opened) throws(ContentError) in
            for part in trees.parts {
                try opened.content.removeReference(namespace, CacheTrees.reference(entry.id, part.base))
            }
        }
    }
}
