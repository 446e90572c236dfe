// SPDX-License-Identifier: Apache-2.0

import CFileAccess
import Glibc

/// What the system tells about a file: whether it has changed is told by all of this together.
struct FileLook: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case file, link, folder, other
    }

    var kind: Kind
    var mode: UInt16
    var sizeBytes: UInt64
    var modified: Int64
    /// Changes with every write, and cannot be set back as ``modified`` can.
    var changed: Int64
    var inode: UInt64

    init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFLNK: .link
            case S_IFDIR: .folder
            default: .other
            }
        mode = UInt16(truncatingIfNeeded: status.st_mode & 0o7777)
        sizeBytes = UInt64(max(0, status.st_size))
        modified = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
        changed = Int64(status.st_ctim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_ctim.tv_nsec)
        inode = UInt64(status.st_ino)
    }

    static func of(_ descriptor: Int32) -> FileLook? {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? FileLook(status) : nil
    }
}

/// A descriptor of a folder of a tree, or of a file in it. Never reached through a symbolic link below the root.
final class TreeHandle: Sendable {
    let descriptor: Int32

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// The tree's root; the path to it may have links. `nil` with `errno`.
    static func root(_ path: String) -> TreeHandle? {
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        return descriptor < 0 ? nil : TreeHandle(descriptor)
    }

    /// `nil` with `errno`.
    func folder(_ path: [UInt8]) -> TreeHandle? {
        open(path, O_RDONLY | O_DIRECTORY)
    }

    /// `nil` with `errno`. Does not wait for the other end of a named pipe.
    func file(_ path: [UInt8]) -> TreeHandle? {
        open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
    }

    private func open(_ path: [UInt8], _ flags: Int32) -> TreeHandle? {
        let opened = path.withCPath { fa_open_beneath(descriptor, $0, flags, 0) }
        guard opened >= 0 else {
            errno = -opened
            return nil
        }
        return TreeHandle(opened)
    }

    /// What a name in this folder is; `nil` with `errno`.
    func look(_ name: [UInt8]) -> FileLook? {
        var status = stat()
        return name.withCPath { fstatat(descriptor, $0, &status, AT_SYMLINK_NOFOLLOW) } == 0 ? FileLook(status) : nil
    }

    /// What a link in this folder says; `nil` with `errno`.
    func linkTarget(_ name: [UInt8]) -> [UInt8]? {
        var length = -1
        let target = [UInt8](unsafeUninitializedCapacity: Int(PATH_MAX)) { space, count in
            length = name.withCPath { path in
                space.withMemoryRebound(to: CChar.self) { room in
                    room.baseAddress.map { readlinkat(descriptor, path, $0, room.count) } ?? -1
                }
            }
            count = max(0, length)
        }
        // Its capacity is a page: keep what is needed.
        return length < 0 ? nil : Array(target[...])
    }

    /// Everything in this folder, by the bytes of the names; `nil` with `errno`.
    func list() -> [(name: [UInt8], look: FileLook)]? {
        let own = dup(descriptor)
        guard own >= 0, let stream = fdopendir(own) else { return nil }
        defer { closedir(stream) }
        var found: [(name: [UInt8], look: FileLook)] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { return nil }
                break
            }
            let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
            let start = UnsafeRawPointer(entry) + offset
            let text = start.assumingMemoryBound(to: CChar.self)
            let name = UnsafeRawBufferPointer(start: start, count: strlen(text))
            if name[0] == 46, name.count == 1 || name.count == 2 && name[1] == 46 { continue }
            var status = stat()
            // One that has gone between is not there.
            guard fstatat(descriptor, text, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            found.append((Array(name), FileLook(status)))
        }
        found.sort { TreeOrder.precedes($0.name, $1.name) }
        return found
    }
}

/// The clock that file systems take their times from.
enum FileClock {
    /// Times of files are taken with steps of so much, at most, where they have parts of seconds.
    private static let stepNanoseconds: Int64 = 20_000_000
    private static let coarseStepNanoseconds: Int64 = 2_000_000_000

    static func now() -> Int64 {
        var moment = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &moment)
        return Int64(moment.tv_sec) &* 1_000_000_000 &+ Int64(moment.tv_nsec)
    }

    /// Whether a change after `moment` would show in the times: git's rule of racy entries. A file that was changed in
    /// the very step of the clock in which it was looked at can change again and keep its times.
    static func tellsChanges(_ look: FileLook, after moment: Int64) -> Bool {
        let isCoarse = look.changed % 1_000_000_000 == 0
        let step = isCoarse ? coarseStepNanoseconds : stepNanoseconds
        return max(look.modified, look.changed) < moment - step
    }
}
