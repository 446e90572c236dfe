// SPDX-License-Identifier: Apache-2.0

extension SecretForms {
    /// The value as URLs, JSON, XML, shells and expressions write it; forms equal to the value are left out.
    static func escapes(of value: [UInt8]) -> [[UInt8]] {
        // Most tokens consist of characters that no encoding touches.
        guard !value.allSatisfy({ isWord($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }) else { return [] }
        var forms: [[UInt8]] = []
        for digits in [upperDigits, lowerDigits] {
            for plain in ["-_.~", "-_.~/", "-_.!~*'()", "-_.*"] {
                forms.append(percent(value, keeping: plain, digits: digits))
            }
            forms.append(percent(value, keeping: "-_.*", digits: digits, space: UInt8(ascii: "+")))
        }
        for style in JSONStyle.all { forms.append(json(value, style)) }
        if value.contains(where: { replaceable.contains($0) }) {
            for texts in replacements { forms.append(replacing(value, texts)) }
        }
        return forms.filter { $0 != value }
    }

    /// XML as .NET, Go and Python write it, then command lines, expressions, shells and workflow commands.
    private static let replacements: [[UInt8: [UInt8]]] = [
        ["&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;", "'": "&apos;"],
        ["&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&#34;", "'": "&#39;"],
        ["&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;", "'": "&#x27;"],
        ["&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;", "'": "&#39;"],
        ["&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;"],
        ["&": "&amp;", "<": "&lt;", ">": "&gt;"],
        ["\"": "\\\""],
        ["'": "''"],
        ["'": "'\\''"],
        ["%": "%25", "\r": "%0D", "\n": "%0A"],
    ].map { (texts: [Unicode.Scalar: String]) in
        Dictionary(uniqueKeysWithValues: texts.map { (UInt8(ascii: $0), Array($1.utf8)) })
    }

    private static let replaceable = Set("&<>\"'%\r\n".utf8)

    private static let upperDigits = Array("0123456789ABCDEF".utf8)
    private static let lowerDigits = Array("0123456789abcdef".utf8)

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    private static func percent(
        _ value: [UInt8], keeping plain: String, digits: [UInt8], space: UInt8? = nil
    ) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(value.count * 2)
        for byte in value {
            if isWord(byte) || plain.utf8.contains(byte) {
                result.append(byte)
            } else if byte == 32, let space {
                result.append(space)
            } else {
                result.append(UInt8(ascii: "%"))
                result.append(digits[Int(byte >> 4)])
                result.append(digits[Int(byte & 15)])
            }
        }
        return result
    }

    private static func replacing(_ value: [UInt8], _ texts: [UInt8: [UInt8]]) -> [UInt8] {
        guard value.contains(where: { texts[$0] != nil }) else { return value }
        var result: [UInt8] = []
        for byte in value {
            if let text = texts[byte] { result += text } else { result.append(byte) }
        }
        return result
    }
}

/// How JSON writers differ.
private struct JSONStyle {
    var escapesSlash = false
    var escapesMarkup = false
    var escapesUnicode = false
    var digits = Array("0123456789abcdef".utf8)

    static let all = [
        JSONStyle(), JSONStyle(escapesSlash: true), JSONStyle(escapesMarkup: true), JSONStyle(escapesUnicode: true),
        JSONStyle(escapesMarkup: true, escapesUnicode: true),
        JSONStyle(escapesMarkup: true, escapesUnicode: true, digits: Array("0123456789ABCDEF".utf8)),
    ]

    func unicode(_ unit: UInt16) -> [UInt8] {
        Array("\\u".utf8) + [12, 8, 4, 0].map { digits[Int(unit >> UInt16($0) & 15)] }
    }
}

extension SecretForms {
    private static func json(_ value: [UInt8], _ style: JSONStyle) -> [UInt8] {
        if value.allSatisfy({ $0 >= 32 && $0 < 127 && !"\"\\/<>&'+".utf8.contains($0) }) { return value }
        guard let text = String(validating: value, as: UTF8.self) else { return value }
        var result: [UInt8] = []
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += Array("\\\"".utf8)
            case "\\": result += Array("\\\\".utf8)
            case "\n": result += Array("\\n".utf8)
            case "\r": result += Array("\\r".utf8)
            case "\t": result += Array("\\t".utf8)
            case "\u{8}": result += Array("\\b".utf8)
            case "\u{C}": result += Array("\\f".utf8)
            case "/" where style.escapesSlash: result += Array("\\/".utf8)
            case "<" where style.escapesMarkup, ">" where style.escapesMarkup, "&" where style.escapesMarkup,
                "'" where style.escapesMarkup && style.escapesUnicode,
                "+" where style.escapesMarkup && style.escapesUnicode:
                result += style.unicode(UInt16(scalar.value))
            case _ where scalar.value < 32:
                result += style.unicode(UInt16(scalar.value))
            case _ where style.escapesUnicode && scalar.value > 126:
                for unit in UTF16.encode(scalar) ?? .init() { result += style.unicode(unit) }
            default:
                result += Array(String(scalar).utf8)
            }
        }
        return result
    }
}
