// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Glibc

/// What the executor does with files, without Foundation: a step's overhead is counted in microseconds.
///
/// Steps may put anything in the place of a file, so nothing is opened in a way that waits: a pipe without a reader
/// would stop the loop of all jobs.
enum FileAccess {
    /// Makes a folder and those above it; one that is there is left as it is.
    static func makeFolder(_ path: String, mode: mode_t = 0o755) throws(DiagnosticError) {
        if mkdir(path, mode) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.utf8.lastIndex(of: 0x2F), slash > path.startIndex else {
            throw failure("make the folder", path)
        }
        try makeFolder(String(path[..<slash]), mode: mode)
        guard mkdir(path, mode) == 0 || errno == EEXIST else { throw failure("make the folder", path) }
    }

    /// Writes a file anew.
    static func write(_ bytes: some Sequence<UInt8>, to path: String, mode: mode_t = 0o644) throws(DiagnosticError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, mode)
        guard descriptor >= 0 else { throw failure("write", path) }
        defer { close(descriptor) }
        let contiguous = ContiguousArray(bytes)
        let isWritten = contiguous.withUnsafeBytes { writeAll(descriptor, $0) }
        guard isWritten else { throw failure("write", path) }
    }

    /// Writes text anew; the common case, without a copy.
    static func write(_ text: String, to path: String, mode: mode_t = 0o644) throws(DiagnosticError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, mode)
        guard descriptor >= 0 else { throw failure("write", path) }
        defer { close(descriptor) }
        var text = text
        let isWritten = text.withUTF8 { writeAll(descriptor, UnsafeRawBufferPointer($0)) }
        guard isWritten else { throw failure("write", path) }
    }

    /// All of the bytes, however many calls it takes.
    static func writeAll(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Bool {
        var rest = bytes
        while !rest.isEmpty, let base = rest.baseAddress {
            let count = Glibc.write(descriptor, base, rest.count)
            if count < 0 {
                if errno == EINTR { continue }
                return false
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        return true
    }

    /// The size in bytes; `nil` where there is no such file, or it is a pipe, a device or a folder.
    static func size(_ path: String, followingLink: Bool = true) -> Int? {
        var status = stat()
        guard (followingLink ? stat(path, &status) : lstat(path, &status)) == 0,
            status.st_mode & S_IFMT == S_IFREG
        else { return nil }
        return Int(status.st_size)
    }

    /// The whole file; `nil` where there is none.
    ///
    /// - Throws: where it is larger than `limit`, or cannot be read.
    static func read(_ path: String, limit: Int) throws(DiagnosticError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw failure("read", path)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("read", path) }
        guard Int(status.st_size) <= limit else {
            throw DiagnosticError(
                .stepOutputLimit, "The file '\(path)' holds \(status.st_size) bytes; at most \(limit) are read.",
                remedy: "Write less to it; put what is large into a file of its own.")
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size) + 1)
        var filled = 0
        while true {
            if filled == bytes.count { bytes.append(contentsOf: repeatElement(0, count: max(4096, bytes.count))) }
            let count = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(descriptor, buffer.baseAddress.map { $0 + filled }, buffer.count - filled)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw failure("read", path)
            }
            if count == 0 { break }
            filled += count
            if filled > limit { break }
        }
        bytes.removeLast(bytes.count - min(filled, limit))
        return bytes
    }

    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Whether there is a file that may be executed.
    static func isProgram(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }

    static func failure(_ what: String, _ path: String) -> DiagnosticError {
        let reason = String(cString: strerror(errno))
        return DiagnosticError(
            .jobFiles, "Martlet could not \(what) '\(path)': \(reason).",
            remedy: "See that the folder is there, that you may write to it, and that the disk is not full.")
    }
}

extension FileAccess {
    /// Whether a folder is there and holds nothing.
    static func isEmptyFolder(_ path: String) -> Bool {
        guard let stream = opendir(path) else { return false }
        defer { closedir(stream) }
        var count = 0
        while count <= 2, readdir(stream) != nil { count += 1 }
        return count <= 2
    }
}
