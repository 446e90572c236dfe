// SPDX-License-Identifier: Apache-2.0

/// How a store behaves.
package struct ContentOptions: Hashable, Sendable {
    /// What was stored survives a power failure, not only the end of the process. Costs a sync a pack.
    package var isDurable = false
    /// Threads that save and restore trees.
    package var threadCount = 4

    package init() {}
}

/// The one content-addressed store: caches, artifacts and snapshots of workspaces, each byte once.
///
/// Any number of processes may use one folder at a time. All calls block.
package final class ContentFolder: Sendable {
    package let path: String
    let options: ContentOptions
    let paths: StorePaths
    let shelf: PackShelf

    /// Opens the store of a folder, or makes it.
    package init(path: String, options: ContentOptions = ContentOptions()) throws(ContentError) {
        self.path = path
        self.options = options
        paths = StorePaths(root: path)
        shelf = PackShelf(paths)
        try paths.prepare()
    }

    /// Begins to use content: what is saved, opened and restored under it is kept until the lease and its process end.
    package func lease() throws(ContentError) -> ContentLease {
        try ContentLease(paths)
    }

    /// For content that comes in pieces.
    package func writer(under lease: ContentLease) throws(ContentError) -> ContentWriter {
        try ContentWriter(session: WriteSession(paths, shelf, durably: options.isDurable), lease: lease)
    }

    /// - Throws: ``ContentError/missing(_:neededFor:)`` where the store does not have it.
    package func reader(_ id: ContentID) throws(ContentError) -> ContentReader {
        try ContentReader(id, loader: ChunkLoader(shelf))
    }

    /// Whether the store has the content at all; not whether each of its bytes is sound.
    package func contains(_ id: ContentID) throws(ContentError) -> Bool {
        if id.sizeBytes == 0 { return true }
        return try ChunkLoader(shelf).entry(id.digest) != nil
    }

    /// Forgets a damaged chunk or list, so that whoever needs it misses it, and the next one who stores it stores it anew.
    package func drop(_ digest: ContentDigest) throws(ContentError) {
        while let place = try shelf.refreshed().find(digest) {
            let pack = try shelf.table().packs[place.pack]
            // Both at once: what was seen in saved folders relies on the chunks of their trees.
            try paths.closing { () throws(ContentError) in
                try paths.nextGeneration()
                try StoreFile.openOrCreate(paths.lost(pack.name)).append(digest.bytes)
            }
        }
    }
}
