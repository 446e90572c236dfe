// SPDX-License-Identifier: Apache-2.0

internal import ContentStore
internal import Diagnostics
internal import FileAccess
internal import ObjectStorage
internal import ProcessControl
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

    /// What an upload is to become.
    enum UploadKind: String {
        case artifact
        case cache
    }

    /// Uploads a blob of the shelf here.
    ///
    /// - Returns: by which the server knows it.
    func send(_ blob: StoredBlob, as kind: UploadKind) throws(DiagnosticError) -> DataValue {
        if try put(shelf.path(of: blob), blob, as: kind) { return blob.data }
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

    /// Puts a file into the object storage, where the server gives a link for it.
    ///
    /// - Returns: `false` where the bytes go through the server.
    func put(_ path: String, _ blob: StoredBlob, as kind: UploadKind) throws(DiagnosticError) -> Bool {
        guard line.links.isUsable,
            (RunnerLimits.linkedBytes...RunnerLimits.linkedUploadBytes).contains(blob.sizeBytes)
        else { return false }
        var details: DataObject = ["kind": .string(kind.rawValue), "name": .string(blob.name)]
        details["size"] = .number(Double(blob.sizeBytes))
        details["sha256"] = .string(blob.digest)
        guard let link = try line.link(.uploadLink, details) else { return false }
        do throws(DiagnosticError) {
            try line.links.put(path, blob.sizeBytes, at: link)
            return true
        } catch  where error.diagnostic.code == .linkUnusable {
            line.links.giveUp(error)
            return false
        }
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

    /// What the server has not got of a tree.
    struct Missing {
        var parts: ContentParts
        var chunks: [ContentChunk] = []

        /// What the tree is called, and its pieces.
        var data: DataObject {
            [
                "tree": .string(parts.root.id.description),
                "pieces": .array(parts.pieces.map { .string($0.text) }),
            ]
        }
    }

    func missing(of tree: ContentID) throws(DiagnosticError) -> Missing {
        let parts = try content.with { (opened) throws(ContentError) in
            try opened.content.parts(of: ContentRoot(.tree, tree))
        }
        var missing = Missing(parts: parts)
        var rest = parts.chunks[...]
        while !rest.isEmpty {
            let asked = Array(rest.prefix(RunnerLimits.partsPerMessage))
            rest = rest.dropFirst(asked.count)
            let answer = try line.call(.missing, ["chunks": .array(asked.map { .string($0.text) })])
            missing.chunks += answer.strings("chunks").compactMap { ContentChunk(text: $0) }
                .filter(Set(asked).contains)
        }
        return missing
    }

    func send(_ missing: Missing) throws(DiagnosticError) { try send(missing.chunks) }

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

    /// Brings what of a cache's trees is not here, and gives them their names here.
    ///
    /// - Returns: `false` where the server has not got all of it.
    func bring(_ trees: CacheTrees, of entry: CacheEntry) throws(DiagnosticError) -> Bool {
        if try bringLinked(trees, of: entry) { return true }
        for part in trees.parts where try !bring(part, of: entry) { return false }
        return true
    }

    /// - Returns: `false` where the bytes come through the server.
    private func bringLinked(_ trees: CacheTrees, of entry: CacheEntry) throws(DiagnosticError) -> Bool {
        let links = line.links
        guard links.isUsable, entry.object != nil else { return false }
        let name: DataObject = [
            "key": .string(entry.key), "version": .string(entry.version), "scope": .string(entry.scope),
        ]
        guard let link = try line.link(.link, name), let data = link.object else { return false }
        let object: StoredObject
        do { object = try StoredObject(data: data) } catch { throw ServerLine.unreadable("\(error)") }
        do throws(DiagnosticError) {
            let source = RenewedLink(link: link) { () throws(DiagnosticError) in try line.link(.link, name) }
            try CacheObject(object: object) { (range) throws(DiagnosticError) in
                try links.read(try source.current(), range)
            }.bring(trees, of: entry, to: content, namespace, known: try visibleChunks())
            return true
        } catch  where [.linkUnusable, .objectDamaged].contains(error.diagnostic.code) {
            // What is damaged the server may have whole; if not, it looks and drops the cache.
            links.giveUp(error)
            return false
        }
    }

    /// Chunks of caches that are here and that the job may see: no others need not be brought, whoever's they are.
    private func visibleChunks() throws(DiagnosticError) -> Set<ContentChunk> {
        let seen = Set(try FarEntryIndex(storage: self).caches(version: nil).map(\.id))
        return try content.with { (opened) throws(ContentError) in
            var chunks: Set<ContentChunk> = []
            for reference in try opened.content.references(in: namespace) {
                guard let id = reference.name.split(separator: "-").first.flatMap({ Int($0) }), seen.contains(id),
                    let parts = try? opened.content.parts(of: reference.root)
                else { continue }
                chunks.formUnion(parts.chunks)
            }
            return chunks
        }
    }

    private func bring(_ part: CacheTrees.Part, of entry: CacheEntry) throws(DiagnosticError) -> Bool {
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

/// A link that is asked for anew before it is no good any more.
private final class RenewedLink {
    private var link: StorageLink
    private var until: BootInstant
    private let renew: () throws(DiagnosticError) -> StorageLink?

    init(link: StorageLink, renew: @escaping () throws(DiagnosticError) -> StorageLink?) {
        self.link = link
        self.renew = renew
        until = .now() + .seconds(Int64(link.seconds) / 2)
    }

    func current() throws(DiagnosticError) -> StorageLink {
        if until < .now(), let next = try renew() {
            link = next
            until = .now() + .seconds(Int64(next.seconds) / 2)
        }
        return link
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
