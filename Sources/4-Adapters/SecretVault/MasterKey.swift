// SPDX-License-Identifier: Apache-2.0

package import Crypto
package import Diagnostics
internal import FileAccess
internal import StructuredData

/// The key that opens a vault: 32 bytes that are kept outside of it.
package struct MasterKey: Sendable {
    /// What the key is called where it must not be shown: 16 hexadecimal digits, derived from it and leading nowhere.
    package let id: String
    let key: SymmetricKey

    private static let byteCount = 32
    private static let idBytes = 8

    /// A key of chance.
    package init() {
        self.init(SymmetricKey(size: .bits256))
    }

    private init(_ key: SymmetricKey) {
        self.key = key
        let tag = HMAC<SHA256>.authenticationCode(for: BoundText.bytes(["martlet master key id"]), using: key)
        id = Hexadecimal.text(Array(tag).prefix(Self.idBytes))
    }

    /// - Parameters:
    ///   - text: 64 hexadecimal digits, or Base64 (either alphabet, padded or not); blanks around it do not count.
    ///   - source: where it was found, for the message: `the variable MARTLET_MASTER_KEY`.
    /// - Throws: ``DiagnosticCode/masterKeyInvalid``.
    package init(text: String, source: String) throws(DiagnosticError) {
        guard let bytes = Self.bytes(of: Array(text.utf8)) else { throw Self.invalid(source) }
        self.init(SymmetricKey(data: bytes))
    }

    /// The key in a file: 32 bytes as they are, or one of the texts of ``init(text:source:)``.
    ///
    /// - Throws: ``DiagnosticCode/masterKeyInvalid``, `fileUnreadable`, `fileTooLarge`.
    package init(file path: String) throws(DiagnosticError) {
        try self.init(bytes: Files.read(path, limit: VaultLimits.masterKeyBytes), source: "the file \(path)")
    }

    /// The key in a file that is made, readable for its owner only, where it is not there. A key that was made survives
    /// a power failure once this returns.
    ///
    /// - Throws: as ``init(file:)``, and `fileUnwritable`.
    package static func loadOrMake(_ path: String) throws(DiagnosticError) -> MasterKey {
        if let bytes = try Files.readIfPresent(path, limit: VaultLimits.masterKeyBytes) {
            return try MasterKey(bytes: bytes, source: "the file \(path)")
        }
        let made = MasterKey()
        let text = made.key.withUnsafeBytes { Array((Hexadecimal.text($0) + "\n").utf8) }
        guard try Files.create(path, with: text, mode: 0o600) else { return try MasterKey(file: path) }
        // Only whoever made it comes here: the same contents once more, this time synced.
        try Files.replace(path, with: text, mode: 0o600, durably: true)
        return made
    }

    private init(bytes: [UInt8], source: String) throws(DiagnosticError) {
        guard let key = bytes.count == Self.byteCount ? bytes : Self.bytes(of: bytes) else {
            throw Self.invalid(source)
        }
        self.init(SymmetricKey(data: key))
    }

    private static func bytes(of text: [UInt8]) -> [UInt8]? {
        let blanks: Set<UInt8> = [9, 10, 13, 32]
        let digits = text.drop { blanks.contains($0) }.reversed().drop { blanks.contains($0) }.reversed()
        let bytes: [UInt8]?
        if digits.count == byteCount * 2 {
            bytes = Hexadecimal.bytes(String(decoding: digits, as: UTF8.self).lowercased().utf8)
        } else {
            bytes = Base64Text.bytes(Array(digits))
        }
        return bytes?.count == byteCount ? bytes : nil
    }

    private static func invalid(_ source: String) -> DiagnosticError {
        DiagnosticError(
            .masterKeyInvalid, "What \(source) holds is no master key.",
            remedy: "Give 32 bytes as 64 hexadecimal digits or in Base64, such as 'openssl rand -hex 32' prints.")
    }
}
