// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import ExpressionLanguage
internal import YAMLReading

/// One expression of the file, read, with the way from an offset in it to a place in the file.
struct PlacedExpression: Sendable {
    let site: ExpressionSite
    /// Its number among the expressions of the scalar.
    let index: Int
    /// How many the scalar has.
    let count: Int
    /// Between the braces; for a bare condition the whole scalar.
    let text: String
    /// `nil` where it cannot be read.
    let parsed: ParsedExpression?
    let fault: ExpressionError?
    let isClosed: Bool
    /// The expression is all that the scalar holds.
    let isWhole: Bool
    /// The scalar is a condition without `${{`.
    let isBare: Bool
    private let source: SourceText
    /// Where the text begins in the file; `nil` where escapes hide it.
    private let start: Int?

    /// Every expression of a scalar.
    static func all(in site: ExpressionSite, _ source: SourceText) -> [PlacedExpression] {
        guard let scalar = site.node.text else { return [] }
        let parts = EmbeddedExpressions.parts(of: scalar)
        if parts.isEmpty {
            guard site.expected == .condition else { return [] }
            let whole = EmbeddedExpressions.Part(source: scalar, offset: 0, isClosed: true)
            return [PlacedExpression(site, whole, Place(start: source.textStart(of: site.node)), in: source)]
        }
        // Found once for the whole scalar: a script may hold thousands of expressions.
        let starts = source.expressionStarts(in: site.node)
        return parts.enumerated().map { index, part in
            let start = starts.indices.contains(index) ? starts[index] : nil
            return PlacedExpression(site, part, Place(number: index, count: parts.count, start: start), in: source)
        }
    }

    /// Where an expression stands in its scalar.
    private struct Place {
        /// `nil` for a condition without `${{`.
        var number: Int?
        var count = 1
        var start: Int?
    }

    private init(_ site: ExpressionSite, _ part: EmbeddedExpressions.Part, _ place: Place, in source: SourceText) {
        self.site = site
        self.source = source
        let number = place.number
        count = place.count
        start = place.start
        index = number ?? 0
        text = part.source
        isClosed = part.isClosed
        isBare = number == nil
        isWhole = isBare || count == 1 && EmbeddedExpressions.isWholeExpression(site.node.text ?? "")
        guard isClosed else {
            parsed = nil
            fault = nil
            return
        }
        do throws(ExpressionError) {
            parsed = try ExpressionParser.parse(text, allowing: .anything)
            fault = nil
        } catch {
            parsed = nil
            fault = error
        }
    }

    /// The place of an offset, in UTF-8 bytes of ``text``.
    func position(of offset: Int) -> SourcePosition {
        // Where escapes hide the expression, the scalar's own place has to do.
        guard let start else { return site.node.position }
        return source.position(of: source.advance(from: start, along: text, by: offset, in: site.node))
    }

    func position(of node: ExpressionNode) -> SourcePosition { position(of: node.start) }

    /// For messages: the expression on one line.
    var excerpt: String {
        Wording.excerpt(text.split(whereSeparator: \.isWhitespace).joined(separator: " "), limit: 80)
    }
}

extension SourceText {
    /// Goes along `text` as the file has it: folded lines, indentation and quotes' escapes take more bytes there.
    func advance(from start: Int, along text: String, by count: Int, in node: YAMLNode) -> Int {
        guard case .scalar(_, let style) = node.content else { return start }
        var index = start
        var left = count
        var bytes = text.utf8.makeIterator()
        var wasSpace = false
        while left > 0, let byte = bytes.next(), index < self.bytes.count {
            left -= 1
            if EmbeddedExpressions.isSpace(byte) {
                // Any run of white space stands for any other.
                if !wasSpace { while index < self.bytes.count, isSpace(index) { index += 1 } }
                wasSpace = true
                continue
            }
            if wasSpace { while index < self.bytes.count, isSpace(index) { index += 1 } }
            wasSpace = false
            if style == .singleQuoted, byte == 0x27 { index += 1 }
            if style == .doubleQuoted, self.bytes[index] == 0x5C { index += 1 }
            index += 1
        }
        return index
    }

    private func isSpace(_ index: Int) -> Bool { EmbeddedExpressions.isSpace(bytes[index]) }
}
