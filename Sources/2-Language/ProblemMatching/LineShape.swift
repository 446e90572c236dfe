// SPDX-License-Identifier: Apache-2.0

/// Where a line ends, and whether its bytes can be matched as they are: found in one pass, eight bytes at a time.
struct LineShape {
    /// The place of the line break, or the end of the bytes.
    var end: Int
    /// ASCII without an escape character: nothing to strip, nothing to repair.
    var isPlain: Bool

    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let tops: UInt64 = 0x8080_8080_8080_8080

    /// - Parameter findsBreaks: LF and CR end a line; without, all the bytes are one.
    init(_ bytes: UnsafeRawBufferPointer, from start: Int, findsBreaks: Bool) {
        var place = start
        isPlain = true
        while place + 8 <= bytes.count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
            let odd = word & Self.tops | Self.zeroBytes(word ^ Self.ones &* 0x1B)
            let breaks =
                findsBreaks ? Self.zeroBytes(word ^ Self.ones &* 0x0A) | Self.zeroBytes(word ^ Self.ones &* 0x0D) : 0
            if breaks != 0 {
                let below = UInt64(1) << UInt64(breaks.trailingZeroBitCount & ~7) &- 1
                if odd & below != 0 { isPlain = false }
                end = place + breaks.trailingZeroBitCount >> 3
                return
            }
            if odd != 0 { isPlain = false }
            place += 8
        }
        while place < bytes.count {
            let byte = bytes[place]
            if findsBreaks, byte == 0x0A || byte == 0x0D { break }
            if byte >= 0x80 || byte == 0x1B { isPlain = false }
            place += 1
        }
        end = place
    }

    /// The top bit of each zero byte; above the lowest of them others may be set too, which its users bear.
    @inline(__always)
    private static func zeroBytes(_ word: UInt64) -> UInt64 { (word &- ones) & ~word & tops }

    /// A line as the runner's matchers see it: without colour codes (`ESC [ digits and semicolons`, perhaps `m`), and with
    /// U+FFFD for what is not UTF-8.
    static func cleaned(_ line: UnsafeRawBufferPointer) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(line.count)
        var place = 0
        while place < line.count {
            guard line[place] == 0x1B, place + 1 < line.count, line[place + 1] == UInt8(ascii: "[") else {
                bytes.append(line[place])
                place += 1
                continue
            }
            place += 2
            while place < line.count, line[place] &- 0x30 <= 9 || line[place] == UInt8(ascii: ";") { place += 1 }
            if place < line.count, line[place] == UInt8(ascii: "m") { place += 1 }
        }
        return String(validating: bytes, as: UTF8.self) == nil
            ? Array(String(decoding: bytes, as: UTF8.self).utf8) : bytes
    }
}
