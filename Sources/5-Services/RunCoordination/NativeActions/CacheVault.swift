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
    private struct Opened {
        let content: ContentFolder
        let lease: ContentLease
    }

    let folder: String
    let index: FileEntryIndex
    private let contentPath: String
    private let namespace: String
    private let history: CacheHistory
    /// Opened by the first action that needs it. Its lease keeps what the run has used until the run's end.
    private let opened = Mutex<Opened?>(nil)
    /// Something was damaged: what is saved from now on is read once, since the store would take damaged parts for known.
    private let hasDamage = Mutex(false)
    /// As the toolkit's: the longest job may hold a key.
    private static let reservationHours: Int64 = 6

    /// - Parameter folder: of the repository's services.
    init(folder: String, store: String, history: CacheHistory) {
        self.folder = folder
        index = FileEntryIndex(folder: folder + "/index")
        contentPath = store + "/content"
        namespace = Self.namespace(folder)
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
                        + entries)
                record(search, .missed(miss), version, lost)
                return .none
            }
            guard try use(entry, &report) else {
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
        let lookup = CacheLookup(
            run: search.origin.run, job: search.origin.job, step: search.origin.step, keys: search.keys,
            version: version, scopes: search.access.readScopes, time: .now(), outcome: outcome)
        history.append(
            lookup, note: lost.isEmpty ? nil : "Damaged and dropped: \(lost.map { "'\($0)'" }.joined(separator: ", "))."
        )
    }

    // MARK: saving

    struct Saving: Sendable {
        var name: CacheName
        var trees: [StepFolders.Anchor: TreeSelection]
        var origin: EntryOrigin
        /// The key that was restored before the job's steps ran.
        var restored: String?
    }

    /// - Returns: `nil` where the key is taken.
    func save(_ saving: Saving) throws(DiagnosticError) -> (entry: CacheEntry, totals: SavedTotals)? {
        let now = Timestamp.now()
        guard try index.reserve(saving.name, now: now, lifetime: .seconds(Self.reservationHours * 3600)) else {
            return nil
        }
        defer { index.release(saving.name) }
        var totals = SavedTotals()
        let id = Self.newID(now)
        let trees = try withContent { (opened) throws(ContentError) in
            var trees: [CacheTrees.Part] = []
            for (base, selection) in saving.trees.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                var saved = try opened.content.save(selection, under: opened.lease)
                while hasDamage.withLock({ $0 }), try opened.content.dropDamaged(of: saved.id) > 0 {
                    saved = try opened.content.save(selection, under: opened.lease)
                }
                totals.add(saved)
                let part = CacheTrees.Part(base: base, tree: saved.id, paths: selection.paths)
                try opened.content.setReference(
                    ContentReference(
                        namespace: namespace, name: CacheTrees.reference(id, base), root: ContentRoot(.tree, saved.id),
                        metadata: part.metadata(saving, now)))
                trees.append(part)
            }
            return CacheTrees(parts: trees)
        }
        let entry = CacheEntry(
            id: id, key: saving.name.key, version: saving.name.version, scope: saving.name.scope,
            blob: trees.blob(sizeBytes: totals.sizeBytes), created: now, origin: saving.origin)
        guard try index.add(entry) else {
            try forget(entry)
            return nil
        }
        recordSaved(saving, entry)
        return (entry, totals)
    }

    /// What differs from the cache that the job began with.
    private func recordSaved(_ saving: Saving, _ entry: CacheEntry) {
        guard let key = saving.restored, key != entry.key,
            let old = try? index.caches(version: entry.version).filter({ $0.key == key }).max(by: {
                $0.created < $1.created
            }), let before = CacheTrees(old.blob), let after = CacheTrees(entry.blob)
        else { return }
        var changes: [String] = []
        var count = 0
        for part in after.parts {
            guard let other = before.parts.first(where: { $0.base == part.base }),
                let difference = try? withContent({ (opened) throws(ContentError) in
                    try opened.content.difference(from: other.tree, to: part.tree, limit: 5)
                })
            else { continue }
            count += difference.addedCount + difference.changedCount + difference.removedCount
            changes += difference.changes.map { "\($0.path) \($0.kind.rawValue)" }
        }
        let shown = changes.prefix(5).joined(separator: ", ") + (count > min(5, changes.count) ? ", …" : "")
        history.appendSaved(
            key: entry.key, origin: saving.origin,
            text: "Saved; against '\(key)', which was restored before, \(count) files differ"
                + (shown.isEmpty ? "." : ": \(shown)."))
    }

    /// Grows with time, as the services' numbers do; below 2^53 until the year 2090.
    static func newID(_ now: Timestamp) -> Int {
        Int(max(0, now.milliseconds - 1_700_000_000_000)) << 12 | Int.random(in: 0..<4096)
    }

    // MARK: content

    /// - Returns: `false` where a part of it is lost.
    func restore(_ trees: CacheTrees, of entry: CacheEntry, to folders: StepFolders) throws(DiagnosticError) -> Bool {
        try withContent { (opened) throws(ContentError) in
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

    func hasContent(_ trees: CacheTrees) throws(DiagnosticError) -> Bool {
        try withContent { (opened) throws(ContentError) in
            for part in trees.parts where try !opened.content.contains(part.tree) { return false }
            return true
        }
    }

    func remove(_ entry: CacheEntry) throws(DiagnosticError) {
        try index.remove(entry)
        try forget(entry)
    }

    /// Lets go of an entry's bytes.
    private func forget(_ entry: CacheEntry) throws(DiagnosticError) {
        guard let trees = CacheTrees(entry.blob) else {
            return try FileBlobShelf(folder: folder).remove(entry.blob)
        }
        try withContent { (opened) throws(ContentError) in
            for part in trees.parts {
                try opened.content.removeReference(namespace, CacheTrees.reference(entry.id, part.base))
            }
        }
    }

    private func withContent<Value>(
        _ body: (Opened) throws(ContentError) -> Value
    ) throws(DiagnosticError) -> Value {
        do throws(ContentError) {
            let opened = try opened.withLock { (opened) throws(ContentError) in
                if let opened { return opened }
                let content = try ContentFolder(path: contentPath)
                let new = Opened(content: content, lease: try content.lease())
                opened = new
                return new
            }
            return try body(opened)
        } catch {
            throw DiagnosticError(error.diagnostic)
        }
    }
}

struct SavedTotals: Sendable {
    var fileCount = 0
    var sizeBytes: UInt64 = 0
    var readCount = 0
    var writtenBytes: UInt64 = 0

    mutating func add(_ saved: SavedTree) {
        fileCount += saved.fileCount + saved.linkCount
        sizeBytes += saved.sizeBytes
        readCount += saved.readCount
        writtenBytes += saved.written.storedBytes
    }
}
