// SPDX-License-Identifier: Apache-2.0

internal import ContentStore
internal import Crypto
internal import Diagnostics
internal import FileAccess
internal import ObjectStorage
internal import RuntimeServices
internal import StructuredData
internal import Timekeeping

/// A cache's trees as one object: their chunks, and an index behind them. Whoever reads it fetches the chunks that it has not got.
struct CacheObject {
    let object: StoredObject
    /// Bytes of the object. May block.
    let read: (Range<UInt64>) throws(DiagnosticError) -> [UInt8]

    /// What the index says.
    struct Index: Sendable {
        var pack: ContentPack
        var parts: [Part]

        struct Part: Sendable {
            var base: StepFolders.Anchor
            var tree: ContentID
            /// Below the base; `nil`: all that is in the tree.
            var paths: [String]?
        }
    }

    /// Of one index.
    static let indexLimitBytes: UInt64 = 128 << 20
    /// Of one object.
    static let limitBytes: UInt64 = 10 << 30
    /// What is read at once.
    private static let rangeBytes: UInt64 = 8 << 20
    /// Chunks that are known, between others that are not, are read along up to here: another request costs more.
    private static let gapBytes: UInt64 = 64 << 10

    // MARK: writing

    /// Makes the file.
    ///
    /// - Parameter parts: trees that are in the content store, whole.
    /// - Returns: what it is as an object, whose key is given.
    static func write(
        _ parts: [Index.Part], of content: LeasedContent, to path: String, key: String
    ) throws(DiagnosticError) -> StoredObject {
        try? Files.remove(path)
        let file = try AppendingFile(path: path)
        var (pack, hash) = (ContentPack(), SHA256())
        for part in parts {
            let made = try content.with { (opened) throws(ContentError) in
                try opened.content.parts(of: ContentRoot(.tree, part.tree))
            }
            for chunk in made.chunks where !pack.has(chunk) {
                let bytes = try content.with { (opened) throws(ContentError) in try opened.content.packed(chunk) }
                try file.append(bytes)
                hash.update(data: bytes)
                pack.add(chunk, storedBytes: bytes.count)
            }
            pack.add(ContentPack.Tree(id: part.tree, pieces: made.pieces))
        }
        let index = Array(DataValue.object(data(pack, parts)).jsonText().utf8)
        try file.append(index)
        hash.update(data: index)
        return StoredObject(
            key: key, sizeBytes: file.sizeBytes, digest: Hexadecimal.text(hash.finalize()),
            indexBytes: UInt64(index.count), indexDigest: Hexadecimal.text(SHA256.hash(data: index)))
    }

    private static func data(_ pack: ContentPack, _ parts: [Index.Part]) -> DataObject {
        let said = parts.map { part in
            var object: DataObject = ["base": .string(part.base.rawValue), "tree": .string(part.tree.description)]
            object.set("paths", part.paths.map { .array($0.map(DataValue.string)) })
            return DataValue.object(object)
        }
        return ["pack": pack.data, "parts": .array(said)]
    }

    // MARK: reading

    /// - Throws: ``DiagnosticCode/objectDamaged`` where it is not what was recorded.
    func index() throws(DiagnosticError) -> Index {
        guard object.indexBytes > 0, object.indexBytes <= min(Self.indexLimitBytes, object.sizeBytes) else {
            throw damaged("it has no index")
        }
        let bytes = try read(object.sizeBytes - object.indexBytes..<object.sizeBytes)
        guard Hexadecimal.text(SHA256.hash(data: bytes)) == object.indexDigest else {
            throw damaged("its index is another")
        }
        do {
            let data = try DataValue(json: bytes)
            let pack = try ContentPack(data: data["pack"] ?? .null)
            guard pack.sizeBytes + object.indexBytes == object.sizeBytes else { throw DataShapeError("the size") }
            let parts = try data.list("parts") { item throws(DataShapeError) in
                guard let base = StepFolders.Anchor(rawValue: try item.string("base")),
                    let tree = ContentID(try item.string("tree"))
                else { throw DataShapeError("a part") }
                return Index.Part(base: base, tree: tree, paths: item["paths"].map { _ in item.strings("paths") })
            }
            return Index(pack: pack, parts: parts)
        } catch {
            throw damaged("its index says \(error)")
        }
    }

    private func damaged(_ what: String) -> DiagnosticError {
        DiagnosticError(
            .objectDamaged, "The cache's object '\(object.key)' is damaged: \(what).",
            remedy: "The cache is made anew by the next run that saves it.")
    }

    /// Whether the index is of those trees and no others.
    static func isIndex(_ index: Index, of trees: CacheTrees) -> Bool {
        let said = Dictionary(index.parts.map { ($0.base, $0.tree) }) { first, _ in first }
        let named = Dictionary(trees.parts.map { ($0.base, $0.tree) }) { first, _ in first }
        return said == named && Set(index.pack.trees.map(\.id)) == Set(trees.parts.map(\.tree))
    }

    /// Brings what is not here, and gives the trees their names here.
    ///
    /// The content store has other projects' chunks, too, and whoever put the object has written its index: what it names is taken
    /// from here only where it is known to be this job's to see, and read from the object otherwise.
    ///
    /// - Parameter known: chunks that are here and that the job may see.
    /// - Throws: ``DiagnosticCode/objectDamaged``, and what reading throws.
    func bring(
        _ trees: CacheTrees, of entry: CacheEntry, to content: LeasedContent, _ namespace: String,
        known: Set<ContentChunk> = []
    ) throws(DiagnosticError) {
        let index = try index()
        guard Self.isIndex(index, of: trees) else { throw damaged("it is of other trees") }
        let deposit = try content.with { (opened) throws(ContentError) in try opened.content.deposit() }
        let missing = try content.with { (_) throws(ContentError) in
            var missing: [ContentPack.Item] = []
            for item in index.pack.items {
                if known.contains(item.chunk), try deposit.holds(item.chunk) { continue }
                missing.append(item)
            }
            return missing
        }
        var given = known
        for group in Self.groups(missing) {
            guard let first = group.first, let last = group.last else { continue }
            let range = first.offset..<last.range.upperBound
            let bytes = try read(range)
            guard bytes.count == range.count else { throw damaged("it ends at \(range.lowerBound)") }
            for item in group {
                let start = Int(item.offset - first.offset)
                guard let plain = item.bytes(Array(bytes[start..<start + item.storedBytes])) else {
                    throw damaged("a chunk cannot be unpacked")
                }
                let chunk = try content.with { (_) throws(ContentError) in try deposit.put(plain) }
                guard chunk == item.chunk else { throw damaged("a chunk has another digest") }
                given.insert(chunk)
            }
        }
        try finish(index, entry, deposit, given, Place(content: content, namespace: namespace))
    }

    private struct Place {
        var content: LeasedContent
        var namespace: String
    }

    private func finish(
        _ index: Index, _ entry: CacheEntry, _ deposit: ContentDeposit, _ given: Set<ContentChunk>, _ place: Place
    ) throws(DiagnosticError) {
        let saving = CacheVault.Saving(name: entry.name, trees: [:], origin: entry.origin)
        do {
            try place.content.with { (opened) throws(ContentError) in
                for part in index.parts {
                    let pieces = index.pack.trees.first { $0.id == part.tree }?.pieces ?? []
                    let root = ContentRoot(.tree, part.tree)
                    try deposit.finish(root, pieces: pieces, under: opened.lease) { given.contains($0) }
                    let named = CacheTrees.Part(base: part.base, tree: part.tree, paths: part.paths ?? [])
                    try opened.content.setReference(
                        ContentReference(
                            namespace: place.namespace, name: CacheTrees.reference(entry.id, part.base), root: root,
                            metadata: named.metadata(saving, entry.created, hasPaths: part.paths != nil)))
                }
            }
        } catch  where [.contentMissing, .contentDamaged, .treeNotUnderstood].contains(error.diagnostic.code) {
            throw damaged(error.diagnostic.message)
        }
    }

    /// What is read at once.
    private static func groups(_ items: [ContentPack.Item]) -> [[ContentPack.Item]] {
        var groups: [[ContentPack.Item]] = []
        for item in items {
            guard let group = groups.last, let first = group.first, let last = group.last,
                item.offset - last.range.upperBound <= gapBytes,
                item.range.upperBound - first.offset <= rangeBytes
            else {
                groups.append([item])
                continue
            }
            groups[groups.count - 1].append(item)
        }
        return groups
    }
}

extension CacheObject {
    /// One in the server's own store.
    init(_ object: StoredObject, in objects: any ObjectStore) {
        self.init(object: object) { (range) throws(DiagnosticError) in
            try StoredBlobReader.bytes(of: object.key, range, in: objects)
        }
    }
}
