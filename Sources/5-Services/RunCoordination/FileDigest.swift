// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import Diagnostics
internal import FileAccess
internal import StructuredData

/// SHA-256 of a file's bytes, which are read a piece after the other.
enum FileDigest {
    /// 64 hexadecimal digits.
    static func of(_ path: String) throws(DiagnosticError) -> String {
        var hash = SHA256()
        try Files.read(path) { (bytes) throws(DiagnosticError) in hash.update(bufferPointer: bytes) }
        return Hexadecimal.text(hash.finalize())
    }
}
