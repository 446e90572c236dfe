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
    /// Where the expression's text begins in the file; `nil` where escapes hide it.
    private let start: Int?

    /// Every expression of a scalar.
    static func all(in site: ExpressionSite, _ source: SourceText) -> [PlacedExpression] {
        guard let scalar = site.node.text else { return [] }
        let parts = EmbeddedExpressions.parts(of: scalar)
        if parts.isEmpty {
            guard site.expected == .condition else { return [] }
            return [
                PlacedExpression(
                    site, 0, 1, scalar, isClosed: true, isWhole: true, start: source.textStart(of: site.node))
            ]
        }
        let isWhole = EmbeddedExpressions.isWholeExpression(scalar)
        return parts.enumerated().map { index, part in
            PlacedExpression(
                site, index, parts.count, part.source, isClosed: part.isClosed, isWhole: isWhole,
                start: source.expressionStart(in: site.node, index: index), isBare: false)
        }
    }

    private init(
        _ site: ExpressionSite, _ index: Int, _ count: Int, _ text: String, isClosed: Bool, isWhole: Bool,
        start: Int?, isBare: Bool = true
    ) {
        self.site = site
        self.index = index
        self.count = count
        self.text = text
        self.isClosed = isClosed
        self.isWhole = isWhole
        self.isBare = isBare
        self.start = start
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
    func position(of offset: Int, in source: SourceText) -> SourcePosition {
        guard let start else { return site.node.position }
        return source.position(of: source.advance(from: start, along: text, by: offset, in: site.node))
    }

    func position(of node: ExpressionNode, in source: SourceText) -> SourcePosition {
        position(of: node.start, in: source)
    }

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
