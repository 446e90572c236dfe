// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import YAMLReading

/// The type of a scalar after YAML 1.2's core schema, which GitHub follows to the letter: `on` and `yes` are strings,
/// `010` is ten, `1_000` is a string.
enum ScalarResolution {
    private static let stringTag = "tag:yaml.org,2002:str"
    private static let boolTag = "tag:yaml.org,2002:bool"
    private static let floatTag = "tag:yaml.org,2002:float"
    private static let integerTag = "tag:yaml.org,2002:int"
    private static let nullTag = "tag:yaml.org,2002:null"

    static func resolve(
        _ text: String, _ style: YAMLScalarStyle, of node: YAMLNode
    ) throws(DiagnosticError) -> TemplateToken.Content {
        guard let tag = node.tag else {
            return style == .plain ? try plain(text, node) : .string(text)
        }
        if tag == stringTag { return .string(text) }
        guard style == .plain else {
            throw failure(
                "The scalar style '\(name(style))' on \(place(node)) is not valid with the tag '\(tag)'", node)
        }
        switch tag {
        case boolTag:
            if let value = bool(text) { return .bool(value) }
        case floatTag:
            if let value = float(text) { return .number(value) }
        case integerTag:
            if let value = try integer(text, node) { return .number(value) }
        case nullTag:
            if isNull(text) { return .null }
        default:
            throw failure("Unexpected tag '\(tag)'", node)
        }
        throw invalid(text, tag, node)
    }

    private static func plain(_ text: String, _ node: YAMLNode) throws(DiagnosticError) -> TemplateToken.Content {
        guard let first = text.utf8.first else { return .null }
        switch first {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
            if let value = try integer(text, node) ?? float(text) { return .number(value) }
        case UInt8(ascii: "n"), UInt8(ascii: "N"), UInt8(ascii: "~"):
            if isNull(text) { return .null }
        case UInt8(ascii: "t"), UInt8(ascii: "T"), UInt8(ascii: "f"), UInt8(ascii: "F"):
            if let value = bool(text) { return .bool(value) }
        default:
            break
        }
        return .string(text)
    }

    private static func isNull(_ text: String) -> Bool {
        switch text {
        case "", "null", "Null", "NULL", "~": true
        default: false
        }
    }

    private static func bool(_ text: String) -> Bool? {
        switch text {
        case "true", "True", "TRUE": true
        case "false", "False", "FALSE": false
        default: nil
        }
    }

    /// Decimal with an optional sign, `0x…` or `0o…`; the latter two are 32 bits wide.
    private static func integer(_ text: String, _ node: YAMLNode) throws(DiagnosticError) -> Double? {
        let bytes = Array(text.utf8)
        guard let first = bytes.first else { return nil }
        let isSigned = first == UInt8(ascii: "+") || first == UInt8(ascii: "-")
        let digits = isSigned ? bytes.dropFirst() : bytes[...]
        if !digits.isEmpty, digits.allSatisfy(isDigit) { return Double(text) }
        guard first == UInt8(ascii: "0"), bytes.count > 2 else { return nil }
        let radix: Int
        switch bytes[1] {
        case UInt8(ascii: "x"): radix = 16
        case UInt8(ascii: "o"): radix = 8
        default: return nil
        }
        var value: UInt64 = 0
        for byte in bytes[2...] {
            guard let digit = digitValue(byte), digit < radix else { return nil }
            value = min(value * UInt64(radix) + UInt64(digit), 1 << 33)
        }
        guard let word = UInt32(exactly: value) else { throw invalid(text, integerTag, node) }
        return Double(Int32(bitPattern: word))
    }

    /// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, infinities and NaN. What is too large is infinite.
    private static func float(_ text: String) -> Double? {
        switch text {
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .infinity
        case "-.inf", "-.Inf", "-.INF": return -.infinity
        case ".nan", ".NaN", ".NAN": return .nan
        default: break
        }
        var rest = Array(text.utf8)[...]
        if let first = rest.first, first == UInt8(ascii: "+") || first == UInt8(ascii: "-") { rest.removeFirst() }
        let wholeDigits = takeDigits(&rest)
        var decimals = 0
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            decimals = takeDigits(&rest)
        }
        guard wholeDigits > 0 || decimals > 0 else { return nil }
        if let mark = rest.first, mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") {
            rest.removeFirst()
            if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { rest.removeFirst() }
            guard takeDigits(&rest) > 0 else { return nil }
        }
        guard rest.isEmpty else { return nil }
        // Swift's parser takes neither "1." nor "+.5".
        return Double(text) ?? Double(swiftForm(text))
    }

    /// The same number with a digit on both sides of its point.
    private static func swiftForm(_ text: String) -> String {
        var result = ""
        var hasDigit = false
        var afterPoint = false
        for scalar in text.unicodeScalars {
            let isDigit = ("0"..."9").contains(scalar)
            if scalar == "." && !hasDigit { result += "0" }
            if afterPoint && !isDigit { result += "0" }
            afterPoint = scalar == "."
            hasDigit = hasDigit || isDigit
            result.unicodeScalars.append(scalar)
        }
        return afterPoint ? result + "0" : result
    }

    private static func takeDigits(_ bytes: inout ArraySlice<UInt8>) -> Int {
        let count = bytes.prefix(while: isDigit).count
        bytes.removeFirst(count)
        return count
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    private static func digitValue(_ byte: UInt8) -> Int? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }
}

extension ScalarResolution {
    private static func name(_ style: YAMLScalarStyle) -> String {
        switch style {
        case .plain: "Plain"
        case .singleQuoted: "SingleQuoted"
        case .doubleQuoted: "DoubleQuoted"
        case .literal: "Literal"
        case .folded: "Folded"
        }
    }

    private static func place(_ node: YAMLNode) -> String {
        "line \(node.position.line) and column \(node.position.column)"
    }

    private static func invalid(_ text: String, _ tag: String, _ node: YAMLNode) -> DiagnosticError {
        failure("The value '\(text)' on \(place(node)) is invalid for the type '\(tag)'", node)
    }

    private static func failure(_ message: String, _ node: YAMLNode) -> DiagnosticError {
        DiagnosticError(Diagnostic(.tagInvalid, message, position: node.position))
    }
}
