// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The packs of a store, as far as this process knows them, and the reading of chunks.
final class PackShelf: Sendable {
    private let paths: StorePaths
    private let current = Mutex<PackTable?>(nil)

    init(_ paths: StorePaths) { self.paths = paths }

    /// What was listed last, or now if nothing was.
    func table() throws(ContentError) -> PackTable {
        if let table = current.withLock({ $0 }) { return table }
        return try refreshed()
    }

    /// Lists the packs again. Those that are known are not read again.
    func refreshed() throws(ContentError) -> PackTable {
        try current.withLock { (current) throws(ContentError) in
            let listed = try StorePaths.names(in: paths.packs)
            let names = listed.filter { $0.hasSuffix(".pack") }.map { String($0.dropLast(5)) }
            let withLosses = Set(listed.filter { $0.hasSuffix(".lost") }.map { String($0.dropLast(5)) })
            var known: [String: PackFile] = [:]
            for pack in current?.packs ?? [] { known[pack.name] = pack }
            var packs: [PackFile] = []
            for name in names {
                if let pack = known[name] {
                    let lostBytes = withLosses.contains(name) ? try PackFile.lostList(name, in: paths).count : 0
                    if pack.lostBytes == lostBytes {
                        packs.append(pack)
                        continue
                    }
                }
                if let pack = try PackFile.load(name, in: paths) { packs.append(pack) }
            }
            if let table = current, table.packs.count == packs.count, zip(table.packs, packs).allSatisfy({ $0 === $1 })
            {
                return table
            }
            let table = PackTable(packs: packs)
            current = table
            return table
        }
    }
}

/// Reads and verifies chunks. One a thread.
final class ChunkLoader {
    private let shelf: PackShelf
    private var table: PackTable
    private let decompressor = Decompressor()
    private let stored = ByteSpace(0)

    init(_ shelf: PackShelf) throws(ContentError) {
        self.shelf = shelf
        table = try shelf.table()
    }

    func entry(_ digest: ContentDigest) throws(ContentError) -> PackFormat.Entry? {
        if let place = table.find(digest) { return table.entry(place) }
        table = try shelf.refreshed()
        return table.find(digest).flatMap { table.entry($0) }
    }

    /// Writes the chunk's bytes to `room`, which has exactly its size, and sees that they are the right ones.
    func load(_ chunk: ContentChunk, into room: UnsafeMutableRawBufferPointer) throws(ContentError) {
        try withStored(chunk.digest) { (entry, bytes) throws(ContentError) in
            guard entry.sizeBytes == chunk.sizeBytes, room.count == Int(entry.sizeBytes), !entry.isList else {
                throw .damaged(chunk.digest, detail: "it has \(entry.sizeBytes) bytes, not \(chunk.sizeBytes)")
            }
            try unpack(entry, bytes, into: room)
            guard ContentDigest(of: UnsafeRawBufferPointer(room)) == chunk.digest else {
                throw .damaged(chunk.digest, detail: "its bytes have another digest")
            }
        }
    }

    /// The chunks of content that is larger than one of them.
    func loadList(_ digest: ContentDigest) throws(ContentError) -> [ContentChunk] {
        try withStored(digest) { (entry, bytes) throws(ContentError) in
            guard entry.isList, let chunks = ChunkList.decode(bytes, of: digest) else {
                throw .damaged(digest, detail: "the list of its chunks is not whole")
            }
            return chunks
        }
    }

    private func withStored<Result>(
        _ digest: ContentDigest,
        _ body: (PackFormat.Entry, UnsafeRawBufferPointer) throws(ContentError) -> Result
    ) throws(ContentError) -> Result {
        // A second look finds what a collection has moved meanwhile.
        for _ in 0..<3 {
            if let place = table.find(digest), let entry = table.entry(place),
                let bytes = try table.packs[place.pack].read(entry, into: stored)
            {
                return try body(entry, bytes)
            }
            table = try shelf.refreshed()
        }
        throw .missing(digest)
    }

    private func unpack(
        _ entry: PackFormat.Entry, _ bytes: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer
    ) throws(ContentError) {
        if entry.isCompressed {
            guard decompressor.decompress(bytes, into: room) else {
                throw .damaged(entry.digest, detail: "it does not decompress")
            }
        } else {
            guard bytes.count == room.count else { throw .damaged(entry.digest, detail: "it has another size") }
            room.copyMemory(from: bytes)
        }
    }
}

/// The chunks of content of more than one, stored under the content's digest.
enum ChunkList {
    static func encode(_ chunks: [ContentChunk], of digest: ContentDigest) -> [UInt8] {
        var sink = ByteSink(capacity: chunks.count * 36 + ContentDigest.byteCount * 2)
        sink.put(digest)
        for chunk in chunks {
            sink.put(chunk.digest)
            sink.put(fixed: chunk.sizeBytes)
        }
        // It is found by the content's digest, so it brings one of its own.
        sink.put(ContentDigest(of: sink.bytes))
        return sink.bytes
    }

    static func decode(_ bytes: UnsafeRawBufferPointer, of digest: ContentDigest) -> [ContentChunk]? {
        let body = bytes.count - ContentDigest.byteCount
        guard body >= ContentDigest.byteCount, (body - ContentDigest.byteCount) % 36 == 0 else { return nil }
        var source = ByteSource(UnsafeRawBufferPointer(rebasing: bytes[body...]))
        guard source.digest() == ContentDigest(of: UnsafeRawBufferPointer(rebasing: bytes[..<body])) else { return nil }
        source = ByteSource(UnsafeRawBufferPointer(rebasing: bytes[..<body]))
        guard source.digest() == digest else { return nil }
        var chunks: [ContentChunk] = []
        chunks.reserveCapacity(body / 36)
        while !source.isAtEnd {
            chunks.append(ContentChunk(digest: source.digest(), sizeBytes: source.fixed()))
        }
        return chunks
    }
}
