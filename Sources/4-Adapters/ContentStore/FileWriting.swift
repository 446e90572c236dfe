// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Makes the files and links of a tree. One a thread.
struct FileWriting {
    private let root: TreeHandle
    private let rootPath: String
    private let loader: ChunkLoader
    private let space = ByteSpace(1 << 20)
    /// The folder that was last written in: files come folder by folder.
    private var open: (path: [UInt8], handle: TreeHandle)?
    private(set) var writtenCount = 0
    private(set) var writtenBytes: UInt64 = 0
    private(set) var keptCount = 0

    init(root: TreeHandle, rootPath: String, loader: ChunkLoader) {
        self.root = root
        self.rootPath = rootPath
        self.loader = loader
    }

    /// - Returns: how the file looks afterwards.
    mutating func perform(_ step: RestorePlan.Step, _ entry: TreeEntry, in folder: TreeFolder)
        throws(ContentError) -> Sightings.Mark
    {
        do throws(ContentError) {
            let handle = try folderHandle(folder, entry)
            switch step {
            case .write: break
            case .adjust:
                keptCount += 1
                return try adjust(entry, in: handle, folder)
            case .compare(let look):
                if try isEqual(entry, in: handle) {
                    keptCount += 1
                    let isRight = look.mode == entry.mode && look.modified == entry.modifiedNanoseconds
                    return isRight
                        ? Sightings.Mark(changed: look.changed, inode: look.inode)
                        : try adjust(entry, in: handle, folder)
                }
            }
            writtenCount += 1
            writtenBytes += entry.sizeBytes
            if entry.kind == .link { return try makeLink(entry, in: handle, folder) }
            return try makeFile(entry, in: handle, folder)
        } catch {
            throw error.needed(for: path(entry, folder))
        }
    }

    private mutating func folderHandle(_ folder: TreeFolder, _ entry: TreeEntry) throws(ContentError) -> TreeHandle {
        if let open, open.path == folder.path { return open.handle }
        guard let handle = root.folder(folder.path) else { throw failure(entry, folder) }
        open = (folder.path, handle)
        return handle
    }

    // MARK: files

    private func makeFile(_ entry: TreeEntry, in handle: TreeHandle, _ folder: TreeFolder)
        throws(ContentError) -> Sightings.Mark
    {
        let descriptor = create(entry, in: handle)
        guard descriptor >= 0 else { throw failure(entry, folder) }
        defer { close(descriptor) }
        do throws(ContentError) {
            try write(entry, to: descriptor, folder)
            return try finish(descriptor, entry, folder)
        } catch {
            // A part of a file must not be taken for the file.
            _ = entry.name.withCPath { unlinkat(handle.descriptor, $0, 0) }
            throw error
        }
    }

    /// A new file: what is there may have other names, and may be a link to elsewhere.
    private func create(_ entry: TreeEntry, in handle: TreeHandle) -> Int32 {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        return entry.name.withCPath { name in
            let created = openat(handle.descriptor, name, flags, mode_t(entry.mode & 0o777))
            guard created < 0, errno == EEXIST, unlinkat(handle.descriptor, name, 0) == 0 else { return created }
            return openat(handle.descriptor, name, flags, mode_t(entry.mode & 0o777))
        }
    }

    /// Chunks are gathered, so that a write is worth its call.
    private func write(_ entry: TreeEntry, to descriptor: Int32, _ folder: TreeFolder) throws(ContentError) {
        var held = 0
        for chunk in entry.chunks {
            let size = Int(chunk.sizeBytes)
            if held + size > space.all.count {
                try put(held, to: descriptor, entry, folder)
                held = 0
            }
            try loader.load(chunk, into: UnsafeMutableRawBufferPointer(rebasing: space.all[held..<(held + size)]))
            held += size
        }
        try put(held, to: descriptor, entry, folder)
    }

    private func put(_ count: Int, to descriptor: Int32, _ entry: TreeEntry, _ folder: TreeFolder)
        throws(ContentError)
    {
        var done = 0
        while done < count {
            let written = Glibc.write(descriptor, space.all.baseAddress.map { $0 + done }, count - done)
            if written < 0, errno == EINTR { continue }
            guard written > 0 else {
                if [ENOSPC, EDQUOT, EFBIG].contains(errno) {
                    throw .diskFull(path: path(entry, folder), detail: String(cString: strerror(errno)))
                }
                throw failure(entry, folder)
            }
            done += written
        }
    }

    private func finish(_ descriptor: Int32, _ entry: TreeEntry, _ folder: TreeFolder)
        throws(ContentError) -> Sightings.Mark
    {
        guard Self.setTime(entry.modifiedNanoseconds, of: descriptor), let look = FileLook.of(descriptor) else {
            throw failure(entry, folder)
        }
        if look.mode == entry.mode { return Sightings.Mark(changed: look.changed, inode: look.inode) }
        // The process's mask took some of the bits away, or they cannot be had by creating.
        guard fchmod(descriptor, mode_t(entry.mode)) == 0, let look = FileLook.of(descriptor) else {
            throw failure(entry, folder)
        }
        return Sightings.Mark(changed: look.changed, inode: look.inode)
    }

    private func adjust(_ entry: TreeEntry, in handle: TreeHandle, _ folder: TreeFolder)
        throws(ContentError) -> Sightings.Mark
    {
        if let file = handle.file(entry.name) { return try finish(file.descriptor, entry, folder) }
        // One that may not be read yet.
        let isChanged = entry.name.withCPath { fchmodat(handle.descriptor, $0, mode_t(entry.mode | 0o400), 0) } == 0
        guard isChanged, let file = handle.file(entry.name) else { throw failure(entry, folder) }
        return try finish(file.descriptor, entry, folder)
    }

    private func isEqual(_ entry: TreeEntry, in handle: TreeHandle) throws(ContentError) -> Bool {
        if entry.kind == .link { return handle.linkTarget(entry.name) == entry.target }
        guard let file = handle.file(entry.name) else { return false }
        var offset: off_t = 0
        for chunk in entry.chunks {
            let size = Int(chunk.sizeBytes)
            var done = 0
            while done < size {
                let got = pread(
                    file.descriptor, space.all.baseAddress.map { $0 + done }, size - done, offset + off_t(done))
                if got < 0, errno == EINTR { continue }
                guard got > 0 else { return false }
                done += got
            }
            guard ContentDigest(of: space.bytes(0..<size)) == chunk.digest else { return false }
            offset += off_t(size)
        }
        return true
    }

    // MARK: links

    private func makeLink(_ entry: TreeEntry, in handle: TreeHandle, _ folder: TreeFolder)
        throws(ContentError) -> Sightings.Mark
    {
        let isMade = entry.name.withCPath { name in
            entry.target.withCPath { target in
                if symlinkat(target, handle.descriptor, name) == 0 { return true }
                guard errno == EEXIST, unlinkat(handle.descriptor, name, 0) == 0 else { return false }
                return symlinkat(target, handle.descriptor, name) == 0
            }
        }
        guard isMade else { throw failure(entry, folder) }
        var times = Self.times(entry.modifiedNanoseconds)
        let isSet = entry.name.withCPath { name in
            withUnsafePointer(to: &times) { pair in
                pair.withMemoryRebound(to: timespec.self, capacity: 2) {
                    utimensat(handle.descriptor, name, $0, AT_SYMLINK_NOFOLLOW)
                }
            }
        }
        guard isSet == 0, let look = handle.look(entry.name) else { throw failure(entry, folder) }
        return Sightings.Mark(changed: look.changed, inode: look.inode)
    }

    // MARK: times

    static func setTime(_ nanoseconds: Int64, of descriptor: Int32) -> Bool {
        var times = times(nanoseconds)
        return withUnsafePointer(to: &times) { pair in
            pair.withMemoryRebound(to: timespec.self, capacity: 2) { futimens(descriptor, $0) } == 0
        }
    }

    /// UTIME_OMIT, a macro that Swift does not see.
    private static let omit = (1 << 30) - 2

    /// Of access, which stays, and of modification.
    private static func times(_ nanoseconds: Int64) -> (timespec, timespec) {
        let second: Int64 = 1_000_000_000
        let part = ((nanoseconds % second) + second) % second
        return (
            timespec(tv_sec: 0, tv_nsec: omit),
            timespec(tv_sec: Int((nanoseconds - part) / second), tv_nsec: Int(part))
        )
    }

    private func path(_ entry: TreeEntry, _ folder: TreeFolder) -> String {
        "\(rootPath)/\(folder.path(of: entry.name).pathText)"
    }

    private func failure(_ entry: TreeEntry, _ folder: TreeFolder) -> ContentError {
        .notRestored(path: path(entry, folder), detail: String(cString: strerror(errno)))
    }
}
