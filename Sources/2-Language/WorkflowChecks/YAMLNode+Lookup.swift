// SPDX-License-Identifier: Apache-2.0

internal import YAMLReading

/// What a plain scalar is in YAML 1.2's core schema, which is GitHub's.
enum ScalarKind: Equatable {
    case null, boolean, integer, number, string
}

extension YAMLNode {
    var text: String? { if case .scalar(let value, _) = content { value } else { nil } }
    var items: [YAMLNode]? { if case .sequence(let items) = content { items } else { nil } }
    var entries: [YAMLEntry]? { if case .mapping(let entries) = content { entries } else { nil } }

    /// The value of `key` where this is a mapping that has it; the first where it stands twice.
    subscript(key: String) -> YAMLNode? { entry(key)?.value }

    func entry(_ key: String) -> YAMLEntry? {
        guard case .mapping(let entries) = content else { return nil }
        return entries.first { $0.key.text == key }
    }

    /// One scalar, or each item of a list of scalars.
    var textsOrList: [YAMLNode] {
        switch content {
        case .scalar: isNull ? [] : [self]
        case .sequence(let items): items.filter { $0.text != nil }
        case .mapping: []
        }
    }

    var isNull: Bool { scalarKind == .null }
    /// Holds a `${{`, or is one whole expression: then its value is not known before the run.
    var hasExpression: Bool { text.map(EmbeddedExpressions.hasExpression) ?? false }

    /// `nil` for a collection.
    var scalarKind: ScalarKind? {
        guard case .scalar(let value, let style) = content else { return nil }
        if let tag { return Self.kind(ofTag: tag) ?? .string }
        guard style == .plain else { return .string }
        return Self.coreKind(value)
    }

    /// What to call this node in a message.
    var kindName: String {
        switch content {
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .scalar:
            switch scalarKind {
            case .null: "nothing"
            case .boolean: "a boolean"
            case .integer, .number: "a number"
            default: "text"
            }
        }
    }

    private static func kind(ofTag tag: String) -> ScalarKind? {
        switch tag {
        case "tag:yaml.org,2002:null": .null
        case "tag:yaml.org,2002:bool": .boolean
        case "tag:yaml.org,2002:int": .integer
        case "tag:yaml.org,2002:float": .number
        default: nil
        }
    }

    private static func coreKind(_ value: String) -> ScalarKind {
        switch value {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE", "false", "False", "FALSE": return .boolean
        case ".inf", ".Inf", ".INF", "-.inf", "-.Inf", "-.INF", "+.inf", "+.Inf", "+.INF", ".nan", ".NaN", ".NAN":
            return .number
        default: break
        }
        var bytes = Array(value.utf8)[...]
        guard let first = bytes.first, first < 0x3A else { return .string }
        if bytes.starts(with: Array("0x".utf8)), bytes.count > 2 {
            return bytes.dropFirst(2).allSatisfy(isHexadecimal) ? .integer : .string
        }
        if bytes.starts(with: Array("0o".utf8)), bytes.count > 2 {
            return bytes.dropFirst(2).allSatisfy { (0x30...0x37).contains($0) } ? .integer : .string
        }
        if first == UInt8(ascii: "-") || first == UInt8(ascii: "+") { bytes = bytes.dropFirst() }
        guard !bytes.isEmpty else { return .string }
        if bytes.allSatisfy(isDigit) { return .integer }
        return isFloat(bytes) ? .number : .string
    }

    private static func isFloat(_ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        let whole = rest.prefix(while: isDigit)
        rest = rest.dropFirst(whole.count)
        var fractionCount = 0
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            fractionCount = rest.prefix(while: isDigit).count
            rest = rest.dropFirst(fractionCount)
        }
        guard whole.count + fractionCount > 0 else { return false }
        guard let exponent = rest.first else { return true }
        guard exponent == UInt8(ascii: "e") || exponent == UInt8(ascii: "E") else { return false }
        rest = rest.dropFirst()
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        return !rest.isEmpty && rest.allSatisfy(isDigit)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
    }
}

extension StringProtocol {
    /// Whether the text has this ASCII character; far faster than looking for a text.
    func has(_ character: Unicode.Scalar) -> Bool { utf8.contains(UInt8(ascii: character)) }
}
