// SPDX-License-Identifier: Apache-2.0

internal import Crypto

/// Comparing and making secret bytes.
package enum Secrecy {
    /// Whether both are the same bytes, in a time that depends on their lengths alone.
    package static func isSame(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        SymmetricKey(data: left) == SymmetricKey(data: right)
    }

    /// Bytes that cannot be guessed, from the machine's generator.
    package static func randomBytes(_ count: Int) -> [UInt8] {
        guard count > 0 else { return [] }
        return SymmetricKey(size: SymmetricKeySize(bitCount: count * 8)).withUnsafeBytes { Array($0) }
    }
}
