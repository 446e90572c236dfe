// SPDX-License-Identifier: Apache-2.0

internal import Crypto
package import StructuredData

/// SHA-256 over the compact JSON of a value: what plans, outputs and matrix values are named by.
package enum ContentDigest {
    /// 64 hexadecimal digits.
    package static func of(_ value: DataValue) -> String {
        var bytes: [UInt8] = []
        value.appendJSON(to: &bytes)
        return of(bytes)
    }

    package static func of(_ bytes: [UInt8]) -> String {
        Hexadecimal.text(SHA256.hash(data: bytes))
    }
}
