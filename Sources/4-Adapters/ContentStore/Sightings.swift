// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What was seen when a selection was last saved or restored: a file that looks the same has the same chunks, so that
/// it need not be read again.
struct Sightings {
    /// The tree that was stored.
    var tree: ContentID
    /// Content of the tree was all there at that generation of the store.
    var generation: UInt64
    /// The clock before the first file was looked at.
    var moment: Int64
    var manifest: TreeManifest
    /// Of each file and link of the manifest, in its order: (changed, inode). Zero where nothing is known.
    var marks: [Mark]

    struct Mark: Hashable, Sendable {
        var changed: Int64
        var inode: UInt64

        static let unknown = Mark(changed: 0, inode: 0)
    }

    private static let signature: [UInt8] = Array("MRTSEEN1".utf8)

    func encode() -> [UInt8] {
        let tree = TreeCoding.encode(manifest)
        var sink = ByteSink(capacity: tree.count + marks.count * 16 + 200)
        sink.put(Self.signature)
        sink.put(self.tree.digest)
        sink.put(fixed: self.tree.sizeBytes)
        sink.put(fixed: generation)
        sink.put(fixed: moment)
        sink.put(fixed: UInt64(marks.count))
        for mark in marks {
            sink.put(fixed: mark.changed)
            sink.put(fixed: mark.inode)
        }
        sink.put(tree)
        sink.put(ContentDigest(of: sink.bytes))
        return sink.bytes
    }

    /// `nil` where it is damaged, or of another version: then everything is read.
    static func decode(_ bytes: UnsafeRawBufferPointer) -> Sightings? {
        let end = bytes.count - ContentDigest.byteCount
        guard end >= signature.count, bytes.prefix(signature.count).elementsEqual(signature) else { return nil }
        let body = UnsafeRawBufferPointer(rebasing: bytes[..<end])
        var check = ByteSource(UnsafeRawBufferPointer(rebasing: bytes[end...]))
        guard check.digest() == ContentDigest(of: body) else { return nil }
        var source = ByteSource(UnsafeRawBufferPointer(rebasing: body[signature.count...]))
        let digest = source.digest()
        let size: UInt64 = source.fixed()
        let generation: UInt64 = source.fixed()
        let moment: Int64 = source.fixed()
        let count: UInt64 = source.fixed()
        guard count <= UInt64(source.left / 16) else { return nil }
        var marks: [Mark] = []
        marks.reserveCapacity(Int(count))
        for _ in 0..<count { marks.append(Mark(changed: source.fixed(), inode: source.fixed())) }
        let rest = UnsafeRawBufferPointer(rebasing: body[(signature.count + source.offset)...])
        guard let manifest = try? TreeCoding.decode(rest),
            manifest.folders.reduce(0, { $0 + $1.entries.count }) == marks.count
        else { return nil }
        return Sightings(
            tree: ContentID(digest: digest, sizeBytes: size), generation: generation, moment: moment,
            manifest: manifest, marks: marks)
    }

    // MARK: Where they are kept

    /// One file a selection.
    static func path(of selection: TreeSelection, in paths: StorePaths) throws(ContentError) -> String {
        var key: [UInt8] = Array(realPath(selection.root).utf8)
        for path in try selection.normalized() { key += [0] + path }
        return "\(paths.sightings)/\(ContentDigest(of: key).hex)"
    }

    private static func realPath(_ path: String) -> String {
        guard let found = realpath(path, nil) else { return path }
        defer { free(found) }
        return String(cString: found)
    }

    static func read(_ path: String) throws(ContentError) -> Sightings? {
        guard let file = try StoreFile.openIfPresent(path) else { return nil }
        let space = ByteSpace(file.size)
        let count = try file.read(into: space.all, at: 0)
        return decode(space.bytes(0..<count))
    }

    func write(_ path: String) throws(ContentError) {
        try StoreFile.replace(path, with: encode())
    }
}

/// Finds what was seen of a folder, and in it of a file.
struct SightingIndex {
    private let sightings: Sightings
    private var folders: [[UInt8]: Int] = [:]
    /// Where each folder's marks begin.
    private var starts: [Int] = []

    init(_ sightings: Sightings) {
        self.sightings = sightings
        folders.reserveCapacity(sightings.manifest.folders.count)
        var start = 0
        for (number, folder) in sightings.manifest.folders.enumerated() {
            folders[folder.path] = number
            starts.append(start)
            start += folder.entries.count
        }
    }

    /// What is known of the entries of a folder: the stored entry for each that looks as it did then.
    func known(_ folder: SeenFolder) -> [TreeEntry?] {
        guard let number = folders[folder.path] else { return folder.entries.map { _ in nil } }
        let old = sightings.manifest.folders[number].entries
        var next = 0
        return folder.entries.map { name, look in
            while next < old.count, old[next].name != name, TreeOrder.precedes(old[next].name, name) { next += 1 }
            guard next < old.count, old[next].name == name else { return nil }
            return isSame(old[next], sightings.marks[starts[number] + next], look) ? old[next] : nil
        }
    }

    private func isSame(_ entry: TreeEntry, _ mark: Sightings.Mark, _ look: FileLook) -> Bool {
        mark.changed == look.changed && mark.inode == look.inode && entry.modifiedNanoseconds == look.modified
            && entry.mode == look.mode && (look.kind == .file) == (entry.kind == .file)
            && (look.kind == .link || entry.sizeBytes == look.sizeBytes)
            && FileClock.tellsChanges(look, after: sightings.moment)
    }
}
