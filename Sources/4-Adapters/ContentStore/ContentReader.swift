// SPDX-License-Identifier: Apache-2.0

/// Reads stored content, from its beginning or anywhere; each chunk is verified. Used by one thread at a time.
package final class ContentReader {
    package let id: ContentID
    private let loader: ChunkLoader
    private let chunks: [ContentChunk]
    /// Where each chunk begins, and the end.
    private let starts: [UInt64]
    private let space: ByteSpace
    /// The chunk in `space`.
    private var loaded = -1
    private var next: UInt64 = 0

    init(_ id: ContentID, loader: ChunkLoader) throws(ContentError) {
        self.id = id
        self.loader = loader
        chunks = try Self.chunks(of: id, loader)
        var end: UInt64 = 0
        var starts: [UInt64] = [0]
        starts.reserveCapacity(chunks.count + 1)
        for chunk in chunks {
            end += UInt64(chunk.sizeBytes)
            starts.append(end)
        }
        self.starts = starts
        space = ByteSpace(Int(chunks.map(\.sizeBytes).max() ?? 0))
        guard end == id.sizeBytes else {
            throw .damaged(id.digest, detail: "its chunks have \(end) bytes, not \(id.sizeBytes)")
        }
    }

    static func chunks(of id: ContentID, _ loader: ChunkLoader) throws(ContentError) -> [ContentChunk] {
        guard id.sizeBytes > 0 else { return [] }
        guard let entry = try loader.entry(id.digest) else { throw .missing(id.digest) }
        if entry.isList { return try loader.loadList(id.digest) }
        return [ContentChunk(digest: id.digest, sizeBytes: UInt32(clamping: id.sizeBytes))]
    }

    /// Fills `room` from `offset` on; answers how many bytes there were.
    package func read(into room: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(ContentError) -> Int {
        var done = 0
        while done < room.count, offset + UInt64(done) < id.sizeBytes {
            let place = offset + UInt64(done)
            let number = chunkNumber(at: place)
            let bytes = try chunk(number)
            let start = Int(place - starts[number])
            let count = min(bytes.count - start, room.count - done)
            UnsafeMutableRawBufferPointer(rebasing: room[done...])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<(start + count)]))
            done += count
        }
        return done
    }

    /// Up to `count` bytes from `offset` on; fewer at the end.
    package func read(count: Int, at offset: UInt64) throws(ContentError) -> [UInt8] {
        let there = offset < id.sizeBytes ? Int(clamping: id.sizeBytes - offset) : 0
        let space = ByteSpace(min(count, there))
        let got = try read(into: space.all, at: offset)
        return Array(space.bytes(0..<got))
    }

    /// Hands the next chunk's bytes to `body`; `false` at the end.
    package func next(_ body: (UnsafeRawBufferPointer) throws(ContentError) -> Void) throws(ContentError) -> Bool {
        guard next < id.sizeBytes else { return false }
        let number = chunkNumber(at: next)
        let bytes = try chunk(number)
        let start = Int(next - starts[number])
        next = starts[number + 1]
        try body(UnsafeRawBufferPointer(rebasing: bytes[start...]))
        return true
    }

    /// All of the content.
    ///
    /// - Throws: ``ContentError/pastLimit(_:)`` where it is larger than `limitBytes`.
    package func readAll(limitBytes: UInt64) throws(ContentError) -> [UInt8] {
        guard id.sizeBytes <= limitBytes else {
            throw .pastLimit("The content \(id) is larger than the \(limitBytes) bytes that are read of such content.")
        }
        return try read(count: Int(id.sizeBytes), at: 0)
    }

    private func chunkNumber(at offset: UInt64) -> Int {
        var low = 0
        var high = chunks.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= offset { low = middle } else { high = middle }
        }
        return low
    }

    private func chunk(_ number: Int) throws(ContentError) -> UnsafeRawBufferPointer {
        let count = Int(chunks[number].sizeBytes)
        if loaded != number {
            loaded = -1
            try loader.load(chunks[number], into: UnsafeMutableRawBufferPointer(rebasing: space.all[..<count]))
            loaded = number
        }
        return space.bytes(0..<count)
    }
}
