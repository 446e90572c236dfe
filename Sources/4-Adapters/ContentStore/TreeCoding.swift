// SPDX-License-Identifier: Apache-2.0

/// The bytes of a tree's manifest. Decoding trusts nothing: names cannot lead out of the tree, and each comes once.
enum TreeCoding {
    private static let signature: [UInt8] = Array("martlet tree 1\n".utf8)
    private static let wholeFlag: UInt64 = 1 << 16

    static func encode(_ manifest: TreeManifest) -> [UInt8] {
        let count = manifest.folders.reduce(0) { $0 + $1.entries.count }
        var sink = ByteSink(capacity: signature.count + count * 80 + manifest.folders.count * 60)
        sink.put(signature)
        sink.put(UInt64(manifest.folders.count))
        for folder in manifest.folders {
            sink.put(counted: folder.path)
            sink.put(UInt64(folder.mode) | (folder.isWhole ? wholeFlag : 0))
            sink.put(fixed: folder.modifiedNanoseconds)
            sink.put(UInt64(folder.entries.count))
            for entry in folder.entries { encode(entry, &sink) }
        }
        return sink.bytes
    }

    private static func encode(_ entry: TreeEntry, _ sink: inout ByteSink) {
        sink.put(byte: entry.kind.rawValue)
        sink.put(counted: entry.name)
        sink.put(UInt64(entry.mode))
        sink.put(fixed: entry.modifiedNanoseconds)
        guard entry.kind == .file else { return sink.put(counted: entry.target) }
        sink.put(entry.sizeBytes)
        // One chunk is as large as the file.
        if entry.chunks.count == 1, UInt64(entry.chunks[0].sizeBytes) == entry.sizeBytes {
            sink.put(1)
            return sink.put(entry.chunks[0].digest)
        }
        sink.put(UInt64(entry.chunks.count) << 1)
        for chunk in entry.chunks {
            sink.put(chunk.digest)
            sink.put(UInt64(chunk.sizeBytes))
        }
    }

    static func decode(_ bytes: UnsafeRawBufferPointer) throws(ContentError) -> TreeManifest {
        guard bytes.count >= signature.count, bytes.prefix(signature.count).elementsEqual(signature) else {
            throw .treeNotUnderstood(detail: "it is no tree of a known version")
        }
        var source = ByteSource(UnsafeRawBufferPointer(rebasing: bytes[signature.count...]))
        var manifest = TreeManifest()
        let folderCount = source.number()
        var total = 0
        while manifest.folders.count < folderCount, !source.isBroken {
            let folder = try decodeFolder(&source, after: manifest.folders.last, &total)
            manifest.folders.append(folder)
            total += 1
            guard total <= ContentLimits.treeEntries else {
                throw .pastLimit("A tree has more than \(ContentLimits.treeEntries) files, links and folders.")
            }
        }
        guard !source.isBroken, source.isAtEnd else { throw .treeNotUnderstood(detail: "it is not whole") }
        return manifest
    }

    private static func decodeFolder(_ source: inout ByteSource, after last: TreeFolder?, _ total: inout Int)
        throws(ContentError) -> TreeFolder
    {
        let path = source.counted()
        let mode = source.number()
        var folder = TreeFolder(
            path: path, mode: UInt16(truncatingIfNeeded: mode & 0o7777), modifiedNanoseconds: source.fixed(),
            isWhole: mode & wholeFlag != 0, entries: [])
        let isInOrder = last.map { TreeOrder.precedes($0.path, path) } ?? path.isEmpty
        guard isInOrder, isPath(path) else {
            throw .treeNotUnderstood(detail: "it has a folder '\(path.pathText)' where none can be")
        }
        let count = source.number()
        folder.entries.reserveCapacity(Int(min(count, UInt64(source.left / 12))))
        while folder.entries.count < count, !source.isBroken {
            let entry = try decodeEntry(&source)
            if let before = folder.entries.last, !TreeOrder.precedes(before.name, entry.name) { source.break() }
            guard entry.name.isFileName || source.isBroken else {
                throw .treeNotUnderstood(detail: "it has a file '\(entry.name.pathText)'")
            }
            folder.entries.append(entry)
            total += 1
        }
        return folder
    }

    private static func decodeEntry(_ source: inout ByteSource) throws(ContentError) -> TreeEntry {
        guard let kind = TreeEntry.Kind(rawValue: source.byte()) else {
            throw .treeNotUnderstood(detail: "it has an entry of an unknown kind")
        }
        var entry = TreeEntry(
            name: source.counted(), kind: kind, mode: UInt16(truncatingIfNeeded: source.number() & 0o7777),
            modifiedNanoseconds: source.fixed(), sizeBytes: 0, chunks: [], target: [])
        guard kind == .file else {
            entry.target = source.counted()
            return entry
        }
        entry.sizeBytes = source.number()
        let count = source.number()
        if count == 1 {
            guard entry.sizeBytes <= UInt64(ChunkCutting.files.maximum) else {
                throw .treeNotUnderstood(detail: "a file has a chunk that is too large")
            }
            entry.chunks = [ContentChunk(digest: source.digest(), sizeBytes: UInt32(entry.sizeBytes))]
            return entry
        }
        var size: UInt64 = 0
        while entry.chunks.count < count >> 1, !source.isBroken {
            let digest = source.digest()
            let chunkSize = source.number()
            guard chunkSize <= UInt64(ChunkCutting.files.maximum) else {
                throw .treeNotUnderstood(detail: "a file has a chunk that is too large")
            }
            entry.chunks.append(ContentChunk(digest: digest, sizeBytes: UInt32(chunkSize)))
            size += chunkSize
        }
        guard size == entry.sizeBytes || source.isBroken else {
            throw .treeNotUnderstood(detail: "a file's chunks do not make up its size")
        }
        return entry
    }

    private static func isPath(_ path: [UInt8]) -> Bool {
        path.isEmpty
            || path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
                .allSatisfy { Array($0).isFileName }
    }
}
