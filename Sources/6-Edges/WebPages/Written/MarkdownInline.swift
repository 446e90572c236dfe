// SPDX-License-Identifier: Apache-2.0

/// What stands within a block: code, emphasis, strong, struck, links. The rest is text.
struct MarkdownInline {
    private let text: Substring
    private let depth: Int
    private let effort: Effort

    private static let depthLimit = 6
    /// How far the end of a span is looked for.
    private static let reach = 4_000

    /// How many bytes may still be looked at for the ends of spans: past it the marks of a text are text.
    final class Effort {
        private var left = 1 << 20

        /// The part of a text that is looked at.
        func take(_ rest: Substring) -> Substring {
            guard left > 0 else { return rest.prefix(0) }
            return rest.prefix(MarkdownInline.reach)
        }

        var isSpent: Bool { left <= 0 }

        /// So much of it was looked at in vain.
        func spend(_ part: Substring) { left -= part.utf8.count }
    }

    init(_ text: Substring, depth: Int = 0, effort: Effort = Effort()) {
        self.text = text
        self.depth = depth
        self.effort = effort
    }

    func write(_ html: inout Markup) {
        var rest = text
        var plain = rest.startIndex
        while let character = rest.first {
            guard "\\`*_~[!<h".contains(character), let end = span(rest, plainFrom: plain, &html) else {
                rest.removeFirst()
                continue
            }
            rest = text[end...]
            plain = end
        }
        html.text(text[plain...])
    }

    /// Writes the span that begins here, after the text before it; where it ends, or `nil` where none begins.
    private func span(_ rest: Substring, plainFrom plain: Substring.Index, _ html: inout Markup) -> Substring.Index? {
        let before = text[plain..<rest.startIndex]
        switch rest.first {
        case "\\":
            guard let next = rest.dropFirst().first, next.isASCII, next.isPunctuation || next.isSymbol else {
                return nil
            }
            html.text(before)
            html.text(String(next))
            return rest.index(rest.startIndex, offsetBy: 2)
        case "`": return code(rest, before, &html)
        case "*", "_", "~": return emphasis(rest, before, &html)
        case "!": return picture(rest, before, &html)
        case "[": return link(rest, before, &html)
        case "<", "h": return address(rest, before, &html)
        default: return nil
        }
    }

    private func code(_ rest: Substring, _ before: Substring, _ html: inout Markup) -> Substring.Index? {
        let fence = rest.prefix { $0 == "`" }
        let inner = rest.dropFirst(fence.count)
        guard let end = range(of: fence, in: inner) else { return nil }
        html.text(before)
        html.tag(.code, text: inner[..<end.lowerBound].trimmed)
        return end.upperBound
    }

    private func range(of mark: some StringProtocol, in rest: Substring) -> Range<Substring.Index>? {
        let part = effort.take(rest)
        guard let found = part.firstRange(of: mark) else {
            effort.spend(part)
            return nil
        }
        return found
    }

    private func emphasis(_ rest: Substring, _ before: Substring, _ html: inout Markup) -> Substring.Index? {
        guard depth < Self.depthLimit, let mark = rest.first else { return nil }
        let run = rest.prefix { $0 == mark }
        let length = min(run.count, 2)
        guard mark != "~" || length == 2 else { return nil }
        // `snake_case` is no emphasis.
        if mark == "_", before.last.map({ $0.isLetter || $0.isNumber }) ?? false { return nil }
        let marks = String(repeating: mark, count: length)
        let inner = rest.dropFirst(length)
        guard inner.first?.isWhitespace == false, let end = range(of: marks, in: inner),
            end.lowerBound > inner.startIndex, inner[..<end.lowerBound].last?.isWhitespace == false
        else { return nil }
        html.text(before)
        html.tag(mark == "~" ? .del : length == 2 ? .strong : .em) { html in
            MarkdownInline(inner[..<end.lowerBound], depth: depth + 1, effort: effort).write(&html)
        }
        return end.upperBound
    }

    /// Nothing is fetched from elsewhere: of a picture the words remain.
    private func picture(_ rest: Substring, _ before: Substring, _ html: inout Markup) -> Substring.Index? {
        guard let parts = linkParts(rest.dropFirst()) else { return nil }
        html.text(before)
        html.tag(.span, .class("quiet"), text: parts.label)
        return parts.end
    }

    private func link(_ rest: Substring, _ before: Substring, _ html: inout Markup) -> Substring.Index? {
        guard depth < Self.depthLimit, let parts = linkParts(rest) else { return nil }
        html.text(before)
        let inner = MarkdownInline(parts.label, depth: depth + 1, effort: effort)
        if let address = Self.outside(parts.target) {
            html.tag(.a, .href(address), .text(.rel, "nofollow noreferrer")) { inner.write(&$0) }
        } else {
            inner.write(&html)
        }
        return parts.end
    }

    /// `<https://…>` and a bare `https://…`.
    private func address(_ rest: Substring, _ before: Substring, _ html: inout Markup) -> Substring.Index? {
        let isBracketed = rest.first == "<"
        let body = isBracketed ? rest.dropFirst() : rest
        guard body.hasPrefix("https://") || body.hasPrefix("http://") else { return nil }
        var target = body.prefix(Self.reach).prefix { !$0.isWhitespace && $0 != "<" && $0 != ">" && $0 != "\"" }
        if !isBracketed { while let last = target.last, ".,;:!?)'*_".contains(last) { target.removeLast() } }
        let end = target.endIndex
        if isBracketed, end == text.endIndex || text[end] != ">" { return nil }
        guard let address = Self.outside(target) else { return nil }
        html.text(before)
        html.tag(.a, .href(address), .text(.rel, "nofollow noreferrer"), text: target)
        return isBracketed ? text.index(after: end) : end
    }

    /// `[label](target)` or `[label](target "title")`.
    private func linkParts(
        _ rest: Substring
    ) -> (label: Substring, target: Substring, end: Substring.Index)? {
        guard rest.first == "[" else { return nil }
        guard let close = closing("[", "]", of: rest) else { return nil }
        let after = rest[rest.index(after: close)...]
        guard after.first == "(", let end = closing("(", ")", of: after) else { return nil }
        let target = after[after.index(after: after.startIndex)..<end].prefix { !$0.isWhitespace }
        return (rest[rest.index(after: rest.startIndex)..<close], target, after.index(after: end))
    }

    /// The bracket that ends what begins with one: one that opens in it ends in it.
    private func closing(_ open: Character, _ close: Character, of rest: Substring) -> Substring.Index? {
        let part = effort.take(rest)
        var level = 0
        for index in part.indices {
            if part[index] == open { level += 1 }
            if part[index] == close { level -= 1 }
            if level == 0 { return index }
        }
        effort.spend(part)
        return nil
    }

    /// Only what is elsewhere over HTTP: a summary's relative links would lead into the server's own pages.
    private static func outside(_ target: some StringProtocol) -> PageAddress? {
        guard target.hasPrefix("http://") || target.hasPrefix("https://") else { return nil }
        return PageAddress(checking: String(target))
    }
}
