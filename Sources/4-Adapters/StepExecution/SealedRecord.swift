// SPDX-License-Identifier: Apache-2.0

package import Crypto
package import Diagnostics
import Glibc
import StructuredData

/// The key that seals the records of one store: 32 bytes in a file that only its owner may read.
package enum SealingKey {
    private static let byteCount = 32

    /// The store's key; made on first use. Of two processes that make it at once, one wins and both use its key.
    package static func load(at path: String) throws(DiagnosticError) -> SymmetricKey {
        if let key = try read(path) { return key }
        let key = SymmetricKey(size: .bits256)
        let draft = "\(path).\(getpid())"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileAccess.failure("write", draft) }
        let isWritten = key.withUnsafeBytes { FileAccess.writeAll(descriptor, $0) } && fsync(descriptor) == 0
        close(descriptor)
        defer { unlink(draft) }
        guard isWritten else { throw FileAccess.failure("write", draft) }
        if link(draft, path) == 0 { return key }
        guard errno == EEXIST, let key = try read(path) else { throw FileAccess.failure("write", path) }
        return key
    }

    private static func read(_ path: String) throws(DiagnosticError) -> SymmetricKey? {
        guard let bytes = try FileAccess.read(path, limit: 4096) else { return nil }
        guard bytes.count == byteCount else {
            throw DiagnosticError(
                .sealedRecord, "The key '\(path)' is not \(byteCount) bytes long.",
                remedy: "Put back the key from a backup; without it, runs that were cut off cannot be resumed. "
                    + "Removing the file makes a new one.")
        }
        return SymmetricKey(data: bytes)
    }
}

/// A job's record of what its steps handed on: outputs, environment and masks, encrypted, appended to only.
///
/// Each frame is a length (four bytes, little-endian) and an AES-GCM box (nonce, text, tag) that is bound to its place
/// and its job. Appended with one write, so that a killed process leaves whole frames; a torn last frame is dropped.
package final class SealedRecord {
    /// Longest sealed frame. The values of one step, with room.
    package static let maximumFrameBytes = 64 << 20
    /// Longest record that is read back.
    package static let maximumRecordBytes = 512 << 20

    private let path: String
    private let key: SymmetricKey
    private let job: [UInt8]
    private var descriptor: Int32 = -1
    private var frameCount: UInt64 = 0

    /// - Parameters:
    ///   - path: made with the first frame.
    ///   - job: which job of which run it is; a frame of another job is not accepted.
    package init(path: String, key: SymmetricKey, job: String) {
        self.path = path
        self.key = key
        self.job = Array(job.utf8)
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// The frames that are there. To be called before the first ``append(_:)`` where the file may exist.
    package func frames() throws(DiagnosticError) -> [RecordFrame] {
        guard let bytes = try FileAccess.read(path, limit: Self.maximumRecordBytes) else { return [] }
        var frames: [RecordFrame] = []
        var place = 0
        frameCount = 0
        while place + 4 <= bytes.count {
            let length = (0..<4).reduce(0) { $0 | Int(bytes[place + $1]) << ($1 * 8) }
            let end = place + 4 + length
            guard length <= Self.maximumFrameBytes, end <= bytes.count else { break }
            guard let frame = opened(bytes[(place + 4)..<end]) else {
                if end == bytes.count { break }
                throw DiagnosticError(
                    .sealedRecord, "The job's record '\(path)' was changed or was sealed with another key.",
                    remedy: "Start the run anew; it cannot be resumed.")
            }
            frames.append(frame)
            frameCount += 1
            place = end
        }
        if place < bytes.count { truncate(path, place) }
        return frames
    }

    /// Seals and appends a frame; it outlives this process when the call returns.
    ///
    /// - Returns: the frame's digest, in hexadecimal: the tag of its box.
    @discardableResult
    package func append(_ frame: RecordFrame) throws(DiagnosticError) -> String {
        var text: [UInt8] = []
        frame.data.appendJSON(to: &text)
        guard text.count + 32 <= Self.maximumFrameBytes else {
            throw DiagnosticError(
                .stepOutputLimit, "A step's outputs and environment take more than \(Self.maximumFrameBytes) bytes.",
                remedy: "Put what is large into files.")
        }
        if descriptor < 0 {
            descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw FileAccess.failure("write", path) }
        }
        let sealed: AES.GCM.SealedBox
        do {
            sealed = try AES.GCM.seal(text, using: key, authenticating: boundData)
        } catch {
            throw DiagnosticError(.sealedRecord, "The job's record '\(path)' could not be sealed: \(error).")
        }
        var bytes: [UInt8] = []
        let length = UInt32(12 + text.count + 16)
        bytes.reserveCapacity(Int(length) + 4)
        for shift in stride(from: UInt32(0), to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: length >> shift)) }
        sealed.nonce.withUnsafeBytes { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: sealed.ciphertext)
        bytes.append(contentsOf: sealed.tag)
        guard bytes.withUnsafeBytes({ FileAccess.writeAll(descriptor, $0) }) else {
            throw FileAccess.failure("write", path)
        }
        frameCount += 1
        return bytes.suffix(16).hexadecimal
    }

    private func opened(_ bytes: ArraySlice<UInt8>) -> RecordFrame? {
        guard let box = try? AES.GCM.SealedBox(combined: bytes),
            let text = try? AES.GCM.open(box, using: key, authenticating: boundData),
            let data = try? DataValue(json: Array(text))
        else { return nil }
        return try? RecordFrame(data: data)
    }

    /// What a frame is bound to: its place, and the job.
    private var boundData: [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: frameCount >> ($0 * 8)) } + job
    }
}

extension Sequence where Element == UInt8 {
    /// Two lower-case digits a byte.
    var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in self {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
