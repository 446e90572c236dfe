// SPDX-License-Identifier: Apache-2.0

internal import CProcessControl
package import Diagnostics

/// A named pipe by which other processes of this user say a word to one that runs. It lives as long as this value.
package final class NamedPipe {
    /// To be watched for reading.
    package let descriptor: Int32
    private let path: String
    /// Bytes of a line that has not ended yet.
    private var rest: [UInt8] = []

    /// A line is a word or two; what is longer is nobody's word.
    package static let lineLimitBytes = 512

    /// Listens at `path`; what an earlier process left there is taken over.
    ///
    /// - Throws: ``DiagnosticCode/descriptorUnavailable``.
    package init(listeningAt path: String) throws(DiagnosticError) {
        let descriptor = pc_fifo_listen(path)
        guard descriptor >= 0 else { throw unavailableDescriptor("named pipe", -descriptor) }
        self.descriptor = descriptor
        self.path = path
    }

    deinit {
        pc_close(descriptor)
        _ = pc_unlink(path)
    }

    /// The whole lines that have come; never waits.
    package func lines() -> [String] {
        var bytes = rest
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { space in
            while true {
                let count = pc_read(descriptor, space.baseAddress, space.count)
                guard count > 0 else { break }
                bytes.append(contentsOf: space.prefix(Int(count)))
            }
        }
        var lines: [String] = []
        while let end = bytes.firstIndex(of: 10) {
            lines.append(String(decoding: bytes[..<end], as: UTF8.self))
            bytes.removeFirst(end + 1)
        }
        rest = bytes.count > Self.lineLimitBytes ? [] : bytes
        return lines
    }

    /// Whether somebody listens at `path`.
    package static func isListened(at path: String) -> Bool {
        let descriptor = pc_fifo_open_writing(path)
        if descriptor >= 0 { pc_close(descriptor) }
        return descriptor >= 0
    }

    /// Says a line to whoever listens at `path`; `false` where nobody does.
    package static func say(_ line: String, at path: String) -> Bool {
        let descriptor = pc_fifo_open_writing(path)
        guard descriptor >= 0 else { return false }
        defer { pc_close(descriptor) }
        let bytes = Array((line + "\n").utf8)
        return bytes.withUnsafeBytes { pc_write_some(descriptor, $0.baseAddress, $0.count) } == Int64(bytes.count)
    }
}
