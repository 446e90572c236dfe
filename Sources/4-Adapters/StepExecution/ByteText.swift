// SPDX-License-Identifier: Apache-2.0

import Glibc

extension UInt8 {
    static let colon: UInt8 = 0x3A
    static let hash: UInt8 = 0x23
    static let openingBracket: UInt8 = 0x5B
    static let closingBracket: UInt8 = 0x5D
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D

    /// A space, a tab or another control that counts as white space.
    var isBlank: Bool { self == 0x20 || (self >= 0x09 && self <= 0x0D) }

    /// The ASCII letter in lower case; any other byte as it is.
    var lowercasedASCII: UInt8 { self >= 0x41 && self <= 0x5A ? self | 0x20 : self }
}

extension UnsafeRawBufferPointer {
    /// The bytes from `start` up to `end` as text, invalid UTF-8 repaired.
    func text(_ start: Int, _ end: Int) -> String {
        String(decoding: UnsafeRawBufferPointer(rebasing: self[start..<end]), as: UTF8.self)
    }

    /// Where `byte` is next, from `start` on and before `end`.
    func index(of byte: UInt8, from start: Int, before end: Int) -> Int? {
        guard start < end, let base = baseAddress else { return nil }
        guard let found = memchr(base + start, Int32(byte), end - start) else { return nil }
        return UnsafeRawPointer(found) - base
    }

    /// Where `##[` is next, from `start` on.
    func firstMarker(from start: Int) -> Int? {
        var place = start
        while let found = index(of: .hash, from: place, before: count) {
            guard found + 2 < count else { return nil }
            if self[found + 1] == .hash, self[found + 2] == .openingBracket { return found }
            place = found + 1
        }
        return nil
    }
}

extension StringProtocol {
    func equalsIgnoringASCIICase(_ other: some StringProtocol) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        return zip(utf8, other.utf8).allSatisfy { $0.lowercasedASCII == $1.lowercasedASCII }
    }

    /// Without spaces, tabs and line breaks at both ends.
    func trimmingBlanks() -> SubSequence {
        let bytes = utf8
        guard let first = bytes.firstIndex(where: { !$0.isBlank }) else { return self[startIndex..<startIndex] }
        var end = first
        for place in bytes[first...].indices where !bytes[place].isBlank { end = bytes.index(after: place) }
        return self[first..<end]
    }

    /// Lower-case ASCII letters made upper case.
    func uppercasedASCII() -> String {
        String(decoding: utf8.map { $0 >= 0x61 && $0 <= 0x7A ? $0 & 0xDF : $0 }, as: UTF8.self)
    }

    func lowercasedASCII() -> String {
        String(decoding: utf8.map(\.lowercasedASCII), as: UTF8.self)
    }
}
