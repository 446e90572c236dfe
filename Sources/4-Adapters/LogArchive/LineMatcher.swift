// SPDX-License-Identifier: Apache-2.0

/// A pattern made ready for one thread.
final class LineMatcher {
    /// A text that every matching line holds.
    let literal: LiteralScan?
    private let code: PatternCode?

    init(_ pattern: LogPattern) throws(LogError) {
        switch pattern.kind {
        case .text:
            literal = try LiteralScan(Array(pattern.text.utf8))
            code = nil
        case .textIgnoringCase:
            literal = nil
            code = try PatternCode(ignoringCase: pattern.text)
        case .regularExpression:
            // Wrong patterns are told of before anything else.
            code = try PatternCode(expression: pattern.text)
            if let bytes = RequiredLiteral.find(in: pattern.text) {
                literal = try LiteralScan(bytes)
            } else {
                literal = nil
            }
        }
    }

    /// The first match in a line, in bytes; the bytes are the line's, or those of its repaired text.
    enum Outcome {
        case matched(Range<Int>)
        case matchedRepaired(Range<Int>, [UInt8])
        case notMatched
    }

    /// - Parameters:
    ///   - line: without its end.
    ///   - pace: asked before work that may take long.
    func match(_ line: UnsafeRawBufferPointer, _ pace: inout SearchPace) throws(SearchStop) -> Outcome {
        if let code { return try match(line, code, &pace) }
        guard let literal, let at = literal.find(in: line, from: 0) else { return .notMatched }
        return .matched(at..<(at + literal.bytes.count))
    }

    private func match(
        _ line: UnsafeRawBufferPointer, _ code: PatternCode, _ pace: inout SearchPace
    ) throws(SearchStop) -> Outcome {
        if LiteralScan.isASCII(line) || code.isUTF8(line) {
            return try code.search(line, &pace).map { .matched($0) } ?? .notMatched
        }
        var text = String(decoding: line, as: UTF8.self)
        let result = text.withUTF8 { bytes in
            Result { () throws(SearchStop) in try code.search(UnsafeRawBufferPointer(bytes), &pace) }
        }
        return try result.get().map { .matchedRepaired($0, Array(text.utf8)) } ?? .notMatched
    }
}
