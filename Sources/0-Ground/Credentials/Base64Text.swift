// SPDX-License-Identifier: Apache-2.0

/// RFC 4648: bytes as text. Foundation's is not to be had without Foundation.
package enum Base64Text {
    package enum Alphabet: Sendable {
        /// Section 4: `+` and `/`.
        case standard
        /// Section 5: `-` and `_`.
        case url
    }

    private static let standardDigits = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let urlDigits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    package static func text(_ bytes: some Collection<UInt8>, _ alphabet: Alphabet, isPadded: Bool = false) -> String {
        let digits = alphabet == .url ? urlDigits : standardDigits
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 4 / 3 + 4)
        var value: UInt32 = 0
        var bits: UInt32 = 0
        for byte in bytes {
            value = value << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                text.append(digits[Int(value >> bits) & 63])
            }
            value &= (1 << bits) - 1
        }
        if bits > 0 { text.append(digits[Int(value << (6 - bits)) & 63]) }
        while isPadded, text.count % 4 != 0 { text.append(UInt8(ascii: "=")) }
        return String(decoding: text, as: UTF8.self)
    }

    /// `nil` for anything that ``text(_:_:isPadded:)`` would not have written: one value has one spelling. The
    /// standard form may have its padding or not; the other never has one, as in JSON Web Tokens.
    package static func bytes(_ text: some StringProtocol, _ alphabet: Alphabet) -> [UInt8]? {
        var digits = Array(text.utf8)[...]
        if alphabet == .standard, digits.count % 4 == 0 {
            for _ in 0..<2 where digits.last == UInt8(ascii: "=") { digits.removeLast() }
        }
        guard digits.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count * 3 / 4)
        var value: UInt32 = 0
        var bits: UInt32 = 0
        for digit in digits {
            guard let six = number(of: digit, alphabet) else { return nil }
            value = value << 6 | six
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: value >> bits))
                value &= (1 << bits) - 1
            }
        }
        return value == 0 ? bytes : nil
    }

    private static func number(of digit: UInt8, _ alphabet: Alphabet) -> UInt32? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+") where alphabet == .standard, UInt8(ascii: "-") where alphabet == .url: 62
        case UInt8(ascii: "/") where alphabet == .standard, UInt8(ascii: "_") where alphabet == .url: 63
        default: nil
        }
    }
}
