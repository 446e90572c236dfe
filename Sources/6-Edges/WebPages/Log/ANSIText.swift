// SPDX-License-Identifier: Apache-2.0

/// A line of a terminal's output as pieces of text in styles.
///
/// Source: ECMA-48, sections 5.4 and 8.3.117 (SGR), and xterm's 256 and 24-bit colours. Sequences that are no SGR, and
/// characters that control something, are dropped: a log never moves, links or hides anything on the page.
enum ANSIText {
    struct Piece: Equatable {
        var text: ArraySlice<UInt8>
        var style: Style
    }

    struct Style: Equatable {
        /// 0 … 15; `nil` is the page's own.
        var foreground: UInt8?
        var background: UInt8?
        var isBold = false
        var isDim = false
        var isItalic = false
        var isUnderlined = false
        var isStruck = false
        var isReversed = false

        /// The classes in /web/log.css; empty for a plain text.
        var classes: String {
            var names: [String] = []
            if let foreground { names.append("f\(foreground)") }
            if let background { names.append("b\(background)") }
            let flags = [
                (isBold, "ab"), (isDim, "ad"), (isItalic, "ai"), (isUnderlined, "au"), (isStruck, "as"),
                (isReversed, "av"),
            ]
            names += flags.filter(\.0).map(\.1)
            return names.joined(separator: " ")
        }
    }

    private static let escape: UInt8 = 0x1B
    /// Parameters of one sequence that are looked at.
    private static let parameterLimit = 32

    /// The pieces of a line without its end, in order. Where a carriage return overwrites a line, the last writing holds.
    static func pieces(of line: some Collection<UInt8>) -> [Piece] {
        let bytes = Array(line)[...]
        var pieces: [Piece] = []
        var style = Style()
        var rest = overwritten(bytes)
        while let first = rest.first {
            if first == escape {
                rest = rest.dropFirst(sequence(rest, &style))
            } else if isControl(rest) {
                rest = rest.dropFirst(first == 0xC2 ? 2 : 1)
            } else {
                let end = rest.indices.dropFirst().first { rest[$0] == escape || isControl(rest[$0...]) }
                let text = rest[..<(end ?? rest.endIndex)]
                append(text, style, to: &pieces)
                rest = rest[text.endIndex...]
            }
        }
        return pieces
    }

    /// A progress bar writes its line again and again: what is behind the last return that has anything after it.
    private static func overwritten(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let carriageReturn: UInt8 = 0x0D
        var end = line.endIndex
        while end > line.startIndex, line[end - 1] == carriageReturn { end -= 1 }
        let kept = line[..<end]
        guard let last = kept.lastIndex(of: carriageReturn) else { return kept }
        return kept[(last + 1)...]
    }

    private static func append(_ text: ArraySlice<UInt8>, _ style: Style, to pieces: inout [Piece]) {
        if let last = pieces.last, last.style == style {
            pieces[pieces.count - 1].text = ArraySlice(last.text + text)
        } else {
            pieces.append(Piece(text: text, style: style))
        }
    }

    /// C0 but for the tab, DEL, and C1 (in UTF-8: `C2 80` … `C2 9F`).
    private static func isControl(_ rest: ArraySlice<UInt8>) -> Bool {
        guard let first = rest.first else { return false }
        if first == 0xC2, rest.count > 1 { return rest[rest.startIndex + 1] < 0xA0 }
        return first < 0x20 && first != 0x09 || first == 0x7F
    }

    /// How many bytes an escape sequence has; an SGR changes `style`.
    private static func sequence(_ rest: ArraySlice<UInt8>, _ style: inout Style) -> Int {
        guard rest.count > 1 else { return 1 }
        switch rest[rest.startIndex + 1] {
        case UInt8(ascii: "["): return controlSequence(rest, &style)
        case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "X"), UInt8(ascii: "^"), UInt8(ascii: "_"):
            return stringLength(rest)
        case 0x20...0x2F:
            // Intermediates, then one final byte: `ESC ( B`.
            let end = rest.dropFirst(2).firstIndex { !(0x20...0x2F).contains($0) } ?? rest.endIndex - 1
            return end + 1 - rest.startIndex
        case 0x30...0x7E: return 2
        default: return 1
        }
    }

    /// A string that a terminal would not show (a title, a link's address), up to BEL or `ESC \`.
    private static func stringLength(_ rest: ArraySlice<UInt8>) -> Int {
        for index in rest.indices.dropFirst(2) {
            if rest[index] == 0x07 { return index + 1 - rest.startIndex }
            if rest[index] == escape { return index + (index + 1 < rest.endIndex ? 2 : 1) - rest.startIndex }
        }
        return rest.count
    }

    private static func controlSequence(_ rest: ArraySlice<UInt8>, _ style: inout Style) -> Int {
        guard let final = rest.dropFirst(2).firstIndex(where: { !(0x20...0x3F).contains($0) }) else {
            return rest.count
        }
        let length = final + 1 - rest.startIndex
        // A byte that may not stand here ends the sequence and is text again.
        guard (0x40...0x7E).contains(rest[final]) else { return length - 1 }
        let body = rest[(rest.startIndex + 2)..<final]
        if rest[final] == UInt8(ascii: "m"), body.allSatisfy({ (0x30...0x3B).contains($0) }) {
            ANSIColour.apply(parameters(body), to: &style)
        }
        return length
    }

    /// Numbers between semicolons (or colons); what is missing is 0.
    private static func parameters(_ body: ArraySlice<UInt8>) -> [Int] {
        body.split(omittingEmptySubsequences: false) { $0 == UInt8(ascii: ";") || $0 == UInt8(ascii: ":") }
            .prefix(parameterLimit)
            .map { digits in digits.prefix(4).reduce(0) { $0 * 10 + Int($1 - 0x30) } }
    }
}
