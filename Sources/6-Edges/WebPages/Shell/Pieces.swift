// SPDX-License-Identifier: Apache-2.0

internal import Timekeeping

/// The small pieces that all rooms are built of.
extension Markup {
    /// A drawing of the sprite, for the eye only.
    mutating func icon(_ id: String, _ classes: String = "g") {
        tag(.svg, .class(classes), .decorative) { html in
            html.tag(.use, .address(.href, .place(id)))
        }
    }

    /// A state's glyph; its word has to stand beside it.
    mutating func glyph(_ state: RunState) {
        icon(state.glyph, "g s-\(state.rawValue)")
    }

    /// A state's glyph with the word for those who listen, where there is no room to write it.
    mutating func glyphWithHiddenWord(_ state: RunState) {
        glyph(state)
        tag(.span, .class("sr"), words: state.words)
    }

    /// Glyph and word.
    mutating func state(_ state: RunState) {
        tag(.span, .class("state s-\(state.rawValue)")) { html in
            html.glyph(state)
            html.words(state.words)
        }
    }

    enum TimeForm {
        /// `12 min ago`, with the exact time on hover.
        case relative
        case exact
    }

    mutating func time(_ moment: Timestamp, as form: TimeForm = .relative) {
        let exact = TimeText.exact(moment, in: context.language)
        let shown =
            form == .exact ? exact : TimeText.relative(moment, now: context.now, in: context.language)
        tag(.time, .text(.datetime, moment.description), .class("nowrap"), .title(exact), text: shown)
    }

    mutating func duration(_ milliseconds: Int64) {
        tag(
            .span, .class("nowrap"),
            text: TimeText.duration(milliseconds: milliseconds, in: context.language))
    }

    /// A duration that still grows: the page's module counts it on.
    mutating func elapsed(since start: Timestamp) {
        tag(
            .span, .class("nowrap"), .text(.dataSince, String(start.milliseconds)),
            text: TimeText.duration(milliseconds: (context.now - start).milliseconds, in: context.language))
    }

    /// A POST form that carries the token against forged requests.
    mutating func form(posting address: PageAddress, _ attributes: Attribute?..., content: (inout Markup) -> Void) {
        element(.form, [.text(.method, "post"), .address(.action, address)] + attributes) { html in
            if let token = html.context.csrfToken { html.hidden("csrf", token) }
            html.typed = html.context.typed?.fields(of: address)
            content(&html)
            html.typed = nil
        }
    }

    mutating func hidden(_ name: String, _ value: String) {
        tag(.input, .text(.type, "hidden"), .text(.name, name), .text(.value, value))
    }

    /// Copies `value`; hidden where there are no scripts.
    mutating func copyButton(_ value: String, _ label: PageText = .copy) {
        tag(
            .button, .class("copy"), .text(.type, "button"), .flag(.hidden), .text(.dataCopy, value),
            .label(phrase(label)), .title(phrase(label)), .text(.dataDone, phrase(.copied))
        ) { $0.icon("i-copy") }
    }

    /// The first characters of a hash, with all of it to copy.
    mutating func hash(_ value: String, length: Int = 7) {
        tag(.span, .class("nowrap")) { html in
            html.tag(.code, .title(value), text: value.prefix(length))
            html.text(" ")
            html.copyButton(value)
        }
    }

    /// A page or section without content: why, and the one command, or place, that would fill it.
    mutating func empty(
        _ title: PageText, _ body: PageText, command: String? = nil, place: (PageAddress, PageText)? = nil
    ) {
        tag(.div, .class("empty")) { html in
            html.tag(.h2, words: title)
            html.tag(.p, words: body)
            if let command { html.command(command) }
            if let (address, words) = place {
                html.tag(.p) { $0.tag(.a, .class("button primary"), .href(address), words: words) }
            }
        }
    }

    mutating func command(_ command: String) {
        tag(.div, .class("command-line")) { html in
            html.tag(.code, text: command)
            html.copyButton(command)
        }
    }

    /// A card with a heading. - Parameter part: its name for the page's module, which then renews it alone.
    mutating func card(
        _ title: PageText, classes: String = "", part: String? = nil, aside: ((inout Markup) -> Void)? = nil,
        content: (inout Markup) -> Void
    ) {
        let name = part.map { "part-\($0)" }
        tag(
            .section, .class(classes.isEmpty ? "card" : "card \(classes)"), part.map { .text(.dataPart, $0) },
            part.map { _ in .text(.dataHold, "hover") }, name.map { .text(.ariaLabelledby, $0) }
        ) { html in
            html.tag(.header) { html in
                html.tag(.h2, name.map { .id($0) }, words: title)
                aside?(&html)
                if part != nil { html.newsButton() }
            }
            content(&html)
        }
    }

    /// Says that there is news instead of moving what is being read; shown by the page's module.
    mutating func newsButton() {
        tag(
            .button, .class("newer end"), .text(.type, "button"), .flag(.hidden),
            .text(.dataWords, phrase(.countNewer)), words: .showNewer)
    }
}
