// SPDX-License-Identifier: Apache-2.0

package import Crypto
package import Diagnostics
internal import FileAccess
internal import SealedStorage

/// Small secrets that the directory names by a reference: hashes of passwords, secrets of hooks, addresses. Each is a
/// sealed file; the journal never has one.
package struct ReferencedSecrets: Sendable {
    private let folder: String
    private let key: SymmetricKey
    private static let limitBytes = 64 << 10

    package init(folder: String, key: SymmetricKey) {
        self.folder = folder
        self.key = key
    }

    /// - Returns: the reference.
    package func keep(_ text: String) throws(DiagnosticError) -> String {
        let reference =
            "ref_" + String(UInt64.random(in: .min ... .max), radix: 36)
            + String(UInt64.random(in: .min ... .max), radix: 36)
        try Trees.make(folder, mode: 0o700)
        try SealedFile.write(Array(text.utf8), to: "\(folder)/\(reference)", key: key, name: reference)
        return reference
    }

    /// - Throws: ``DiagnosticCode/referencedSecretMissing``.
    package func text(_ reference: String) throws(DiagnosticError) -> String {
        guard reference.hasPrefix("ref_"), reference.utf8.allSatisfy({ $0 != 0x2F && $0 != 0x2E }),
            let bytes = try SealedFile.read(
                "\(folder)/\(reference)", key: key, name: reference, limit: Self.limitBytes)
        else {
            throw DiagnosticError(
                .referencedSecretMissing, "A secret that the server's settings name is not there.",
                remedy: "Restore the folder 'references' from a copy, or set the secret anew.")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Puts another text in the place of one that is there.
    package func replace(_ reference: String, with text: String) throws(DiagnosticError) {
        let path = "\(folder)/\(reference)"
        guard reference.hasPrefix("ref_"), Files.isFile(path) else { return }
        try SealedFile.write(Array(text.utf8), to: path + Self.draft, key: key, name: reference)
        try Files.rename(path + Self.draft, to: path)
    }

    private static let draft = ".new"

    /// When what stands at a reference was put there; milliseconds since the epoch.
    package func keptAt(_ reference: String) -> Int64? {
        Files.facts("\(folder)/\(reference)").map { $0.modifiedNanoseconds / 1_000_000 }
    }

    package func forget(_ reference: String) {
        guard reference.hasPrefix("ref_") else { return }
        try? Files.remove("\(folder)/\(reference)")
    }
}
