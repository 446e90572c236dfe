// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Line ends in bytes. A line ends with LF; a CR before it belongs to the line's text.
enum LineCounting {
    static let lineEnd = UInt8(ascii: "\n")

    /// How many line ends there are; eight bytes at a time.
    static func count(in bytes: UnsafeRawBufferPointer) -> Int {
        let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
        let ends: UInt64 = 0x0A0A_0A0A_0A0A_0A0A
        var total = 0
        var at = 0
        while at + 8 <= bytes.count {
            // Each of the eight lanes counts to 255 at most before they are added up.
            var lanes: UInt64 = 0
            let stop = min(bytes.count - 7, at + 255 * 8)
            while at < stop {
                let difference = bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self) ^ ends
                // The high bit of a lane is set unless the lane is zero.
                let nonzero = ((difference & low) &+ low) | difference
                lanes &+= (~nonzero & ~low) &>> 7
                at &+= 8
            }
            let pairs = (lanes & 0x00FF_00FF_00FF_00FF) &+ ((lanes &>> 8) & 0x00FF_00FF_00FF_00FF)
            total += Int((pairs &* 0x0001_0001_0001_0001) &>> 48)
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

    /// What was left of a line and its rest.
    static func joined(_ open: [UInt8], _ piece: UnsafeRawBufferPointer, _ range: Range<Int>) -> [UInt8] {
        let rest = UnsafeRawBufferPointer(rebasing: piece[range])
        return open.isEmpty ? [UInt8](rest) : open + [UInt8](rest)
    }
}
