// SPDX-License-Identifier: Apache-2.0

/// What stored content is made of: all that another store needs to have it too.
package struct ContentParts: Hashable, Sendable {
    package var root: ContentRoot
    /// Of the content itself, in order; of a tree, its description.
    package var pieces: [ContentChunk]
    /// Of a tree's files, each once, without those that are pieces.
    package var others: [ContentChunk]

    package init(root: ContentRoot, pieces: [ContentChunk], others: [ContentChunk] = []) {
        self.root = root
        self.pieces = pieces
        self.others = others
    }

    package var chunks: [ContentChunk] { pieces + others }
}

extension ContentFolder {
    /// - Throws: ``ContentError/missing(_:neededFor:)`` where the store does not have the content, or its description.
    package func parts(of root: ContentRoot) throws(ContentError) -> ContentParts {
        let loader = try ChunkLoader(shelf)
        var parts = ContentParts(root: root, pieces: try ContentReader.chunks(of: root.id, loader), others: [])
        guard root.kind == .tree else { return parts }
        var seen = Set(parts.pieces.map(\.digest))
        for entry in try Self.manifest(root.id, loader).folders.flatMap(\.entries) {
            for chunk in entry.chunks where seen.insert(chunk.digest).inserted { parts.others.append(chunk) }
        }
        return parts
    }

    /// Whether the store has a chunk; not whether its bytes are sound.
    package func contains(_ chunk: ContentChunk) throws(ContentError) -> Bool {
        try contains(ContentID(digest: chunk.digest, sizeBytes: UInt64(chunk.sizeBytes)))
    }

    /// The bytes of a chunk, verified.
    ///
    /// - Throws: ``ContentError/missing(_:neededFor:)``, ``ContentError/damaged(_:detail:neededFor:)``.
    package func bytes(of chunk: ContentChunk) throws(ContentError) -> [UInt8] {
        try reader(ContentID(digest: chunk.digest, sizeBytes: UInt64(chunk.sizeBytes))).readAll(
            limitBytes: UInt64(chunk.sizeBytes))
    }

    /// For content that comes from another store, chunk by chunk.
    package func deposit() throws(ContentError) -> ContentDeposit {
        ContentDeposit(self, try WriteSession(paths, shelf, durably: options.isDurable))
    }
}
