// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Glibc

/// How a tree is restored.
package enum RestoreManner: Hashable, Sendable {
    /// Every file is written; those that are there with the same names are replaced.
    case all
    /// Only what differs from what is there is written. Files that look as they did when the selection was last saved
    /// or restored are known; others of the same size are read and compared.
    case differences(removingOthers: Bool)
}

/// A tree that was restored.
package struct RestoredTree: Hashable, Sendable {
    package var writtenCount = 0
    package var writtenBytes: UInt64 = 0
    /// Files and links that were there already.
    package var keptCount = 0
    package var removedCount = 0
    package var folderCount = 0
}

extension ContentFolder {
    /// The folders, files and links of a stored tree.
    package func tree(_ id: ContentID) throws(ContentError) -> TreeManifest {
        try Self.manifest(id, ChunkLoader(shelf))
    }

    static func manifest(_ id: ContentID, _ loader: ChunkLoader) throws(ContentError) -> TreeManifest {
        let bytes = try ContentReader(id, loader: loader).readAll(limitBytes: ContentLimits.manifestBytes)
        return try bytes.withUnsafeBufferPointer { (buffer) throws(ContentError) in
            try TreeCoding.decode(UnsafeRawBufferPointer(buffer))
        }
    }

    /// Makes the files of a stored tree below the selection's root, which is made too.
    ///
    /// Nothing else may write there meanwhile. Contents, modes, times of modification and links are those that were
    /// saved; a failure names the file, and is an error also where all others were restored.
    ///
    /// - Parameter selection: what was saved, so that it is known when it is saved next.
    package func restore(
        _ tree: ContentID, to selection: TreeSelection, _ manner: RestoreManner = .all, under lease: ContentLease
    ) throws(ContentError) -> RestoredTree {
        let generation = try paths.passing { () throws(ContentError) in
            try lease.hold(ContentRoot(.tree, tree))
            return try paths.currentGeneration()
        }
        let manifest = try self.tree(tree)
        try Self.makeRoot(selection.root)
        guard let root = TreeHandle.root(selection.root) else {
            throw .notRestored(path: selection.root, detail: String(cString: strerror(errno)))
        }
        let place = try Sightings.path(of: selection, in: paths)
        var plan = RestorePlan(manifest)
        if case .differences(let removingOthers) = manner {
            let moment = FileClock.now()
            let seen = try TreeWalk(root: root, selection: selection, threads: options.threadCount).run()
            let index = try Sightings.read(place).map { SightingIndex($0) }
            plan = RestorePlan(
                manifest, seen: seen.folders, index: index, moment: moment, removingOthers: removingOthers)
        }
        let restore = TreeRestore(
            root: root, rootPath: selection.root, manifest: manifest, threads: options.threadCount, shelf: shelf)
        let (restored, marks) = try restore.run(plan)
        try Sightings(tree: tree, generation: generation, moment: FileClock.now(), manifest: manifest, marks: marks)
            .write(place)
        return restored
    }

    private static func makeRoot(_ path: String) throws(ContentError) {
        do throws(ContentError) {
            try StorePaths.makeFolder(path, mode: 0o755)
        } catch {
            throw .notRestored(path: path, detail: error.diagnostic.message)
        }
    }
}

/// What is to be done to make a folder equal to a tree.
struct RestorePlan {
    enum Step {
        case write
        /// Its looks say nothing against it: read it, and write it if it is not the same.
        case compare(FileLook)
        /// The content is right, the mode or the time is not.
        case adjust
    }

    struct Item {
        var folder: Int
        var entry: Int
        /// Among all entries of the manifest.
        var slot: Int
        var step: Step
    }

    var items: [Item] = []
    /// Of what is there already.
    var marks: [Sightings.Mark]
    /// Files, links and folders that are in the way, or not in the tree; outer ones first.
    var removals: [[UInt8]] = []
    var keptCount = 0

    /// Writes everything.
    init(_ manifest: TreeManifest) {
        marks = []
        for (number, folder) in manifest.folders.enumerated() {
            for position in folder.entries.indices {
                items.append(Item(folder: number, entry: position, slot: items.count, step: .write))
            }
        }
        marks = Array(repeating: .unknown, count: items.count)
    }

    init(
        _ manifest: TreeManifest, seen: [SeenFolder], index: SightingIndex?, moment: Int64, removingOthers: Bool
    ) {
        marks = []
        let seenNumbers = Dictionary(uniqueKeysWithValues: seen.enumerated().map { ($1.path, $0) })
        var wholeFolders: [[UInt8]: Bool] = [:]
        var entryPaths: Set<[UInt8]> = []
        for (number, folder) in manifest.folders.enumerated() {
            wholeFolders[folder.path] = folder.isWhole
            let there = seenNumbers[folder.path].map { seen[$0] }
            let known = there.flatMap { there in index?.known(there) }
            compare(folder, number, there, known, moment, removingOthers)
        }
        // Folders that are not in the tree, or where the tree has a file.
        for folder in manifest.folders where seenNumbers[folder.path] != nil {
            for entry in folder.entries where seenNumbers[folder.path(of: entry.name)] != nil {
                entryPaths.insert(folder.path(of: entry.name))
            }
        }
        for folder in seen where wholeFolders[folder.path] == nil {
            let end = folder.path.lastIndex(of: UInt8(ascii: "/")) ?? 0
            let isInWhole = wholeFolders[Array(folder.path[..<end])] == true
            if entryPaths.contains(folder.path) || removingOthers && isInWhole { removals.append(folder.path) }
        }
    }

    private mutating func compare(
        _ folder: TreeFolder, _ number: Int, _ there: SeenFolder?, _ known: [TreeEntry?]?, _ moment: Int64,
        _ removingOthers: Bool
    ) {
        let present = there?.entries ?? []
        var next = 0
        func isOther(_ name: [UInt8]) -> Bool { removingOthers && folder.isWhole }
        for (position, entry) in folder.entries.enumerated() {
            while next < present.count, TreeOrder.precedes(present[next].name, entry.name) {
                if isOther(present[next].name) { removals.append(folder.path(of: present[next].name)) }
                next += 1
            }
            var step: Step? = .write
            var mark = Sightings.Mark.unknown
            if next < present.count, present[next].name == entry.name {
                let look = present[next].look
                step = Self.step(entry, look, known?[next] ?? nil)
                if FileClock.tellsChanges(look, after: moment) {
                    mark = Sightings.Mark(changed: look.changed, inode: look.inode)
                }
                next += 1
            }
            if let step {
                items.append(Item(folder: number, entry: position, slot: marks.count, step: step))
            } else {
                keptCount += 1
            }
            marks.append(mark)
        }
        for other in present[next...] where isOther(other.name) { removals.append(folder.path(of: other.name)) }
    }

    /// What is to be done about an entry where there is something of its name; `nil` where it is as it should be.
    private static func step(_ entry: TreeEntry, _ look: FileLook, _ known: TreeEntry?) -> Step? {
        let isRight =
            look.mode == entry.mode && look.modified == entry.modifiedNanoseconds
        guard (entry.kind == .link) == (look.kind == .link) else { return .write }
        if entry.kind == .link {
            guard isRight else { return .write }
            return known.map { $0.target == entry.target ? nil : .write } ?? .compare(look)
        }
        if let known { return known.chunks == entry.chunks ? (isRight ? nil : .adjust) : .write }
        return look.sizeBytes == entry.sizeBytes ? .compare(look) : .write
    }
}
