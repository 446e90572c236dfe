// SPDX-License-Identifier: Apache-2.0

/// Texts as one row of bytes that no other texts give: each with its length before it.
enum BoundText {
    static func bytes(_ parts: [String]) -> [UInt8] {
        var bytes: [UInt8] = []
        for part in parts {
            bytes += LittleEndian.bytes(UInt32(part.utf8.count))
            bytes += part.utf8
        }
        return bytes
    }
}

/// Numbers of four bytes, the lowest first.
enum LittleEndian {
    static func bytes(_ number: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> (UInt32($0) * 8)) }
    }

    /// Of the first four bytes; `nil` where there are fewer.
    static func number(_ bytes: ArraySlice<UInt8>) -> UInt32? {
        guard bytes.count >= 4 else { return nil }
        return bytes.prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
}
