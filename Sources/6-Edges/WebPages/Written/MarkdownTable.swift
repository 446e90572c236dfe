// SPDX-License-Identifier: Apache-2.0

/// GitHub's tables: a head, a line of dashes, rows.
struct MarkdownTable {
    private var head: [Substring]
    private var isRight: [Bool]
    private var rows: [[Substring]]

    private static let columnLimit = 64

    /// Takes a table off the lines, where one begins here.
    init?(_ rest: inout ArraySlice<Substring>) {
        guard let first = rest.first, first.contains("|"), let second = rest.dropFirst().first else { return nil }
        head = Self.cells(first)
        let rule = Self.cells(second)
        guard rule.count == head.count, !head.isEmpty, head.count <= Self.columnLimit,
            rule.allSatisfy({ !$0.isEmpty && $0.allSatisfy { $0 == "-" || $0 == ":" } && $0.contains("-") })
        else { return nil }
        isRight = rule.map { $0.hasSuffix(":") && !$0.hasPrefix(":") }
        rest.removeFirst(2)
        rows = []
        while let line = rest.first, line.contains("|"), !line.isBlank {
            rows.append(Self.cells(line))
            rest.removeFirst()
        }
    }

    /// Between bars that are not escaped and not in code.
    private static func cells(_ line: Substring) -> [Substring] {
        var text = line.trimmed
        if text.hasPrefix("|") { text = text.dropFirst() }
        if text.hasSuffix("|"), !text.hasSuffix("\\|") { text = text.dropLast() }
        var cells: [Substring] = []
        var start = text.startIndex
        var isCode = false
        var isEscaped = false
        for index in text.indices {
            let character = text[index]
            if character == "`", !isEscaped { isCode.toggle() }
            if character == "|", !isCode, !isEscaped {
                cells.append(text[start..<index].trimmed)
                start = text.index(after: index)
            }
            isEscaped = character == "\\" && !isEscaped
        }
        cells.append(text[start...].trimmed)
        return cells
    }

    func write(_ html: inout Markup, _ effort: MarkdownInline.Effort) {
        html.tag(.div, .class("scroll")) { html in
            html.tag(.table) { html in
                html.tag(.thead) { html in
                    html.tag(.tr) { html in
                        for (index, cell) in head.enumerated() {
                            html.tag(.th, .text(.scope, "col"), isRight[index] ? .class("number") : nil) {
                                MarkdownInline(cell, effort: effort).write(&$0)
                            }
                        }
                    }
                }
                html.tag(.tbody) { html in
                    for row in rows { self.row(row, &html, effort) }
                }
            }
        }
    }

    private func row(_ row: [Substring], _ html: inout Markup, _ effort: MarkdownInline.Effort) {
        html.tag(.tr) { html in
            for index in head.indices {
                html.tag(.td, isRight[index] ? .class("number") : nil) { html in
                    if index < row.count { MarkdownInline(row[index], effort: effort).write(&html) }
                }
            }
        }
    }
}
