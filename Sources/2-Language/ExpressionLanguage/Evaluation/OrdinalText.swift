// SPDX-License-Identifier: Apache-2.0

/// Comparing strings as .NET's `OrdinalIgnoreCase` does: by UTF-16 unit after each character's simple upper-case
/// mapping, which no language rules change (`ı` and `ſ` keep their case, `ß` is not `SS`).
enum OrdinalText {
    static func equal(_ left: String, _ right: String) -> Bool {
        compare(left, right) == 0
    }

    /// Negative, zero or positive, as `left` is before, equal to or behind `right`.
    static func compare(_ left: String, _ right: String) -> Int {
        var (left, right) = (left, right)
        return left.withUTF8 { left in right.withUTF8 { right in compare(left, right) } }
    }

    private static func compare(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Int {
        for index in 0..<min(left.count, right.count) {
            let (one, other) = (left[index], right[index])
            if (one | other) >= 0x80 {
                return compareScalars(left, right, from: index)
            }
            if one != other {
                let difference = Int(upper(one)) - Int(upper(other))
                if difference != 0 { return difference }
            }
        }
        return left.count - right.count
    }

    /// - Parameter from: both texts are equal ASCII before this offset.
    private static func compareScalars(
        _ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>, from: Int
    ) -> Int {
        let decode = { (text: UnsafeBufferPointer<UInt8>) in
            String(decoding: UnsafeBufferPointer(rebasing: text[from...]), as: UTF8.self).unicodeScalars
        }
        let (left, right) = (decode(left), decode(right))
        var (i, j) = (left.startIndex, right.startIndex)
        while i < left.endIndex, j < right.endIndex {
            let (one, other) = (upper(left[i]), upper(right[j]))
            if one != other {
                // Scalars beyond the first plane sort by their surrogates.
                let difference = Int(UTF16.leadUnit(one)) - Int(UTF16.leadUnit(other))
                return difference != 0 ? difference : Int(one.value) - Int(other.value)
            }
            i = left.index(after: i)
            j = right.index(after: j)
        }
        return (i < left.endIndex ? 1 : 0) - (j < right.endIndex ? 1 : 0)
    }

    static func contains(_ text: String, _ part: String) -> Bool {
        let (text, part) = (folded(text), folded(part))
        guard let first = part.first else { return true }
        guard part.count <= text.count else { return false }
        if part.count == 1 { return text.contains(first) }
        // Knuth, Morris and Pratt: linear in both lengths, whatever they hold.
        let fallback = fallbacks(part)
        return text.withUnsafeBufferPointer { text in
            part.withUnsafeBufferPointer { part in
                fallback.withUnsafeBufferPointer { search(text, for: part, $0) }
            }
        }
    }

    private static func search(
        _ text: UnsafeBufferPointer<UInt8>, for part: UnsafeBufferPointer<UInt8>, _ fallback: UnsafeBufferPointer<Int>
    ) -> Bool {
        var matched = 0
        var index = 0
        while index < text.count {
            if part[matched] == text[index] {
                matched += 1
                if matched == part.count { return true }
                index += 1
            } else if matched > 0 {
                matched = fallback[matched - 1]
            } else {
                index += 1
            }
        }
        return false
    }

    /// For each prefix of `part`, the length of its longest proper prefix that is also its suffix.
    private static func fallbacks(_ part: [UInt8]) -> [Int] {
        var fallback = [Int](repeating: 0, count: part.count)
        var length = 0
        for index in 1..<part.count {
            while length > 0, part[length] != part[index] { length = fallback[length - 1] }
            if part[length] == part[index] { length += 1 }
            fallback[index] = length
        }
        return fallback
    }

    static func hasPrefix(_ text: String, _ prefix: String) -> Bool {
        folded(text).starts(with: folded(prefix))
    }

    static func hasSuffix(_ text: String, _ suffix: String) -> Bool {
        folded(text).reversed().starts(with: folded(suffix).reversed())
    }

    /// The same string for all keys that are equal without regard to case.
    static func foldedKey(_ key: String) -> String { String(decoding: folded(key), as: UTF8.self) }

    /// The UTF-8 of the text in upper case. Equal texts have equal bytes, and since UTF-8 synchronises itself,
    /// bytes that match stand for characters that match.
    private static func folded(_ text: String) -> [UInt8] {
        var text = text
        return text.withUTF8 { utf8 in
            var bytes: [UInt8] = []
            bytes.reserveCapacity(utf8.count)
            for (index, byte) in utf8.enumerated() {
                if byte >= 0x80 {
                    let rest = String(decoding: UnsafeBufferPointer(rebasing: utf8[index...]), as: UTF8.self)
                    for scalar in rest.unicodeScalars {
                        bytes.append(contentsOf: UTF8.encode(upper(scalar)) ?? .init())
                    }
                    return bytes
                }
                bytes.append(upper(byte))
            }
            return bytes
        }
    }

    @inline(__always)
    private static func upper(_ byte: UInt8) -> UInt8 {
        byte &- 0x61 < 26 ? byte & 0xDF : byte
    }

    private static func upper(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        if scalar.isASCII { return Unicode.Scalar(upper(UInt8(scalar.value))) }
        if scalar == "ı" || scalar == "ſ" { return scalar }
        // Where the full mapping is longer, the simple one, if there is any, is the title case.
        return single(scalar.properties.uppercaseMapping) ?? single(scalar.properties.titlecaseMapping) ?? scalar
    }

    private static func single(_ mapping: String) -> Unicode.Scalar? {
        let scalars = mapping.unicodeScalars
        guard let first = scalars.first, scalars.index(after: scalars.startIndex) == scalars.endIndex else {
            return nil
        }
        return first
    }
}

extension UTF16 {
    /// The first of a scalar's one or two units.
    fileprivate static func leadUnit(_ scalar: Unicode.Scalar) -> UInt16 {
        scalar.value < 0x10000 ? UInt16(scalar.value) : UTF16.leadSurrogate(scalar)
    }
}
