// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A file that is kept open for streaming, which whole-file calls do not offer.
final class OpenFile {
    let path: String
    private let descriptor: Int32

    private init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// - Throws: ``DiagnosticCode/blobUnreadable``.
    static func reading(_ path: String) throws(DiagnosticError) -> OpenFile {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(.blobUnreadable, path, "could not be opened") }
        return OpenFile(path: path, descriptor: descriptor)
    }

    /// A new, empty file, or one that is there and is added to.
    ///
    /// - Throws: ``DiagnosticCode/blobUnwritable``.
    static func writing(_ path: String, adding: Bool = false) throws(DiagnosticError) -> OpenFile {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (adding ? O_APPEND : O_TRUNC), 0o600)
        guard descriptor >= 0 else { throw failure(.blobUnwritable, path, "could not be opened") }
        return OpenFile(path: path, descriptor: descriptor)
    }

    /// - Throws: ``DiagnosticCode/blobUnwritable``.
    func write(_ bytes: UnsafeRawBufferPointer) throws(DiagnosticError) {
        var rest = bytes
        while !rest.isEmpty {
            #if canImport(Darwin)
                let written = Darwin.write(descriptor, rest.baseAddress, rest.count)
            #elseif canImport(Musl)
                let written = Musl.write(descriptor, rest.baseAddress, rest.count)
            #else
                let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
            #endif
            if written < 0 {
                if errno == EINTR { continue }
                throw Self.failure(.blobUnwritable, path, "could not be written")
            }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
        }
    }

    /// - Throws: ``DiagnosticCode/blobUnreadable``.
    func read(into space: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DiagnosticError) -> Int {
        while true {
            let count = pread(descriptor, space.baseAddress, space.count, off_t(offset))
            if count >= 0 { return count }
            guard errno == EINTR else { throw Self.failure(.blobUnreadable, path, "could not be read") }
        }
    }

    private static func failure(_ code: DiagnosticCode, _ path: String, _ what: String) -> DiagnosticError {
        let error = errno
        let remedy =
            error == ENOSPC || error == EDQUOT ? "Free space on the disk, or remove caches and artifacts." : nil
        return DiagnosticError(code, "\(path) \(what): \(String(cString: strerror(error))).", remedy: remedy)
    }
}

/// A number that no other call in this process and hardly one in another has returned.
func uniqueName() -> String {
    String(getpid(), radix: 36) + "-" + String(UInt64.random(in: .min ... .max), radix: 36)
}

/// The process that made a ``uniqueName()``; `nil` for any other text.
func processOfUniqueName(_ name: String) -> Int32? {
    name.split(separator: "-").first.flatMap { Int32($0, radix: 36) }
}

/// Whether there is a process with that number, ours or another's.
func isProcessAlive(_ process: Int32) -> Bool {
    process > 0 && (kill(process, 0) == 0 || errno == EPERM)
}
