// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Reads files of a tree and stores their chunks. One a thread.
struct PieceReading {
    enum Outcome {
        case vanished
        case link([UInt8])
        /// A whole file, with its looks after it was read. Torn: it was written while it was read, again and again.
        case file([ContentChunk], FileLook, isTorn: Bool)
        /// A segment of a large file.
        case part([ContentChunk], isTorn: Bool)
    }

    /// How often a file is read again that was written meanwhile.
    private static let attempts = 3

    private let root: TreeHandle
    private let rootPath: String
    private let session: WriteSession
    private let compressor = Compressor()
    private let space = ByteSpace(1 << 20)
    /// The folder that was last read in: files come folder by folder.
    private var open: (path: [UInt8], handle: TreeHandle)?

    init(root: TreeHandle, session: WriteSession, rootPath: String) {
        self.root = root
        self.session = session
        self.rootPath = rootPath
    }

    mutating func read(_ entry: TreeEntry, in folder: TreeFolder, mark: Sightings.Mark, segment: Int?)
        throws(ContentError) -> Outcome
    {
        guard let handle = folderHandle(folder.path) else {
            return try missing(folder.path(of: entry.name))
        }
        if entry.kind == .link {
            guard let target = handle.linkTarget(entry.name) else { return try missing(folder.path(of: entry.name)) }
            return .link(target)
        }
        guard let file = handle.file(entry.name) else { return try missing(folder.path(of: entry.name)) }
        let path = { folder.path(of: entry.name) }
        guard let segment else { return try readWhole(file, path) }
        let start = UInt64(segment) * UInt64(ChunkCutting.segmentBytes)
        let end = min(entry.sizeBytes, start + UInt64(ChunkCutting.segmentBytes))
        let chunks = try chunks(of: file, from: start, to: end, path)
        let look = FileLook.of(file.descriptor)
        let isSame = look.map { $0.changed == mark.changed && $0.inode == mark.inode } ?? false
        return .part(chunks, isTorn: !isSame)
    }

    private func readWhole(_ file: TreeHandle, _ path: () -> [UInt8]) throws(ContentError) -> Outcome {
        var attempt = 1
        while true {
            guard let before = FileLook.of(file.descriptor), before.kind == .file else { return .vanished }
            let chunks = try chunks(of: file, from: 0, to: before.sizeBytes, path)
            guard let after = FileLook.of(file.descriptor) else { return .vanished }
            let isSame = after == before && chunks.reduce(0) { $0 + UInt64($1.sizeBytes) } == before.sizeBytes
            if isSame || attempt == Self.attempts { return .file(chunks, after, isTorn: !isSame) }
            attempt += 1
        }
    }

    private func chunks(of file: TreeHandle, from start: UInt64, to end: UInt64, _ path: () -> [UInt8])
        throws(ContentError) -> [ContentChunk]
    {
        let cutting = ChunkCutting.files
        var chunks: [ContentChunk] = []
        var offset = start
        var held = 0
        while true {
            let wanted = Int(min(UInt64(space.all.count - held), end - offset))
            let got = wanted == 0 ? 0 : try fill(file, at: offset, from: held, count: wanted, path)
            held += got
            offset += UInt64(got)
            let isEnd = offset == end || got < wanted
            var cut = 0
            while held - cut >= cutting.maximum || isEnd && cut < held {
                let count = cutting.first(of: space.bytes(cut..<held))
                chunks.append(try session.store(space.bytes(cut..<(cut + count)), with: compressor))
                cut += count
            }
            if isEnd { return chunks }
            if cut < held { space.all.copyMemory(from: space.bytes(cut..<held)) }
            held -= cut
        }
    }

    private func fill(_ file: TreeHandle, at offset: UInt64, from start: Int, count: Int, _ path: () -> [UInt8])
        throws(ContentError) -> Int
    {
        var done = 0
        while done < count {
            let got = pread(
                file.descriptor, space.all.baseAddress.map { $0 + start + done }, count - done,
                off_t(offset) + off_t(done))
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw failure(path(), errno) }
            if got == 0 { break }
            done += got
        }
        return done
    }

    private mutating func folderHandle(_ path: [UInt8]) -> TreeHandle? {
        if let open, open.path == path { return open.handle }
        guard let handle = root.folder(path) else { return nil }
        open = (path, handle)
        return handle
    }

    /// A file that cannot be opened has gone, or become something else; or it is an error.
    private func missing(_ path: [UInt8]) throws(ContentError) -> Outcome {
        guard [ENOENT, ENOTDIR, ELOOP, EINVAL, ENXIO].contains(errno) else { throw failure(path, errno) }
        return .vanished
    }

    private func failure(_ path: [UInt8], _ error: Int32) -> ContentError {
        .treeUnreadable(path: "\(rootPath)/\(path.pathText)", detail: String(cString: strerror(error)))
    }
}
