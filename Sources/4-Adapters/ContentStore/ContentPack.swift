// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// Trees as one file that stands for itself: their chunks, each as small as it can be made, and behind them an index that says
/// where each is. Whoever has some of the chunks reads the others by their ranges.
package struct ContentPack: Hashable, Sendable {
    package struct Tree: Hashable, Sendable {
        package var id: ContentID
        /// Of the tree's description, in order.
        package var pieces: [ContentChunk]

        package init(id: ContentID, pieces: [ContentChunk]) {
            self.id = id
            self.pieces = pieces
        }
    }

    package struct Item: Hashable, Sendable {
        package var chunk: ContentChunk
        package var offset: UInt64
        /// In the file; fewer than the chunk has where it is compressed.
        package var storedBytes: Int

        package var range: Range<UInt64> { offset..<offset + UInt64(storedBytes) }

        /// The chunk's bytes; nothing of them is believed before their digest was made.
        ///
        /// - Parameter stored: as they are in the file.
        /// - Returns: `nil` where they are no chunk of that size.
        package func bytes(_ stored: [UInt8]) -> [UInt8]? {
            let size = Int(chunk.sizeBytes)
            guard stored.count == storedBytes, size <= ContentLimits.chunkBytes else { return nil }
            if stored.count == size { return stored }
            var room = [UInt8](repeating: 0, count: size)
            let isWhole = stored.withUnsafeBytes { stored in
                room.withUnsafeMutableBytes { Decompressor().decompress(stored, into: $0) }
            }
            return isWhole ? room : nil
        }
    }

    package private(set) var trees: [Tree] = []
    package private(set) var items: [Item] = []
    private var known: Set<ContentDigest> = []

    package init() {}

    /// Where the next chunk begins.
    package var sizeBytes: UInt64 { items.last?.range.upperBound ?? 0 }

    package mutating func add(_ tree: Tree) { trees.append(tree) }

    package func has(_ chunk: ContentChunk) -> Bool { known.contains(chunk.digest) }

    /// - Parameter storedBytes: of the chunk, which is the next in the file.
    package mutating func add(_ chunk: ContentChunk, storedBytes: Int) {
        items.append(Item(chunk: chunk, offset: sizeBytes, storedBytes: storedBytes))
        known.insert(chunk.digest)
    }
}

extension ContentFolder {
    /// A chunk as a pack has it.
    ///
    /// - Throws: ``ContentError/missing(_:neededFor:)``, ``ContentError/damaged(_:detail:neededFor:)``.
    package func packed(_ chunk: ContentChunk) throws(ContentError) -> [UInt8] {
        let bytes = try bytes(of: chunk)
        return bytes.withUnsafeBytes { plain in
            let compressor = Compressor()
            return compressor.compress(plain).map { Array($0) }
        } ?? bytes
    }
}

extension ContentPack: DataRepresentable {
    /// `chunks` are `DIGEST SIZE STORED`, in their order.
    package var data: DataValue {
        [
            "trees": .array(
                trees.map { ["id": .string($0.id.description), "pieces": .array($0.pieces.map { .string($0.text) })] }),
            "chunks": .array(items.map { .string("\($0.chunk.text) \($0.storedBytes)") }),
        ]
    }

    package init(data: DataValue) throws(DataShapeError) {
        for text in data.strings("chunks") {
            let words = text.split(separator: " ")
            guard words.count == 3, let chunk = ContentChunk(text: words[0] + " " + words[1]),
                let stored = Int(words[2]), (1...Int(chunk.sizeBytes)).contains(stored)
            else { throw DataShapeError("a chunk of a pack") }
            add(chunk, storedBytes: stored)
        }
        for item in data["trees"]?.array ?? [] {
            let pieces = item.strings("pieces").compactMap { ContentChunk(text: $0) }
            guard let id = ContentID(try item.string("id")), pieces.allSatisfy(has) else {
                throw DataShapeError("a tree of a pack")
            }
            add(Tree(id: id, pieces: pieces))
        }
    }
}
