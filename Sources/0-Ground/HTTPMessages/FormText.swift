// SPDX-License-Identifier: Apache-2.0

/// Percent-coding, query strings and forms.
///
/// Source: RFC 3986, section 2; the URL standard's `application/x-www-form-urlencoded`.
package enum FormText {
    /// A pair of a query or a form, decoded.
    package struct Pair: Hashable, Sendable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Everything but letters, digits, `-`, `.`, `_` and `~` becomes `%XX`.
    package static func encoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if isUnreserved(byte) {
                bytes.append(byte)
            } else {
                bytes += [37, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `nil` where a `%` is not followed by two digits, or the bytes are no UTF-8.
    ///
    /// - Parameter isForm: `+` is a blank.
    package static func decoded(_ text: some StringProtocol, isForm: Bool = false) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == 37 {
                guard rest.count >= 2, let high = value(rest[rest.startIndex]),
                    let low = value(rest[rest.startIndex + 1])
                else { return nil }
                bytes.append(high << 4 | low)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(isForm && byte == 43 ? 32 : byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Pairs of one query or form.
    package static let pairLimit = 1_000

    /// The pairs of a query or a form; what cannot be decoded, or has more than ``pairLimit`` of them, is `nil`.
    package static func pairs(_ text: some StringProtocol) -> [Pair]? {
        guard text.utf8.count(where: { $0 == 38 }) < pairLimit else { return nil }
        var pairs: [Pair] = []
        for part in text.split(separator: "&") {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = decoded(sides[0], isForm: true),
                let value = sides.count > 1 ? decoded(sides[1], isForm: true) : ""
            else { return nil }
            pairs.append(Pair(name, value))
        }
        return pairs
    }

    package static func text(_ pairs: [Pair]) -> String {
        pairs.map { "\(encoded($0.name))=\(encoded($0.value))" }.joined(separator: "&")
    }

    private static let digits = Array("0123456789ABCDEF".utf8)

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte)
            || [45, 46, 95, 126].contains(byte)
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 48...57: digit - 48
        case 65...70: digit - 55
        case 97...102: digit - 87
        default: nil
        }
    }
}
