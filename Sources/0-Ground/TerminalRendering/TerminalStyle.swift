// SPDX-License-Identifier: Apache-2.0

/// How a piece of text looks where colour is on. Where it is off the text stands alone.
package enum TerminalStyle: String, Sendable {
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case blue = "34"
    case cyan = "36"
    case boldRed = "1;31"
}

/// Applies styles, or not.
package struct Palette: Sendable {
    package var isColoured: Bool

    package init(isColoured: Bool) {
        self.isColoured = isColoured
    }

    package func paint(_ text: String, _ style: TerminalStyle) -> String {
        isColoured && !text.isEmpty ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }
}

/// The order in which colour is decided: flag, `NO_COLOR`, `FORCE_COLOR`, terminal (no-color.org, force-color.org).
package enum ColourChoice: String, Sendable, CaseIterable {
    case auto
    case always
    case never

    package func isColoured(environment: [String: String], isTerminal: Bool) -> Bool {
        switch self {
        case .always: return true
        case .never: return false
        case .auto: break
        }
        if let value = environment["NO_COLOR"], !value.isEmpty { return false }
        if let value = environment["FORCE_COLOR"] ?? environment["CLICOLOR_FORCE"], !value.isEmpty {
            return value != "0"
        }
        return isTerminal && environment["TERM"] != "dumb"
    }
}
