// SPDX-License-Identifier: Apache-2.0

package import StructuredData
internal import Timekeeping

/// A small picture of a state, for a README.
package struct Badge: Sendable {
    package enum Style: String, Sendable, CaseIterable {
        case flat
        case flatSquare = "flat-square"
    }

    /// What it is about: `build`, a workflow's or a branch's name.
    package var label: String
    /// `passing`, `4m 12s`, `1.4.0`.
    package var message: String
    package var state: RunState

    package init(label: String, message: String, state: RunState) {
        self.label = label
        self.message = message
        self.state = state
    }

    /// A workflow's state in the words that badges use.
    package init(label: String, state: RunState) {
        let message =
            switch state {
            case .passed: "passing"
            case .failed: "failing"
            case .running: "running"
            case .waiting: "waiting"
            case .skipped: "skipped"
            case .cancelled: "cancelled"
            case .incomplete: "incomplete"
            case .blocked: "needs approval"
            }
        self.init(label: label, message: message, state: state)
    }

    package static let contentType = "image/svg+xml"
    /// Proxies of forges keep badges for ever unless they are told not to.
    package static let cacheControl = "no-cache, max-age=30"

    /// Past this many pixels a text is cut.
    private static let textLimit = 400
    private static let size = 11
    private static let padding = 6

    /// Dark enough for white letters at 4.5 : 1.
    private var colour: String {
        switch state {
        case .passed: "#1f7a47"
        case .failed: "#c23039"
        case .running: "#1f66b0"
        case .waiting, .incomplete: "#8a5f00"
        case .skipped, .cancelled: "#5d6975"
        case .blocked: "#7846b4"
        }
    }

    /// The picture. Its words are in its title as well, for those who listen.
    package func svg(_ style: Style = .flat) -> [UInt8] {
        let label = CharacterWidths.cut(label, toPixels: Self.textLimit, size: Self.size)
        let message = CharacterWidths.cut(message, toPixels: Self.textLimit, size: Self.size)
        let left = CharacterWidths.pixels(label, size: Self.size) + Self.padding * 2
        let glyph = 14
        let right = CharacterWidths.pixels(message, size: Self.size) + Self.padding * 2 + glyph
        var html = Markup(PageContext(language: .english, now: .init(milliseconds: 0)), reserving: 2048)
        let rounded: Attribute? = style == .flat ? .text(.rx, "3") : nil
        html.tag(
            .svg, .text(.xmlns, "http://www.w3.org/2000/svg"), .number(.width, left + right), .number(.height, 20),
            .text(.role, "img"), .label("\(label): \(message)")
        ) { html in
            html.tag(.title, text: "\(label): \(message)")
            html.tag(.rect, .number(.width, left + right), .number(.height, 20), rounded, .text(.fill, "#37424e"))
            html.tag(
                .path, .text(.d, Self.rightHalf(from: left, to: left + right, isRound: style == .flat)),
                .text(.fill, colour))
            html.tag(
                .g, .text(.fill, "#fff"), .text(.fontFamily, "Verdana,DejaVu Sans,Geneva,sans-serif"),
                .number(.fontSize, Self.size)
            ) { html in
                text(label, x: Self.padding, &html)
                text(message, x: left + Self.padding + glyph, &html)
            }
            if let symbol = GlyphDrawing.symbol(state.glyph) {
                html.tag(
                    .svg, .number(.x, left + Self.padding - 1), .number(.y, 5), .number(.width, 10),
                    .number(.height, 10), .text(.viewBox, symbol.viewBox), .text(.color, "#fff")
                ) { $0.asset(Array(Self.onColour(symbol.content, colour).utf8)) }
            }
        }
        return html.bytes
    }

    /// What a glyph leaves open shows the badge's colour.
    private static func onColour(_ symbol: Substring, _ colour: String) -> String {
        symbol.split(separator: "var(--on-state,#fff)", omittingEmptySubsequences: false).joined(separator: colour)
    }

    private func text(_ text: String, x: Int, _ html: inout Markup) {
        html.tag(
            .svgText, .number(.x, x), .number(.y, 14),
            .number(.textLength, CharacterWidths.pixels(text, size: Self.size)), text: text)
    }

    private static func rightHalf(from left: Int, to right: Int, isRound: Bool) -> String {
        isRound
            ? "M\(left) 0H\(right - 3)A3 3 0 0 1 \(right) 3V17A3 3 0 0 1 \(right - 3) 20H\(left)z"
            : "M\(left) 0H\(right)V20H\(left)z"
    }

    /// The endpoint form of shields: a picture made elsewhere from these words.
    package var shieldsJSON: DataValue {
        [
            "schemaVersion": 1, "label": .string(label), "message": .string(message),
            "color": .string(String(colour.dropFirst())), "isError": .bool(state == .failed),
            "cacheSeconds": 30,
        ]
    }
}
