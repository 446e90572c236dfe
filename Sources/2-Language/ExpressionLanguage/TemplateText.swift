// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import StructuredData

/// Why a scalar with `${{` in it cannot be read, in GitHub's words.
package struct TemplateError: CodedError, Hashable {
    package var code: DiagnosticCode
    package var message: String
    /// UTF-8 bytes from the start of the scalar's text.
    package var offset: Int

    package var diagnostic: Diagnostic { Diagnostic(code, message) }

    static func notClosed(at offset: Int) -> TemplateError {
        TemplateError(
            code: .templateMalformed,
            message: "The expression is not closed. An unescaped ${{ sequence was found, "
                + "but the closing }} sequence was not found.",
            offset: offset)
    }

    static func empty(at offset: Int) -> TemplateError {
        TemplateError(code: .templateMalformed, message: "An expression was expected", offset: offset)
    }
}

/// A part of a scalar's text.
package enum TemplateSegment: Hashable, Sendable {
    /// Text outside of `${{ }}`.
    case literal(String, offset: Int)
    /// Text inside, without the white space around it; the offset is that of its first byte.
    case expression(String, offset: Int)
}

/// What a scalar's text stands for.
package enum SplitTemplate: Sendable {
    /// Text as it is; also what a lone `${{ 'text' }}` stands for.
    case literal(String)
    /// One expression: the only one, or the `format` call that mixed text was rewritten into.
    /// The second value is what was written: each expression by itself, and where.
    case expression(ParsedExpression, parts: [Part])
    /// `${{ insert }}`: the mapping that this is a key of is merged.
    case insert

    package struct Part: Hashable, Sendable {
        package var expression: ParsedExpression
        /// Bytes from the start of the scalar's text to the expression's.
        package var offset: Int
    }
}

/// Scalars of workflow files with expressions in them.
package enum TemplateText {
    private static let opening: [UInt8] = Array("${{".utf8)

    /// Cuts the text at `${{` and the `}}` that follows it outside of quotes.
    ///
    /// Throws where the `}}` is not there or nothing is between the two. Neighbouring segments are never both
    /// literal, and no literal is empty.
    package static func split(_ text: String) throws(TemplateError) -> [TemplateSegment] {
        let bytes = Array(text.utf8)
        var segments: [TemplateSegment] = []
        var index = 0
        while let start = firstOpening(bytes, from: index) {
            if start > index { segments.append(.literal(string(bytes[index..<start]), offset: index)) }
            guard let end = closing(bytes, from: start + opening.count) else { throw .notClosed(at: start) }
            let inner = trimmed(bytes, start + opening.count..<end - 2)
            guard !inner.isEmpty else { throw .empty(at: start) }
            segments.append(.expression(string(bytes[inner]), offset: inner.lowerBound))
            index = end
        }
        if index < bytes.count { segments.append(.literal(string(bytes[index...]), offset: index)) }
        return segments
    }

    /// Reads the text and every expression in it; the first fault from the left is thrown.
    package static func read(
        _ text: String, allowing scope: ExpressionScope
    ) throws(TemplateError) -> SplitTemplate {
        guard mayHoldExpression(text) else { return .literal(text) }
        let segments = try split(text)
        var parts: [SplitTemplate.Part] = []
        for case .expression(let source, let offset) in segments {
            if try isInsert(source, offset: offset) {
                guard segments.count == 1 else { throw inlineDirective(offset: offset) }
                return .insert
            }
            parts.append(.init(expression: try parse(source, at: offset, allowing: scope), offset: offset))
        }
        guard let first = parts.first else { return .literal(text) }
        if segments.count == 1 {
            if let literal = loneString(first.expression) { return .literal(literal) }
            return .expression(first.expression, parts: parts)
        }
        let whole = formatCall(segments)
        return .expression(try parse(whole, at: 0, allowing: scope), parts: parts)
    }

    /// Whether the text has a `${{`; a quick answer for the many that do not.
    package static func mayHoldExpression(_ text: String) -> Bool {
        text.utf8.contains(UInt8(ascii: "$")) && firstOpening(Array(text.utf8), from: 0) != nil
    }

    /// The `format` call that GitHub makes of mixed text: quotes and braces of the literals doubled, the
    /// expressions as arguments in their order.
    package static func formatCall(_ segments: [TemplateSegment]) -> String {
        var format: [UInt8] = []
        var arguments = ""
        var count = 0
        for segment in segments {
            switch segment {
            case .literal(let text, _):
                for byte in text.utf8 {
                    format.append(byte)
                    if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "{") || byte == UInt8(ascii: "}") {
                        format.append(byte)
                    }
                }
            case .expression(let text, _):
                format += "{\(count)}".utf8
                arguments += ", " + text
                count += 1
            }
        }
        return "format('\(string(format[...]))'\(arguments))"
    }

    private static func parse(
        _ text: String, at offset: Int, allowing scope: ExpressionScope
    ) throws(TemplateError) -> ParsedExpression {
        do throws(ExpressionError) {
            return try ExpressionParser.parse(text, allowing: scope)
        } catch {
            // A rewritten text's offsets are not the scalar's.
            throw TemplateError(
                code: error.diagnostic.code, message: error.message, offset: offset == 0 ? 0 : offset + error.offset)
        }
    }

    private static func loneString(_ expression: ParsedExpression) -> String? {
        guard let root = expression.root, case .literal(.string(let text)) = root.kind, root.start == 0,
            root.end == expression.text.utf8.count
        else { return nil }
        return text
    }

    private static func firstOpening(_ bytes: [UInt8], from start: Int) -> Int? {
        guard bytes.count >= opening.count else { return nil }
        return (start...max(start, bytes.count - opening.count)).first {
            $0 + 2 < bytes.count && bytes[$0] == opening[0] && bytes[$0 + 1] == opening[1]
                && bytes[$0 + 2] == opening[2]
        }
    }

    /// Behind the `}}` that closes an expression.
    private static func closing(_ bytes: [UInt8], from start: Int) -> Int? {
        var isQuoted = false
        for index in bytes[start...].indices {
            if bytes[index] == UInt8(ascii: "'") {
                isQuoted.toggle()
            } else if !isQuoted, bytes[index] == UInt8(ascii: "}"), bytes[index - 1] == UInt8(ascii: "}"),
                index > start
            {
                return index + 1
            }
        }
        return nil
    }

    private static func trimmed(_ bytes: [UInt8], _ range: Range<Int>) -> Range<Int> {
        bytes.withUnsafeBufferPointer { bytes in
            let inner = UnsafeBufferPointer(rebasing: bytes[range])
            let trimmed = WhiteSpace.trimmed(inner)
            guard let start = trimmed.baseAddress, let base = inner.baseAddress, !trimmed.isEmpty else {
                return range.lowerBound..<range.lowerBound
            }
            let lower = range.lowerBound + (start - base)
            return lower..<lower + trimmed.count
        }
    }

    private static func string(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}

extension TemplateText {
    /// Whether the expression is the directive `insert`; throws where it has parameters.
    private static func isInsert(_ source: String, offset: Int) throws(TemplateError) -> Bool {
        var source = source
        let count = source.withUTF8 { bytes -> Int? in
            let word = Array("insert".utf8)
            guard bytes.starts(with: word) else { return nil }
            guard bytes.count > word.count else { return 0 }
            guard WhiteSpace.length(in: bytes, at: word.count) > 0 else { return nil }
            return parameterCount(UnsafeBufferPointer(rebasing: bytes[word.count...]))
        }
        guard let count else { return false }
        guard count == 0 else {
            throw TemplateError(
                code: .templateMalformed,
                message: "Exactly 0 parameter(s) were expected following the directive 'insert'. "
                    + "Actual parameter count: \(count)",
                offset: offset)
        }
        return true
    }

    /// Words between white space, strings and parentheses kept whole.
    private static func parameterCount(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var (count, depth, isQuoted, isInWord) = (0, 0, false, false)
        var index = 0
        while index < bytes.count {
            let width = WhiteSpace.length(in: bytes, at: index)
            if width > 0, !isQuoted, depth == 0 {
                isInWord = false
            } else if !isInWord {
                isInWord = true
                count += 1
            }
            switch bytes[index] {
            case UInt8(ascii: "'"): isQuoted.toggle()
            case UInt8(ascii: "(") where !isQuoted: depth += 1
            case UInt8(ascii: ")") where !isQuoted: depth -= 1
            default: break
            }
            index += max(width, 1)
        }
        return count
    }

    private static func inlineDirective(offset: Int) -> TemplateError {
        TemplateError(
            code: .templateMalformed,
            message: "The directive 'insert' is not allowed in this context. Directives are not supported for "
                + "expressions that are embedded within a string. Directives are only supported when the entire "
                + "value is an expression.",
            offset: offset)
    }
}
