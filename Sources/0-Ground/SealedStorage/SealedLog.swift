// SPDX-License-Identifier: Apache-2.0

package import Crypto
package import Diagnostics
internal import FileAccess
internal import StructuredData

/// An encrypted file of entries, added to only.
///
/// Each entry is a length (four bytes, little-endian) and an AES-GCM box (nonce, text, tag) that is bound to its place
/// and to the log's name, so that none can be moved, doubled or taken from another log. Appended with one write: a
/// killed process leaves whole entries, and a torn last one is cut off.
package final class SealedLog {
    /// Longest sealed entry.
    package static let maximumEntryBytes = 64 << 20
    /// Longest log.
    package static let maximumBytes = 512 << 20

    package let path: String
    private let key: SymmetricKey
    private let name: [UInt8]
    private var file: AppendingFile?
    private var count: UInt64 = 0

    private static let lengthBytes = 4
    private static let overheadBytes = lengthBytes + 12 + 16

    /// - Parameters:
    ///   - path: made with the first entry.
    ///   - name: what the log is of; entries of a log with another name are not accepted.
    package init(path: String, key: SymmetricKey, name: String) {
        self.path = path
        self.key = key
        self.name = Array(name.utf8)
    }

    /// The entries that are there. To be called before the first ``append(_:)`` where the file may exist.
    ///
    /// - Throws: ``DiagnosticCode/sealedRecord`` for what was changed, or was sealed with another key or name.
    package func entries() throws(DiagnosticError) -> [[UInt8]] {
        guard let bytes = try Files.readIfPresent(path, limit: Self.maximumBytes) else { return [] }
        var entries: [[UInt8]] = []
        var place = 0
        count = 0
        while place + Self.lengthBytes <= bytes.count {
            let length = (0..<Self.lengthBytes).reduce(0) { $0 | Int(bytes[place + $1]) << ($1 * 8) }
            let end = place + Self.lengthBytes + length
            guard length <= Self.maximumEntryBytes, end <= bytes.count else { break }
            guard let entry = opened(bytes[(place + Self.lengthBytes)..<end]) else {
                if end == bytes.count { break }
                throw DiagnosticError(
                    .sealedRecord, "The sealed file '\(path)' was changed or was sealed with another key.",
                    remedy: "Start the run anew; it cannot be resumed.")
            }
            entries.append(entry)
            count += 1
            place = end
        }
        if place < bytes.count { try opened().cut(to: UInt64(place)) }
        return entries
    }

    /// Seals and appends an entry; it outlives this process when the call returns.
    ///
    /// - Returns: the tag of its box, in hexadecimal: a digest of the entry at its place.
    /// - Throws: ``DiagnosticCode/sealedTooLarge``, ``DiagnosticCode/fileUnwritable``; then nothing of it stays.
    @discardableResult
    package func append(_ text: [UInt8]) throws(DiagnosticError) -> String {
        let size = text.count + Self.overheadBytes
        guard size <= Self.maximumEntryBytes else { throw Self.tooLarge(Self.maximumEntryBytes) }
        let file = try opened()
        guard file.sizeBytes + UInt64(size) <= UInt64(Self.maximumBytes) else { throw Self.tooLarge(Self.maximumBytes) }
        let sealed: AES.GCM.SealedBox
        do {
            sealed = try AES.GCM.seal(text, using: key, authenticating: boundData)
        } catch {
            throw DiagnosticError(.sealedRecord, "'\(path)' could not be sealed: \(error).")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size)
        let length = UInt32(size - Self.lengthBytes)
        for shift in stride(from: UInt32(0), to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: length >> shift)) }
        sealed.nonce.withUnsafeBytes { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: sealed.ciphertext)
        bytes.append(contentsOf: sealed.tag)
        try file.append(bytes)
        count += 1
        return Hexadecimal.text(bytes.suffix(16))
    }

    private func opened() throws(DiagnosticError) -> AppendingFile {
        if let file { return file }
        let opened = try AppendingFile(path: path)
        file = opened
        return opened
    }

    private func opened(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        guard let box = try? AES.GCM.SealedBox(combined: bytes),
            let text = try? AES.GCM.open(box, using: key, authenticating: boundData)
        else { return nil }
        return Array(text)
    }

    /// What an entry is bound to: its place, and the log.
    private var boundData: [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: count >> ($0 * 8)) } + name
    }

    private static func tooLarge(_ limit: Int) -> DiagnosticError {
        DiagnosticError(
            .sealedTooLarge, "Outputs and environment take more than the \(limit) bytes that are kept.",
            remedy: "Put what is large into files.")
    }
}
