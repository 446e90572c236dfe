// SPDX-License-Identifier: Apache-2.0

/// Lines of a log as HTML: the same for the excerpt of a run's page and for the whole log.
extension Markup {
    /// One line. - Parameter place: where its number links to: the line's permanent address on another page, or `nil`
    /// on the log's own page.
    mutating func logLine(_ line: LogLine, linkingTo place: LogPlace? = nil, isSummary: Bool = false) {
        let address: PageAddress =
            place.map { .log($0, lines: line.number...line.number) } ?? .place("L\(line.number)")
        let anchor: Attribute? = place == nil && !isSummary ? .id("L\(line.number)") : nil
        tag(.div, anchor, .class(line.kind == .plain ? "l" : "l \(line.kind.rawValue)")) { html in
            html.logLineContent(line, address)
        }
    }

    private mutating func logLineContent(_ line: LogLine, _ address: PageAddress) {
        tag(.a, .href(address), text: String(line.number))
        if let time = line.time { tag(.time, text: TimeText.clock(time)) }
        if let word = line.kind.word { tag(.em, .class("sr"), words: word) }
        tag(.span) { $0.ansi(line.text) }
    }

    /// A text with its colours.
    mutating func ansi(_ text: String) {
        // Most lines have nothing to obey.
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != 0xC2 || $0 == 0x09 }) { return self.text(text) }
        for piece in ANSIText.pieces(of: text.utf8) {
            let text = String(decoding: piece.text, as: UTF8.self)
            let classes = piece.style.classes
            if classes.isEmpty { self.text(text) } else { tag(.span, .class(classes), text: text) }
        }
    }

    /// Lines with their groups folded.
    mutating func logLines(_ lines: [LogLine], groups: [LogGroup]) {
        let byStart = Dictionary(groups.map { ($0.start, $0) }, uniquingKeysWith: { first, _ in first })
        var rest = lines[...]
        while let line = rest.popFirst() {
            guard line.kind == .groupStart, let group = byStart[line.number] else {
                logLine(line)
                continue
            }
            let inside = rest.prefix { $0.number <= group.end }
            rest = rest.dropFirst(inside.count)
            tag(.details, .flag(.open, if: group.isOpen)) { html in
                html.tag(.summary, .id("L\(line.number)"), .class("l")) { html in
                    html.logLineContent(line, .place("L\(line.number)"))
                    if let span = group.durationMs { html.tag(.small) { $0.duration(span) } }
                }
                for line in inside where line.kind != .groupEnd { html.logLine(line) }
            }
        }
    }
}

extension LogLine.Kind {
    /// What colour says, for those who listen.
    fileprivate var word: PageText? {
        switch self {
        case .error: .errorColon
        case .warning: .warningColon
        case .notice: .noticeColon
        default: nil
        }
    }
}
