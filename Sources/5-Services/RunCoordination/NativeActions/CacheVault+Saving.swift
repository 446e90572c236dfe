// SPDX-License-Identifier: Apache-2.0

internal import ContentStore
internal import Diagnostics
internal import RuntimeServices
internal import Synchronization
internal import Timekeeping

/// Saving.
extension CacheVault {
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
        let trees = try content.with { (opened) throws(ContentError) in
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
                let difference = try? content.with({ (opened) throws(ContentError) in
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
