// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A file descriptor with the calls that logs need. Closed when it goes.
final class LogFile {
    let path: String
    private let descriptor: Int32

    /// Creates the file; one that is there is emptied.
    init(creating path: String) throws(LogError) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.writeFailure(path) }
    }

    init(updating path: String) throws(LogError) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.readFailure(path) }
    }

    /// For ``append(_:)``; creates the file if it is not there.
    init(appending path: String) throws(LogError) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.writeFailure(path) }
    }

    init(reading path: String) throws(LogError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.readFailure(path) }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    var size: Int {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Writes all of `bytes` at `offset`.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(LogError) {
        var done = 0
        while done < bytes.count {
            let count = pwrite(
                descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.writeFailure(path) }
            done += count
        }
    }

    /// Writes all of `bytes` at the end, in one piece.
    func append(_ bytes: UnsafeRawBufferPointer) throws(LogError) {
        var count = Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        while count < 0, errno == EINTR { count = Glibc.write(descriptor, bytes.baseAddress, bytes.count) }
        guard count == bytes.count else {
            // A part is written only where the disk has no room for the rest.
            if count >= 0 { errno = ENOSPC }
            throw Self.writeFailure(path)
        }
    }

    /// Fills `buffer` from `offset` on; answers how many bytes there were.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(LogError) -> Int {
        var done = 0
        while done < buffer.count {
            let count = pread(
                descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, off_t(offset + done))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.readFailure(path) }
            if count == 0 { break }
            done += count
        }
        return done
    }

    func truncate(to size: Int) throws(LogError) {
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw Self.writeFailure(path) }
    }

    static func writeFailure(_ path: String) -> LogError {
        let detail = String(cString: strerror(errno))
        return errno == ENOSPC || errno == EDQUOT
            ? .diskFull(path: path, detail: detail) : .notWritable(path: path, detail: detail)
    }

    private static func readFailure(_ path: String) -> LogError {
        .unreadable(path: path, detail: String(cString: strerror(errno)))
    }
}
