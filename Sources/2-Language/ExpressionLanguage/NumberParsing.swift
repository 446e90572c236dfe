// SPDX-License-Identifier: Apache-2.0

/// How a string becomes a number: JavaScript's `Number()` as GitHub's runner writes it in .NET.
enum NumberParsing {
    /// Blank text is 0; decimal numbers, `0x…` and `0o…` of 32 bits and the infinities are read; the rest is NaN.
    static func number(_ string: String) -> Double {
        var string = string
        return string.withUTF8 { number($0) }
    }

    static func number(_ untrimmed: UnsafeBufferPointer<UInt8>) -> Double {
        let text = WhiteSpace.trimmed(untrimmed)
        if text.isEmpty { return 0 }
        if text.count <= 15, text.allSatisfy({ $0 &- 0x30 <= 9 }) {
            return Double(text.reduce(0) { $0 * 10 + Int($1 - 0x30) })
        }
        if isDecimal(text) {
            return Double(String(decoding: text, as: UTF8.self)) ?? .nan
        }
        if text.count > 2, text[0] == UInt8(ascii: "0") {
            let digits = UnsafeBufferPointer(rebasing: text[2...])
            if text[1] == UInt8(ascii: "x") { return integer(digits, bitsPerDigit: 4) }
            if text[1] == UInt8(ascii: "o") { return integer(digits, bitsPerDigit: 3) }
        }
        return infinity(text)
    }

    /// Whether the text is `[+-]digits[.digits][e[+-]digits]` with a digit before or behind the point.
    private static func isDecimal(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var index = 0
        func digits() -> Int {
            let start = index
            while index < text.count, text[index] &- 0x30 <= 9 { index += 1 }
            return index - start
        }
        func skipSign() {
            if index < text.count, text[index] == UInt8(ascii: "+") || text[index] == UInt8(ascii: "-") { index += 1 }
        }
        skipSign()
        var mantissa = digits()
        if index < text.count, text[index] == UInt8(ascii: ".") {
            index += 1
            mantissa += digits()
        }
        guard mantissa > 0 else { return false }
        if index < text.count, text[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            skipSign()
            guard digits() > 0 else { return false }
        }
        return index == text.count
    }

    /// Digits of a power of two as a 32-bit two's complement number: `ffffffff` is -1, and nine digits are NaN.
    private static func integer(_ digits: UnsafeBufferPointer<UInt8>, bitsPerDigit: UInt64) -> Double {
        var bits: UInt64 = 0
        for byte in digits {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - 0x30
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - 0x57
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - 0x37
            default: return .nan
            }
            guard digit < 1 << bitsPerDigit else { return .nan }
            bits = bits << bitsPerDigit | UInt64(digit)
            guard bits <= UInt64(UInt32.max) else { return .nan }
        }
        return Double(Int32(bitPattern: UInt32(bits)))
    }

    private static func infinity(_ text: UnsafeBufferPointer<UInt8>) -> Double {
        let isSigned = text[0] == UInt8(ascii: "-") || text[0] == UInt8(ascii: "+")
        let word = text[(isSigned ? 1 : 0)...]
        guard word.count == 8, word.lazy.map({ $0 | 0x20 }).elementsEqual("infinity".utf8) else { return .nan }
        return text[0] == UInt8(ascii: "-") ? -.infinity : .infinity
    }
}
