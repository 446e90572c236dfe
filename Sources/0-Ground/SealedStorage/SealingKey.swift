// SPDX-License-Identifier: Apache-2.0

package import Crypto
package import Diagnostics
internal import FileAccess

/// The key that seals what a store keeps at rest: 32 bytes in a file that only its owner may read.
package enum SealingKey {
    private static let byteCount = 32

    /// The store's key; made on first use. Of two processes that make it at once, one wins and both use its key.
    ///
    /// It is not synced: like all that a local run keeps it outlives the process, not a machine that loses power within
    /// seconds of the first run ever. What such a machine leaves is an empty file, which counts as none.
    package static func load(at path: String) throws(DiagnosticError) -> SymmetricKey {
        if let key = try read(path) { return key }
        if Files.facts(path)?.sizeBytes == 0 { try Files.remove(path) }
        let bytes = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
        let isOurs = try Files.create(path, with: bytes, mode: 0o600)
        if isOurs { return SymmetricKey(data: bytes) }
        guard let key = try read(path) else {
            throw DiagnosticError(.sealedRecord, "The key '\(path)' was there and is gone.", remedy: "Try again.")
        }
        return key
    }

    private static func read(_ path: String) throws(DiagnosticError) -> SymmetricKey? {
        guard let bytes = try Files.readIfPresent(path, limit: 4096) else { return nil }
        guard !bytes.isEmpty else { return nil }
        guard bytes.count == byteCount else {
            throw DiagnosticError(
                .sealedRecord, "The key '\(path)' is not \(byteCount) bytes long.",
                remedy: "Put back the key from a backup; without it, runs that were cut off cannot be resumed. "
                    + "Removing the file makes a new one.")
        }
        return SymmetricKey(data: bytes)
    }
}
