// SPDX-License-Identifier: Apache-2.0

/// What one stored tree has that another has not.
package struct TreeDifference: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case added, changed, removed
    }

    package struct Change: Hashable, Sendable {
        package var kind: Kind
        /// A folder's ends with a slash.
        package var path: String
    }

    /// In order of the paths, up to the limit.
    package var changes: [Change] = []
    package var addedCount = 0
    package var changedCount = 0
    package var removedCount = 0
    /// Whether there are more than ``changes`` tells.
    package var isCut: Bool { changes.count < addedCount + changedCount + removedCount }

    /// - Parameter ignoringTimes: a file whose time of modification alone differs is the same.
    package init(from old: TreeManifest, to new: TreeManifest, limit: Int, ignoringTimes: Bool = true) {
        self.limit = limit
        self.ignoringTimes = ignoringTimes
        var left = 0
        var right = 0
        while left < old.folders.count || right < new.folders.count {
            let before = left < old.folders.count ? old.folders[left] : nil
            let after = right < new.folders.count ? new.folders[right] : nil
            if let before, let after, before.path == after.path {
                if before.mode != after.mode { add(.changed, before.path, isFolder: true) }
                compare(before, after)
                left += 1
                right += 1
            } else if let before, after.map({ TreeOrder.precedes(before.path, $0.path) }) ?? true {
                addAll(.removed, before)
                left += 1
            } else if let after {
                addAll(.added, after)
                right += 1
            }
        }
    }

    private let limit: Int
    private let ignoringTimes: Bool

    private mutating func compare(_ before: TreeFolder, _ after: TreeFolder) {
        var left = 0
        var right = 0
        while left < before.entries.count || right < after.entries.count {
            let old = left < before.entries.count ? before.entries[left] : nil
            let new = right < after.entries.count ? after.entries[right] : nil
            if var old, let new, old.name == new.name {
                if ignoringTimes { old.modifiedNanoseconds = new.modifiedNanoseconds }
                if old != new { add(.changed, before.path(of: old.name)) }
                left += 1
                right += 1
            } else if let old, new.map({ TreeOrder.precedes(old.name, $0.name) }) ?? true {
                add(.removed, before.path(of: old.name))
                left += 1
            } else if let new {
                add(.added, after.path(of: new.name))
                right += 1
            }
        }
    }

    private mutating func addAll(_ kind: Kind, _ folder: TreeFolder) {
        if !folder.path.isEmpty { add(kind, folder.path, isFolder: true) }
        for entry in folder.entries { add(kind, folder.path(of: entry.name)) }
    }

    private mutating func add(_ kind: Kind, _ path: [UInt8], isFolder: Bool = false) {
        switch kind {
        case .added: addedCount += 1
        case .changed: changedCount += 1
        case .removed: removedCount += 1
        }
        if changes.count < limit { changes.append(Change(kind: kind, path: path.pathText + (isFolder ? "/" : ""))) }
    }
}

extension ContentFolder {
    /// - Parameter limit: how many changes are named; all are counted.
    package func difference(from old: ContentID, to new: ContentID, limit: Int) throws(ContentError) -> TreeDifference {
        if old == new { return TreeDifference(from: TreeManifest(), to: TreeManifest(), limit: limit) }
        return TreeDifference(from: try tree(old), to: try tree(new), limit: limit)
    }
}
