// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import Diagnostics
internal import FileAccess
internal import StructuredData

/// Copies a file, and says what its bytes were.
enum FileCopy {
    struct Copied {
        /// SHA-256 as 64 hexadecimal digits.
        var digest: String
        var sizeBytes: UInt64
    }

    /// The target is made new; one that is there is a mistake.
    static func copy(_ source: String, to target: String) throws(DiagnosticError) -> Copied {
        let file = try AppendingFile(path: target, mode: 0o600)
        try file.cut(to: 0)
        var hash = SHA256()
        try Files.read(source) { (bytes) throws(DiagnosticError) in
            hash.update(bufferPointer: bytes)
            try file.append(Array(bytes))
        }
        return Copied(digest: Hexadecimal.text(Array(hash.finalize())), sizeBytes: file.sizeBytes)
    }

    /// The digest of a file; `nil` where it is not there.
    static func digest(_ path: String) throws(DiagnosticError) -> String? {
        guard Files.isFile(path) else { return nil }
        var hash = SHA256()
        try Files.read(path) { (bytes) in hash.update(bufferPointer: bytes) }
        return Hexadecimal.text(Array(hash.finalize()))
    }
}
