// SPDX-License-Identifier: Apache-2.0

/// The bytes of a pack: a signature, the stored chunks one after another, an index sorted by digest, and a trailer that
/// says where the index is and what its digest is. A file without a whole trailer is no pack.
enum PackFormat {
    static let signature: [UInt8] = Array("MRTPACK1".utf8)
    static let entryBytes = 48
    static let trailerBytes = 32 + 8 + 8 + 8

    /// A pack that has grown to this is sealed: large enough that few are open, small enough to be rewritten.
    static let targetBytes = 128 << 20

    /// Where a chunk is in its pack, and how it is kept there.
    struct Entry: Hashable, Sendable {
        static let compressed: UInt32 = 1
        /// Not a chunk, but the list of the chunks of larger content; see ``ChunkList``.
        static let list: UInt32 = 2

        var digest: ContentDigest
        var offset: UInt32
        var storedBytes: UInt32
        var sizeBytes: UInt32
        var flags: UInt32

        var isCompressed: Bool { flags & Self.compressed != 0 }
        var isList: Bool { flags & Self.list != 0 }
    }

    static func entry(_ number: Int, of index: UnsafeRawBufferPointer) -> Entry? {
        let offset = number * entryBytes
        guard offset + entryBytes <= index.count, let start = index.baseAddress.map({ $0 + offset }) else { return nil }
        func word(_ at: Int) -> UInt32 {
            UInt32(littleEndian: start.loadUnaligned(fromByteOffset: at, as: UInt32.self))
        }
        return Entry(
            digest: ContentDigest(reading: start), offset: word(32), storedBytes: word(36), sizeBytes: word(40),
            flags: word(44))
    }

    /// The index and the trailer of a pack whose chunks end at `end`.
    static func ending(_ entries: [Entry], at end: Int) -> [UInt8] {
        var sink = ByteSink(capacity: entries.count * entryBytes + trailerBytes)
        for entry in entries.sorted(by: { $0.digest < $1.digest }) {
            sink.put(entry.digest)
            sink.put(fixed: entry.offset)
            sink.put(fixed: entry.storedBytes)
            sink.put(fixed: entry.sizeBytes)
            sink.put(fixed: entry.flags)
        }
        sink.put(ContentDigest(of: sink.bytes))
        sink.put(fixed: UInt64(end))
        sink.put(fixed: UInt64(entries.count))
        sink.put(signature)
        return sink.bytes
    }

    /// The index of a sealed pack; `nil` where the file is not one, or is damaged.
    static func readIndex(of file: StoreFile) throws(ContentError) -> [UInt8]? {
        let size = file.size
        guard size >= signature.count + trailerBytes else { return nil }
        let trailer = try file.read(count: trailerBytes, at: size - trailerBytes)
        let (digest, start, count, isSigned) = trailer.withUnsafeBytes { bytes in
            var source = ByteSource(bytes)
            let digest = source.digest()
            let start: UInt64 = source.fixed()
            let count: UInt64 = source.fixed()
            return (digest, start, count, trailer.suffix(signature.count) == signature[...])
        }
        let indexBytes = size - trailerBytes - Int(clamping: start)
        guard isSigned, indexBytes >= 0, UInt64(indexBytes) == count &* UInt64(entryBytes) else { return nil }
        let index = try file.read(count: indexBytes, at: Int(start))
        return ContentDigest(of: index) == digest ? index : nil
    }
}
