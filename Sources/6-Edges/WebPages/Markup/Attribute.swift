// SPDX-License-Identifier: Apache-2.0

/// One attribute of an element. Three kinds, by what their value is allowed to be; `style` and the `on…` handlers are of
/// none, so that no page can carry them (the content security policy would refuse them anyway).
package struct Attribute {
    private enum Value {
        case text(String)
        case number(Int)
        case flag
    }

    private let name: String
    private let value: Value

    /// Attributes whose value is a text that is only shown or compared.
    package enum Name: String {
        case `class`, id, title, lang, name, value, type, method, content, charset, role, rel, datetime, placeholder
        case `for`, min, max, step, rows, cols, autocomplete, scope, colspan, tabindex, media, sizes, start, pattern
        case inputmode, maxlength, minlength, enctype, spellcheck, headers, abbr
        case viewBox, x, y, x1, x2, y1, y2, cx, cy, r, rx, width, height, d, fill, xmlns, dx, dy, transform
        case preserveAspectRatio
        case color, fillOpacity = "fill-opacity", textLength, textAnchor = "text-anchor", fontFamily = "font-family"
        case fontSize = "font-size", stroke, strokeWidth = "stroke-width"
        case httpEquiv = "http-equiv", acceptCharset = "accept-charset"
        case ariaLabel = "aria-label", ariaCurrent = "aria-current", ariaHidden = "aria-hidden"
        case ariaLive = "aria-live", ariaLabelledby = "aria-labelledby", ariaExpanded = "aria-expanded"
        case ariaPressed = "aria-pressed", ariaDescribedby = "aria-describedby", ariaAtomic = "aria-atomic"
        case ariaControls = "aria-controls", ariaKeyshortcuts = "aria-keyshortcuts"
        case dataTheme = "data-theme", dataState = "data-state", dataTitle = "data-title", dataPart = "data-part"
        case dataCopy = "data-copy", dataDone = "data-done", dataSince = "data-since", dataKey = "data-key"
        case dataTotal = "data-total", dataGroups = "data-groups", dataLive = "data-live", dataHold = "data-hold"
        case dataPick = "data-pick", dataNode = "data-node", dataWords = "data-words", dataStep = "data-step"
        case dataJob = "data-job", dataAttempt = "data-attempt", dataLog = "data-log", dataOffset = "data-offset"
    }

    /// Attributes whose value is an address.
    package enum AddressName: String {
        case href, src, action, formaction
        case dataEvents = "data-events", dataLines = "data-lines", dataSearch = "data-search", dataIcon = "data-icon"
        case dataPalette = "data-palette", dataGoto = "data-goto"
    }

    package enum Flag: String {
        case open, hidden, disabled, checked, selected, required, autofocus, multiple, readonly, inert, download
    }

    package static func text(_ name: Name, _ value: String) -> Attribute {
        Attribute(name: name.rawValue, value: .text(value))
    }

    package static func number(_ name: Name, _ value: Int) -> Attribute {
        Attribute(name: name.rawValue, value: .number(value))
    }

    package static func address(_ name: AddressName, _ value: PageAddress) -> Attribute {
        Attribute(name: name.rawValue, value: .text(value.text))
    }

    package static func flag(_ flag: Flag) -> Attribute { Attribute(name: flag.rawValue, value: .flag) }

    /// The flag where the condition holds.
    package static func flag(_ flag: Flag, if condition: Bool) -> Attribute? { condition ? .flag(flag) : nil }

    package static func `class`(_ value: String) -> Attribute { .text(.class, value) }
    package static func id(_ value: String) -> Attribute { .text(.id, value) }
    package static func title(_ value: String) -> Attribute { .text(.title, value) }
    package static func href(_ value: PageAddress) -> Attribute { .address(.href, value) }
    package static func label(_ value: String) -> Attribute { .text(.ariaLabel, value) }
    /// Not for those who listen: a drawing whose meaning stands beside it in words.
    package static var decorative: Attribute { .text(.ariaHidden, "true") }

    func append(to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: " "))
        bytes.append(contentsOf: name.utf8)
        switch value {
        case .flag: return
        case .number(let number):
            bytes.append(contentsOf: "=\"".utf8)
            bytes.append(contentsOf: String(number).utf8)
        case .text(let text):
            bytes.append(contentsOf: "=\"".utf8)
            Escaping.append(text, to: &bytes)
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
