// SPDX-License-Identifier: Apache-2.0

internal import ContentStore
internal import Diagnostics
internal import FileAccess
internal import RunnerProtocol
internal import RuntimeServices
internal import StructuredData

/// Brings what a job has stored here to the server, and what the server has stored here: archives by offset, trees by the
/// chunks that the other side has not got. What is cut off goes on where it was.
struct FarStorage: Sendable {
    let line: ServerLine
    /// Where bytes lie until the server has them.
    let shelf: FileBlobShelf
    let content: LeasedContent
    /// Of the repository's caches in the content store here.
    let namespace: String

    // MARK: archives

    /// Uploads a blob of the shelf here.
    ///
    /// - Returns: by which the server knows it.
    func send(_ blob: StoredBlob) throws(DiagnosticError) -> DataValue {
        let reader = try shelf.open(blob)
        var offset = 0
        repeat {
            let piece = try Self.bytes(reader, at: offset, count: RunnerLimits.pieceBytes)
            offset = try line.upload(blob.name, at: offset, piece)
            guard offset <= blob.sizeBytes, !piece.isEmpty || blob.sizeBytes == 0 else {
                throw DiagnosticError(
                    .handoverMismatch, "The upload of \(blob.sizeBytes) bytes has \(offset) at the server.",
                    remedy: "Run the job again.")
            }
        } while offset < blob.sizeBytes
        return blob.data
    }

    private static func bytes(
        _ reader: any BlobReader, at offset: Int, count: Int
    ) throws(DiagnosticError) -> [UInt8] {
        let space = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        defer { space.deallocate() }
        var done = 0
        while done < count {
            let got = try reader.read(
                into: UnsafeMutableRawBufferPointer(rebasing: space[done...]), at: UInt64(offset + done))
            if got == 0 { break }
            done += got
        }
        return Array(space[..<done])
    }

    // MARK: trees

    /// Sends the chunks of a tree that the server says are missing.
    ///
    /// - Returns: what the tree is called, and its pieces.
    func send(_ tree: ContentID) throws(DiagnosticError) -> DataObject {
        let parts = try content.with { (opened) throws(ContentError) in
            try opened.content.parts(of: ContentRoot(.tree, tree))
        }
        var rest = parts.chunks[...]
        while !rest.isEmpty {
            let asked = Array(rest.prefix(RunnerLimits.partsPerMessage))
            rest = rest.dropFirst(asked.count)
            let answer = try line.call(.missing, ["chunks": .array(asked.map { .string($0.text) })])
            try send(answer.strings("chunks").compactMap { ContentChunk(text: $0) }.filter(Set(asked).contains))
        }
        return ["tree": .string(tree.description), "pieces": .array(parts.pieces.map { .string($0.text) })]
    }

    private func send(_ chunks: [ContentChunk]) throws(DiagnosticError) {
        for group in ChunkGroups.of(chunks) {
            let bytes = try content.with { (opened) throws(ContentError) in
                var bytes: [[UInt8]] = []
                for chunk in group { bytes.append(try opened.content.bytes(of: chunk)) }
                return bytes
            }
            try line.put(chunks: bytes)
        }
    }

    /// Brings the chunks of a cache's tree that are not here, and gives the tree its name here.
    ///
    /// - Returns: `false` where the server has not got all of it.
    func bring(_ part: CacheTrees.Part, of entry: CacheEntry) throws(DiagnosticError) -> Bool {
        let answer = try line.call(
            .tree,
            [
                "key": .string(entry.key), "version": .string(entry.version), "scope": .string(entry.scope),
                "base": .string(part.base.rawValue),
            ])
        guard !answer.bool("lost") else { return false }
        let pieces = answer.strings("pieces").compactMap { ContentChunk(text: $0) }
        let others = answer.strings("others").compactMap { ContentChunk(text: $0) }
        let deposit = try content.with { (opened) throws(ContentError) in try opened.content.deposit() }
        let missing = try content.with { (_) throws(ContentError) in
            var missing: [ContentChunk] = []
            for chunk in pieces + others where try !deposit.holds(chunk) { missing.append(chunk) }
            return missing
        }
        for group in ChunkGroups.of(missing) {
            let bytes = try line.chunks(group.map(\.text))
            try content.with { (_) throws(ContentError) in
                for (chunk, bytes) in zip(group, bytes) where try deposit.put(bytes) != chunk {
                    throw .damaged(chunk.digest, detail: "the server gave other bytes")
                }
            }
        }
        let metadata = Array((answer["metadata"]?.string ?? "").utf8)
        try content.with { (opened) throws(ContentError) in
            let root = ContentRoot(.tree, part.tree)
            try deposit.finish(root, pieces: pieces, under: opened.lease)
            try opened.content.setReference(
                ContentReference(
                    namespace: namespace, name: CacheTrees.reference(entry.id, part.base), root: root,
                    metadata: metadata))
        }
        return true
    }
}

/// Chunks that go in one message.
enum ChunkGroups {
    static func of(_ chunks: [ContentChunk]) -> [[ContentChunk]] {
        var groups: [[ContentChunk]] = []
        var bytes = 0
        for chunk in chunks {
            bytes += Int(chunk.sizeBytes)
            let isFull = bytes > RunnerLimits.chunkBytesPerMessage
            if groups.isEmpty || isFull || groups[groups.count - 1].count == RunnerLimits.partsPerMessage {
                groups.append([])
                bytes = Int(chunk.sizeBytes)
            }
            groups[groups.count - 1].append(chunk)
        }
        return groups
    }
}
