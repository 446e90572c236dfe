// SPDX-License-Identifier: Apache-2.0

/// RFC 4648: the plain alphabet with padding, as signatures are written, and the one for addresses without, as JSON Web Tokens are.
enum Base64Text {
    private static let common = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
    private static let plain = common + Array("+/".utf8)
    private static let url = common + Array("-_".utf8)

    static func urlText(_ bytes: [UInt8]) -> String { text(bytes, url) }

    static func plainText(_ bytes: [UInt8]) -> String {
        text(bytes, plain) + String(repeating: "=", count: (3 - bytes.count % 3) % 3)
    }

    private static func text(_ bytes: [UInt8], _ digits: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 4 / 3 + 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let value = group.reduce(0) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
            for place in 0...group.count { text.append(digits[Int(value >> UInt32(18 - 6 * place)) & 63]) }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes of a text in the plain alphabet, its padding or none; `nil` where it is not one.
    static func plainBytes(_ text: some StringProtocol) -> [UInt8]? {
        var bytes: [UInt8] = []
        var value: UInt32 = 0
        var bits = 0
        let count = text.utf8.count
        var digits = Array(text.utf8)
        while digits.last == UInt8(ascii: "="), count % 4 == 0, count - digits.count < 2 {
            digits.removeLast()
        }
        for digit in digits {
            guard let six = plain.firstIndex(of: digit) else { return nil }
            value = value << 6 | UInt32(six)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(bits)))
                value &= (1 << UInt32(bits)) - 1
            }
        }
        // Bits that are left have to be zeros: otherwise one signature would have several spellings.
        return value == 0 && bits < 6 ? bytes : nil
    }
}
