// SPDX-License-Identifier: Apache-2.0

package import Crypto
package import Diagnostics
internal import FileAccess

/// An encrypted file that is written whole: an AES-GCM box, bound to a name, so that one cannot take another's place.
package enum SealedFile {
    /// - Throws: ``DiagnosticCode/sealedRecord``, and what writing throws.
    package static func write(
        _ text: [UInt8], to path: String, key: SymmetricKey, name: String, durably: Bool = false
    ) throws(DiagnosticError) {
        guard let box = try? AES.GCM.seal(text, using: key, authenticating: Array(name.utf8)).combined else {
            throw DiagnosticError(.sealedRecord, "'\(path)' could not be sealed.")
        }
        try Files.replace(path, with: box, mode: 0o600, durably: durably)
    }

    /// `nil` where there is no such file.
    ///
    /// - Throws: ``DiagnosticCode/sealedRecord`` for what was changed, or was sealed with another key or name.
    package static func read(
        _ path: String, key: SymmetricKey, name: String, limit: Int
    ) throws(DiagnosticError) -> [UInt8]? {
        guard let bytes = try Files.readIfPresent(path, limit: limit) else { return nil }
        guard let box = try? AES.GCM.SealedBox(combined: bytes),
            let text = try? AES.GCM.open(box, using: key, authenticating: Array(name.utf8))
        else {
            throw DiagnosticError(
                .sealedRecord, "The sealed file '\(path)' was changed or was sealed with another key.",
                remedy: "Restore it, or the key, from a copy.")
        }
        return Array(text)
    }
}
