// SPDX-License-Identifier: Apache-2.0

/// The menu at the head's end: who is signed in, theme and language. It is plain forms; the page's module only saves
/// the trip to the server.
struct PreferenceMenu {
    /// Where the choices are posted: fields `theme` or `language`, `back`, `csrf`; answered by 303 to `back`.
    static let address = PageAddress("preferences")

    func write(_ html: inout Markup) {
        html.tag(.details, .class("menu")) { html in
            html.tag(
                .summary, .class("icon-button"), .label(html.phrase(.preferences)), .title(html.phrase(.preferences))
            ) { $0.icon("i-menu") }
            html.tag(.div) { html in
                if let person = html.context.person { account(person, &html) } else { signIn(&html) }
                html.tag(.h2, words: .theme)
                choices(
                    "theme", Theme.allCases.map { ($0.rawValue, $0.words) }, html.context.theme.rawValue, &html)
                html.tag(.h2, text: "Language · 언어")
                choices(
                    "language", Language.allCases.map { ($0.rawValue, .name($0.ownName)) },
                    html.context.language.rawValue, &html)
            }
        }
    }

    private func account(_ person: String, _ html: inout Markup) {
        html.tag(.p, .class("strong cut"), text: person)
        html.tag(.div, .class("buttons")) { html in
            html.tag(.a, .class("button"), .href(.account), words: .yourAccount)
            html.form(posting: PageAddress("logout")) { html in
                html.tag(.button, .class("button"), words: .signOut)
            }
        }
    }

    private func signIn(_ html: inout Markup) {
        html.tag(.a, .class("button primary"), .href(.login), words: .signIn)
    }

    private func choices(_ name: String, _ values: [(String, PageText)], _ chosen: String, _ html: inout Markup) {
        html.form(posting: Self.address, .class("choice"), .text(.dataPick, name)) { html in
            html.hidden("back", html.context.path.text)
            for (value, words) in values {
                html.tag(
                    .button, .text(.name, name), .text(.value, value),
                    .text(.ariaPressed, value == chosen ? "true" : "false"), words: words)
            }
        }
    }
}

extension Theme {
    fileprivate var words: PageText {
        switch self {
        case .system: .themeSystem
        case .light: .themeLight
        case .dark: .themeDark
        }
    }
}
