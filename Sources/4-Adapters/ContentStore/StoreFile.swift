// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A file descriptor of the store's, closed when it goes. A lock on it goes with it, also when the process is killed.
final class StoreFile: Sendable {
    let path: String
    let descriptor: Int32

    private init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// A new file under a name that nobody else has.
    static func create(_ path: String) throws(ContentError) -> StoreFile {
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .write(path) }
        return StoreFile(path: path, descriptor: descriptor)
    }

    /// One that is there, or an empty one.
    static func openOrCreate(_ path: String) throws(ContentError) -> StoreFile {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .write(path) }
        return StoreFile(path: path, descriptor: descriptor)
    }

    /// `nil` where there is none.
    static func openIfPresent(_ path: String) throws(ContentError) -> StoreFile? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0, errno == ENOENT { return nil }
        guard descriptor >= 0 else { throw .read(path) }
        return StoreFile(path: path, descriptor: descriptor)
    }

    /// Others see what was there before or all of `bytes`, never a part.
    static func replace(_ path: String, with bytes: [UInt8]) throws(ContentError) {
        let draft = "\(path).\(StorePaths.uniqueName()).new"
        do throws(ContentError) {
            try create(draft).write(bytes)
            guard rename(draft, path) == 0 else { throw .write(path) }
        } catch {
            unlink(draft)
            throw error
        }
    }

    /// Makes a file that others see whole or not at all; `false` where there is one of that name.
    static func createWhole(_ path: String, with bytes: [UInt8]) throws(ContentError) -> Bool {
        let draft = "\(path).\(StorePaths.uniqueName()).new"
        defer { unlink(draft) }
        try create(draft).write(bytes)
        if link(draft, path) == 0 { return true }
        guard errno == EEXIST else { throw .write(path) }
        return false
    }

    enum Lock {
        case shared, exclusive
    }

    /// Waits for the lock.
    func lock(_ kind: Lock) throws(ContentError) {
        while flock(descriptor, kind == .shared ? LOCK_SH : LOCK_EX) != 0 {
            guard errno == EINTR else { throw .write(path) }
        }
    }

    /// `false` where another holds it.
    func tryLock(_ kind: Lock) -> Bool {
        flock(descriptor, (kind == .shared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0
    }

    func unlock() {
        _ = flock(descriptor, LOCK_UN)
    }

    /// Whether the file still has a name.
    var isLinked: Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_nlink > 0
    }

    var size: Int {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Adds to where the last write ended.
    func write(_ bytes: UnsafeRawBufferPointer) throws(ContentError) {
        var done = 0
        while done < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .write(path, count == 0 ? ENOSPC : errno) }
            done += count
        }
    }

    func write(_ bytes: [UInt8]) throws(ContentError) {
        try bytes.withUnsafeBufferPointer { (buffer) throws(ContentError) in
            try write(UnsafeRawBufferPointer(buffer))
        }
    }

    /// Fills `buffer` from `offset` on; answers how many bytes there were.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(ContentError) -> Int {
        var done = 0
        while done < buffer.count {
            let count = pread(
                descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, off_t(offset + done))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .read(path) }
            if count == 0 { break }
            done += count
        }
        return done
    }

    func read(count: Int, at offset: Int) throws(ContentError) -> [UInt8] {
        let space = ByteSpace(count)
        let got = try read(into: space.all, at: offset)
        return Array(space.bytes(0..<got))
    }

    /// Adds at the end, wherever that is by now. Under a lock.
    func append(_ bytes: [UInt8]) throws(ContentError) {
        lseek(descriptor, 0, SEEK_END)
        try write(bytes)
    }

    func sync() throws(ContentError) {
        guard fdatasync(descriptor) == 0 else { throw .write(path) }
    }
}
