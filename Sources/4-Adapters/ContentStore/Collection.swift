// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What a collection keeps. What a live lease holds is always kept.
package struct CollectionRules: Sendable {
    /// Of what is in use, on the disk. References give way that were not used for the longest time.
    package var sizeLimitBytes: UInt64
    /// References that were not used for longer give way.
    package var ageLimitSeconds: Int64?
    /// Content that is kept beside that of references and leases.
    package var roots: [ContentRoot] = []
    /// References that do not give way, whatever the limits say.
    package var keeps: (@Sendable (ContentReference) -> Bool)?

    package init(sizeLimitBytes: UInt64 = .max, ageLimitSeconds: Int64? = nil) {
        self.sizeLimitBytes = sizeLimitBytes
        self.ageLimitSeconds = ageLimitSeconds
    }
}

package struct CollectionReport: Hashable, Sendable {
    /// Another process collects already: nothing was done.
    package var isBusy = false
    package var removedReferences: [ContentReference] = []
    /// On the disk.
    package var freedBytes: UInt64 = 0
    /// In use, on the disk.
    package var keptBytes: UInt64 = 0
    package var removedPacks = 0
    /// Rewritten, as much of them was not in use.
    package var compactedPacks = 0
}

extension ContentFolder {
    /// Removes what nobody needs. Safe beside any number of processes that save and restore; see
    /// docs/decisions/content-store.md for why.
    ///
    /// - Parameter now: seconds since 1970.
    package func collect(_ rules: CollectionRules, now: Int) throws(ContentError) -> CollectionReport {
        let turn = try StoreFile.openOrCreate(paths.collecting)
        guard turn.tryLock(.exclusive) else {
            var report = CollectionReport()
            report.isBusy = true
            return report
        }
        var collection = try Collection(paths, shelf, rules, now: Int64(now))
        try collection.run()
        _ = try shelf.refreshed()
        return collection.report
    }
}

/// One collection: marks, then removes in two rounds, so that a full disk has room for the second.
struct Collection {
    /// Packs of which less is in use are rewritten.
    private static let leastLivePercent: UInt64 = 70
    /// Packs smaller than this are put together when there are many of them.
    private static let smallBytes: UInt64 = 8 << 20
    private static let smallCount = 8
    /// What was seen in a folder is forgotten when it was not saved for so long.
    private static let sightingSeconds: Int64 = 60 * 86400

    private let paths: StorePaths
    private let shelf: PackShelf
    private let rules: CollectionRules
    private let now: Int64
    private var live: LiveSet
    private var giveWay: [ContentReference] = []
    private(set) var report = CollectionReport()

    init(_ paths: StorePaths, _ shelf: PackShelf, _ rules: CollectionRules, now: Int64) throws(ContentError) {
        self.paths = paths
        self.shelf = shelf
        self.rules = rules
        self.now = now
        live = try LiveSet(shelf.refreshed(), shelf)
    }

    mutating func run() throws(ContentError) {
        try markAll()
        let dead = live.table.packs.indices.filter { live.bytes(of: $0).live == 0 }
        try remove(lock(dead))
        let sparse = sparsePacks()
        let locked = try lock(sparse)
        do throws(ContentError) {
            try copyLive(of: locked.map(\.pack))
            report.compactedPacks = try remove(locked)
        } catch {
            // No room to rewrite: what could be removed is, and the rest stays as it was.
            guard case .diskFull = error else { throw error }
        }
        report.keptBytes = live.liveBytes
        try forgetSightings()
    }

    // MARK: marking

    private mutating func markAll() throws(ContentError) {
        for root in try leased() + rules.roots { try live.add(root) }
        let references = try self.references().sorted { $0.usedAt > $1.usedAt }
        for reference in references where rules.keeps?(reference) == true { try live.add(reference.root) }
        for reference in references where rules.keeps?(reference) != true {
            let isOld = rules.ageLimitSeconds.map { now - reference.usedAt > $0 } ?? false
            if live.contains(reference.root) {
                // Its content stays anyway; the name may go, unless a run uses it.
                if isOld { giveWay.append(reference) }
                continue
            }
            guard !isOld else {
                giveWay.append(reference)
                continue
            }
            let before = live
            try live.add(reference.root)
            if live.liveBytes > rules.sizeLimitBytes {
                live = before
                giveWay.append(reference)
            }
        }
    }

    private func leased() throws(ContentError) -> [ContentRoot] {
        var roots: [ContentRoot] = []
        for name in try StorePaths.names(in: paths.leases) {
            roots += try ContentLease.read("\(paths.leases)/\(name)") ?? []
        }
        return roots
    }

    private func references() throws(ContentError) -> [ContentReference] {
        var all: [ContentReference] = []
        for namespace in try StorePaths.names(in: paths.references) {
            for name in try StorePaths.names(in: "\(paths.references)/\(namespace)") {
                if let reference = try ReferenceFile.read("\(paths.references)/\(namespace)/\(name)") {
                    all.append(reference)
                }
            }
        }
        return all
    }

    private func sparsePacks() -> [Int] {
        let sizes = live.table.packs.indices.map { live.bytes(of: $0) }
        let small = sizes.indices.filter { sizes[$0].live > 0 && sizes[$0].all < Self.smallBytes }
        let isCrowded = small.count > Self.smallCount
        return sizes.indices.filter { number in
            let size = sizes[number]
            guard size.live > 0 else { return false }
            let isSparse = size.live * 100 < size.all * Self.leastLivePercent
            return isSparse || isCrowded && size.all < Self.smallBytes
        }
    }

    // MARK: removing

    private struct LockedPack {
        var pack: Int
        var file: StoreFile
        /// The marks as they were: if they are others at the end, somebody has begun to use more of it.
        var marks: [Bool]
    }

    /// Those of the packs that no session uses; from now on none can begin to.
    private func lock(_ packs: [Int]) throws(ContentError) -> [LockedPack] {
        var locked: [LockedPack] = []
        for pack in packs {
            let path = paths.pack(live.table.packs[pack].name)
            guard let file = try StoreFile.openIfPresent(path), file.tryLock(.exclusive) else { continue }
            locked.append(LockedPack(pack: pack, file: file, marks: live.marks[pack]))
        }
        return locked
    }

    private func copyLive(of packs: [Int]) throws(ContentError) {
        let space = ByteSpace(0)
        var writer: PackWriter?
        for pack in packs {
            let file = live.table.packs[pack]
            let entries = live.marks[pack].indices.lazy.filter { live.marks[pack][$0] }.compactMap { file.entry($0) }
            for entry in entries.sorted(by: { $0.offset < $1.offset }) {
                guard let bytes = try file.read(entry, into: space) else { continue }
                if let full = writer, full.isFull {
                    try full.seal(durably: true)
                    writer = nil
                }
                if writer == nil { writer = try PackWriter(paths) }
                try writer?.add(
                    entry.digest, stored: bytes, sizeBytes: Int(entry.sizeBytes), flags: entry.flags)
            }
        }
        try writer?.seal(durably: true)
    }

    /// Removes the packs, unless somebody has begun to use more of what is in them since they were marked, and the
    /// references that give way.
    @discardableResult
    private mutating func remove(_ packs: [LockedPack]) throws(ContentError) -> Int {
        let paths = paths
        var collection = self
        let count = try paths.closing { () throws(ContentError) in
            let leased = Set(try collection.leased())
            for root in leased { try collection.live.add(root) }
            try collection.removeReferences(leased)
            for reference in try collection.references() { try collection.live.add(reference.root) }
            let removable = packs.filter { collection.live.marks[$0.pack] == $0.marks }
            if !removable.isEmpty { try paths.nextGeneration() }
            for pack in removable {
                let name = collection.live.table.packs[pack.pack].name
                collection.report.freedBytes += UInt64(pack.file.size)
                guard unlink(paths.pack(name)) == 0 else { throw .write(paths.pack(name)) }
                unlink(paths.lost(name))
                collection.report.removedPacks += 1
            }
            try collection.sweepLeavings()
            return removable.count
        }
        self = collection
        return count
    }

    private mutating func removeReferences(_ leased: Set<ContentRoot>) throws(ContentError) {
        for reference in giveWay where !leased.contains(reference.root) {
            let folder = ReferenceFile.folder(reference.namespace, in: paths)
            let path = "\(folder)/\(ReferenceFile.name(of: reference.name))"
            // One that was used or set anew meanwhile stays.
            guard try ReferenceFile.read(path) == reference else { continue }
            guard unlink(path) == 0 else { throw .write(path) }
            report.removedReferences.append(reference)
        }
        giveWay = []
    }

    /// Drafts and leases of processes that have ended.
    private func sweepLeavings() throws(ContentError) {
        for folder in [paths.drafts, paths.leases] {
            for name in try StorePaths.names(in: folder) {
                guard let file = try StoreFile.openIfPresent("\(folder)/\(name)"), file.tryLock(.exclusive) else {
                    continue
                }
                unlink(file.path)
            }
        }
    }

    private func forgetSightings() throws(ContentError) {
        for name in try StorePaths.names(in: paths.sightings) {
            let path = "\(paths.sightings)/\(name)"
            var status = stat()
            guard stat(path, &status) == 0, now - Int64(status.st_mtim.tv_sec) > Self.sightingSeconds else { continue }
            unlink(path)
        }
    }
}
