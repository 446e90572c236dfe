// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import Diagnostics

/// AES-GCM boxes: nonce, text, tag. Nonces are of chance, so a key seals at most 2^32 times (NIST SP 800-38D, 8.3); a
/// rotation gives the vault a new one.
enum SealedBytes {
    static func seal(_ text: [UInt8], with key: SymmetricKey, bound: [UInt8]) throws(DiagnosticError) -> [UInt8] {
        do {
            let box = try AES.GCM.seal(text, using: key, authenticating: bound)
            return box.nonce.withUnsafeBytes { Array($0) } + box.ciphertext + box.tag
        } catch {
            throw DiagnosticError(.vaultDamaged, "The vault could not seal a value: \(error).")
        }
    }

    /// `nil` where the box was sealed with another key, bound to something else, or changed.
    static func open(_ box: some Collection<UInt8>, with key: SymmetricKey, bound: [UInt8]) -> [UInt8]? {
        guard let sealed = try? AES.GCM.SealedBox(combined: Array(box)),
            let text = try? AES.GCM.open(sealed, using: key, authenticating: bound)
        else { return nil }
        return Array(text)
    }
}
