// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Line ends in bytes. A line ends with LF; a CR before it belongs to the line's text.
enum LineCounting {
    static let lineEnd = UInt8(ascii: "\n")

    /// How many line ends there are; 64 bytes at a time.
    static func count(in bytes: UnsafeRawBufferPointer) -> Int {
        var total = 0
        var at = 0
        let ends = SIMD64<UInt8>(repeating: lineEnd)
        while at + 64 <= bytes.count {
            // A lane counts to 255 at most before it is added up.
            var lanes = SIMD64<UInt8>(repeating: 0)
            var rounds = 0
            while rounds < 255, at + 64 <= bytes.count {
                let block = bytes.loadUnaligned(fromByteOffset: at, as: SIMD64<UInt8>.self)
                lanes &+= SIMD64<UInt8>(repeating: 0).replacing(with: 1, where: block .== ends)
                at += 64
                rounds += 1
            }
            total += Int(SIMD64<UInt16>(truncatingIfNeeded: lanes).wrappedSum())
        }
        while at < bytes.count {
            if bytes[at] == lineEnd { total += 1 }
            at += 1
        }
        return total
    }

    /// The offset of the first line end at or after `start`.
    static func next(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard start < bytes.count, let base = bytes.baseAddress,
            let found = memchr(base + start, Int32(lineEnd), bytes.count - start)
        else { return nil }
        return UnsafeRawPointer(found) - base
    }

    static func last(in bytes: UnsafeRawBufferPointer) -> Int? {
        bytes.lastIndex(of: lineEnd)
    }
}
