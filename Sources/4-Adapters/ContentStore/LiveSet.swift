// SPDX-License-Identifier: Apache-2.0

/// Which stored pieces are in use: the marks of a collection.
struct LiveSet {
    let table: PackTable
    private let loader: ChunkLoader
    /// By pack and entry.
    private(set) var marks: [[Bool]]
    private(set) var liveBytes: UInt64 = 0
    private var roots: Set<ContentRoot> = []

    init(_ table: PackTable, _ shelf: PackShelf) throws(ContentError) {
        self.table = table
        loader = try ChunkLoader(shelf)
        marks = table.packs.map { Array(repeating: false, count: $0.entryCount) }
    }

    func contains(_ root: ContentRoot) -> Bool { roots.contains(root) }

    /// Marks all that a root needs, as far as it is there.
    mutating func add(_ root: ContentRoot) throws(ContentError) {
        guard roots.insert(root).inserted else { return }
        do throws(ContentError) {
            try mark(root.id)
            guard root.kind == .tree else { return }
            for folder in try ContentFolder.manifest(root.id, loader).folders {
                for entry in folder.entries {
                    for chunk in entry.chunks { mark(chunk.digest) }
                }
            }
        } catch {
            // What cannot be read of a root cannot be used by anybody: it keeps nothing more.
            switch error {
            case .missing, .damaged, .treeNotUnderstood: return
            default: throw error
            }
        }
    }

    private mutating func mark(_ id: ContentID) throws(ContentError) {
        guard id.sizeBytes > 0 else { return }
        mark(id.digest)
        for chunk in try ContentReader.chunks(of: id, loader) { mark(chunk.digest) }
    }

    private mutating func mark(_ digest: ContentDigest) {
        guard let place = table.find(digest), !marks[place.pack][place.number], let entry = table.entry(place) else {
            return
        }
        marks[place.pack][place.number] = true
        liveBytes += UInt64(entry.storedBytes)
    }

    /// Stored bytes of a pack: those in use, and all.
    func bytes(of pack: Int) -> (live: UInt64, all: UInt64) {
        var live: UInt64 = 0
        var all: UInt64 = 0
        for (number, isLive) in marks[pack].enumerated() {
            let size = UInt64(table.packs[pack].entry(number)?.storedBytes ?? 0)
            all += size
            if isLive { live += size }
        }
        return (live, all)
    }
}
