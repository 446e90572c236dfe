// SPDX-License-Identifier: Apache-2.0

/// A strict subset of Markdown as HTML: headings, paragraphs, lists, quotes, fenced code, tables, rules. Whatever is not
/// of it, raw HTML first of all, is shown as the text that it is. Pictures are dropped, links lead over HTTP only.
///
/// Source of the forms: CommonMark 0.31 and GitHub's tables, without their rare corners.
struct MarkdownBlocks {
    private var lines: ArraySlice<Substring>
    private let depth: Int
    private let effort: MarkdownInline.Effort

    /// A summary's limit at its source is 1 MiB; no page shows more of one.
    static let limitBytes = 256 << 10
    private static let depthLimit = 8

    init(_ text: String) {
        let cut = text.utf8.count > Self.limitBytes ? text.prefix(Self.limitBytes) : text[...]
        lines = cut.split(omittingEmptySubsequences: false) { $0.isNewline }[...]
        depth = 0
        effort = MarkdownInline.Effort()
    }

    private init(lines: [Substring], depth: Int, effort: MarkdownInline.Effort) {
        self.lines = lines[...]
        self.depth = depth
        self.effort = effort
    }

    func write(_ html: inout Markup) {
        var rest = lines
        while let line = rest.first {
            if line.isBlank {
                rest.removeFirst()
            } else if let fence = Self.fence(line) {
                Self.code(&rest, fence, &html)
            } else if let heading = Self.heading(line) {
                rest.removeFirst()
                self.heading(heading.level, heading.text, &html)
            } else if Self.isRule(line) {
                rest.removeFirst()
                html.tag(.hr)
            } else if line.trimmed.hasPrefix(">"), depth < Self.depthLimit {
                quote(&rest, &html)
            } else if MarkdownList.item(line) != nil, depth < Self.depthLimit {
                list(&rest, &html)
            } else if let table = MarkdownTable(&rest) {
                table.write(&html, effort)
            } else {
                paragraph(&rest, &html)
            }
        }
    }

    // MARK: Blocks

    private static func fence(_ line: Substring) -> Substring? {
        let text = line.trimmed
        guard let mark = text.first, mark == "`" || mark == "~" else { return nil }
        let run = text.prefix { $0 == mark }
        return run.count >= 3 ? run : nil
    }

    private static func code(_ rest: inout ArraySlice<Substring>, _ fence: Substring, _ html: inout Markup) {
        rest.removeFirst()
        html.tag(.pre) { html in
            html.tag(.code) { html in
                while let line = rest.popFirst(), line.trimmed != fence {
                    html.ansi(String(line))
                    html.text("\n")
                }
            }
        }
    }

    private static func heading(_ line: Substring) -> (level: Int, text: Substring)? {
        let text = line.trimmed
        let level = text.prefix { $0 == "#" }.count
        guard (1...6).contains(level), text.dropFirst(level).first?.isWhitespace ?? true else { return nil }
        var body = text.dropFirst(level).trimmed
        while body.hasSuffix("#") { body = body.dropLast().trimmed }
        return (level, body)
    }

    /// The page has a first and a second level of its own.
    private func heading(_ level: Int, _ text: Substring, _ html: inout Markup) {
        let tag: Tag = level <= 2 ? .h3 : level == 3 ? .h4 : .h5
        html.tag(tag) { MarkdownInline(text, effort: effort).write(&$0) }
    }

    private static func isRule(_ line: Substring) -> Bool {
        let marks = line.filter { !$0.isWhitespace }
        guard let first = marks.first, "-*_".contains(first) else { return false }
        return marks.count >= 3 && marks.allSatisfy { $0 == first }
    }

    private func quote(_ rest: inout ArraySlice<Substring>, _ html: inout Markup) {
        var inner: [Substring] = []
        while let line = rest.first, line.trimmed.hasPrefix(">") {
            inner.append(line.trimmed.dropFirst().dropFirst(line.trimmed.dropFirst().first == " " ? 1 : 0))
            rest.removeFirst()
        }
        html.tag(.div, .class("quote")) { MarkdownBlocks(lines: inner, depth: depth + 1, effort: effort).write(&$0) }
    }

    private func list(_ rest: inout ArraySlice<Substring>, _ html: inout Markup) {
        guard let first = rest.first.flatMap(MarkdownList.item) else { return }
        let items = MarkdownList.items(&rest, like: first)
        html.tag(first.isOrdered ? .ol : .ul) { html in
            for item in items {
                html.tag(.li) { html in
                    // An item of one line is its text, not a paragraph.
                    if item.count == 1, let line = item.first, MarkdownList.item(line) == nil {
                        MarkdownInline(line, effort: effort).write(&html)
                    } else {
                        MarkdownBlocks(lines: item, depth: depth + 1, effort: effort).write(&html)
                    }
                }
            }
        }
    }

    private func paragraph(_ rest: inout ArraySlice<Substring>, _ html: inout Markup) {
        var lines: [Substring] = []
        while let line = rest.first, !line.isBlank,
            lines.isEmpty
                || Self.fence(line) == nil && Self.heading(line) == nil && MarkdownList.item(line) == nil
                    && !line.trimmed.hasPrefix(">")
        {
            lines.append(line.trimmed)
            rest.removeFirst()
        }
        html.tag(.p) { MarkdownInline(lines.joined(separator: "\n")[...], effort: effort).write(&$0) }
    }
}

extension Substring {
    var trimmed: Substring {
        let start = drop { $0.isWhitespace }
        guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return start[...end]
    }

    var isBlank: Bool { allSatisfy { $0.isWhitespace } }
}
