// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics

/// Text with `${{ }}` in it, split and put together again as one expression, as GitHub does it.
enum TemplateText {
    /// What a text is made of, or why it cannot be read.
    enum Parsed {
        case literal(String)
        case expression(String)
        case insert
        case fault(DiagnosticCode, String)
    }

    private enum Segment {
        case literal(String)
        case expression(String)
        case insert
    }

    /// Whether `text` holds `${{`.
    static func holdsExpression(_ text: String) -> Bool {
        var state = 0
        for byte in text.utf8 {
            switch (state, byte) {
            case (1, UInt8(ascii: "{")): state = 2
            case (2, UInt8(ascii: "{")): return true
            case (_, UInt8(ascii: "$")): state = 1
            default: state = 0
            }
        }
        return false
    }

    static func parse(_ text: String, _ availability: Availability) -> Parsed {
        let bytes = Array(text.utf8)
        var segments: [Segment] = []
        var position = 0
        while let start = find(opening, in: bytes, from: position) {
            if start > position { segments.append(.literal(string(bytes[position..<start]))) }
            guard let end = closing(in: bytes, from: start + 3) else {
                return .fault(
                    .expressionNotClosed,
                    "The expression is not closed. An unescaped ${{ sequence was found, but the closing }} sequence "
                        + "was not found.")
            }
            switch expression(string(bytes[(start + 3)..<(end - 2)]), availability) {
            case .expression(let source): segments.append(.expression(source))
            case .insert:
                guard start == 0, end == bytes.count else { return misplacedInsert }
                segments.append(.insert)
            case let other: return other
            }
            position = end
        }
        if position < bytes.count { segments.append(.literal(string(bytes[position...]))) }
        return join(segments, availability)
    }

    private static func join(_ segments: [Segment], _ availability: Availability) -> Parsed {
        if segments.count == 1 {
            switch segments[0] {
            case .literal(let text): return .literal(text)
            case .insert: return .insert
            case .expression(let source):
                return quoted(source).map { .literal($0) } ?? .expression(source)
            }
        }
        var format = ""
        var arguments = ""
        var count = 0
        for segment in segments {
            switch segment {
            case .literal(let text): appendEscaped(text, to: &format)
            case .expression(let source):
                format += "{\(count)}"
                arguments += ", " + source
                count += 1
            case .insert: return misplacedInsert
            }
        }
        let source = "format('\(format)'\(arguments))"
        if let message = ExpressionValidation.fault(in: source, availability) {
            return .fault(.expressionFaulty, message)
        }
        return .expression(source)
    }

    private static func expression(_ inside: String, _ availability: Availability) -> Parsed {
        let source = trimmed(inside)
        if source.isEmpty { return .fault(.expressionEmpty, "An expression was expected") }
        if let directive = insertDirective(source) { return directive }
        if let message = ExpressionValidation.fault(in: source, availability) {
            return .fault(.expressionFaulty, message)
        }
        return .expression(source)
    }

    /// `insert` alone is the directive; with words after it, it is a fault.
    private static func insertDirective(_ source: String) -> Parsed? {
        let words = source.unicodeScalars.split(whereSeparator: \.properties.isWhitespace)
        guard let first = words.first, String(first) == "insert" else { return nil }
        if words.count == 1 { return .insert }
        return .fault(
            .directiveMisplaced,
            "Exactly 0 parameter(s) were expected following the directive 'insert'. Actual parameter count: "
                + "\(words.count - 1)")
    }

    private static var misplacedInsert: Parsed {
        .fault(
            .directiveMisplaced,
            "The directive 'insert' is not allowed in this context. Directives are not supported for expressions "
                + "that are embedded within a string. Directives are only supported when the entire value is an "
                + "expression.")
    }
}

extension TemplateText {
    private static let opening = Array("${{".utf8)

    private static func find(_ pattern: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        guard bytes.count >= pattern.count else { return nil }
        var index = start
        while index <= bytes.count - pattern.count {
            if bytes[index] == pattern[0], bytes[index + 1] == pattern[1], bytes[index + 2] == pattern[2] {
                return index
            }
            index += 1
        }
        return nil
    }

    /// Just past the `}}` that closes an expression whose text begins at `start`; quoted ones do not count.
    private static func closing(in bytes: [UInt8], from start: Int) -> Int? {
        var isQuoted = false
        for index in bytes.indices.dropFirst(start) {
            if bytes[index] == UInt8(ascii: "'") {
                isQuoted.toggle()
            } else if !isQuoted, index > start, bytes[index] == UInt8(ascii: "}"),
                bytes[index - 1] == UInt8(ascii: "}")
            {
                return index + 1
            }
        }
        return nil
    }

    private static func string(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    /// Without white space at both ends; Unicode's white space counts, as it does in .NET.
    static func trimmed(_ text: String) -> String {
        let scalars = text.unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(scalars[first...last])
    }

    /// The text of an expression that is one string literal; `nil` where it is anything else.
    private static func quoted(_ source: String) -> String? {
        var result: [UInt8] = []
        var isInside = false
        for (index, byte) in source.utf8.enumerated() {
            if byte == UInt8(ascii: "'") {
                isInside.toggle()
                if isInside && index != 0 { result.append(byte) }
            } else if isInside {
                result.append(byte)
            } else {
                return nil
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Quotes for the literal, braces for `format`.
    private static func appendEscaped(_ text: String, to format: inout String) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "'", "{", "}":
                format.unicodeScalars.append(scalar)
                format.unicodeScalars.append(scalar)
            default:
                format.unicodeScalars.append(scalar)
            }
        }
    }
}
