// SPDX-License-Identifier: Apache-2.0

/// Finds typing errors; stops nobody who means it.
enum Checksum {
    /// The reflected CRC-32 of ISO 3309 and zip files. Few bytes at a time are summed: a table would not pay.
    static func crc32(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var sum: UInt32 = .max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 0 ? sum >> 1 : sum >> 1 ^ 0xEDB8_8320 }
        }
        return ~sum
    }
}
