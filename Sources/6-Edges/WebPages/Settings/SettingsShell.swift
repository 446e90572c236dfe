// SPDX-License-Identifier: Apache-2.0

/// The rooms of the settings: `/settings/projects` and so on.
package enum SettingsRoom: String, Sendable, CaseIterable {
    case projects, people, runners, secrets, environments, hooks

    var words: PageText {
        switch self {
        case .projects: .projects
        case .people: .people
        case .runners: .runners
        case .secrets: .secrets
        case .environments: .environments
        case .hooks: .outgoingHooks
        }
    }

    var address: PageAddress { .settings(rawValue) }
}

/// What a change came to, after the form that asked for it.
package enum Receipt: Sendable {
    /// One sentence.
    case done(String)
    /// The diagnostic's code, message and remedy.
    case refused(code: String, message: String, remedy: String?)
}

/// The frame of each of them: a list of rooms beside the room.
struct SettingsShell {
    var room: SettingsRoom
    var receipt: Receipt?

    func render(_ context: PageContext, _ content: (inout Markup) -> Void) -> [UInt8] {
        let title = room.words.text(in: context.language)
        let shell = PageShell(title: "\(title) · \(PageText.settings.text(in: context.language))", room: .settings)
        return shell.render(context) { html in
            html.tag(.div, .class("side")) { html in
                html.tag(.nav, .label(html.phrase(.settings))) { html in
                    html.tag(.ul) { html in
                        for other in SettingsRoom.allCases {
                            let current: Attribute? = other == room ? .text(.ariaCurrent, "page") : nil
                            html.tag(.li) { $0.tag(.a, .href(other.address), current, words: other.words) }
                        }
                    }
                }
                html.tag(.div, .class("stack")) { html in
                    html.tag(.h1, words: room.words)
                    if let receipt { Self.write(receipt, &html) }
                    content(&html)
                }
            }
        }
    }

    static func write(_ receipt: Receipt, _ html: inout Markup) {
        switch receipt {
        case .done(let sentence): html.tag(.p, .class("note good"), .text(.role, "status"), text: sentence)
        case .refused(let code, let message, let remedy):
            html.tag(.div, .class("note bad"), .text(.role, "alert")) { html in
                html.tag(.p) { html in
                    html.tag(.code, text: code)
                    html.text(" \(message)")
                }
                if let remedy { html.tag(.p, .class("quiet"), text: remedy) }
            }
        }
    }
}

extension Markup {
    /// Something that is shown this once.
    mutating func secretOnce(_ words: PageText, _ secret: String) {
        tag(.div, .class("note good stack small-gap"), .text(.role, "status")) { html in
            html.tag(.p, .class("strong"), words: words)
            html.tag(.p) { html in
                html.tag(.code, .class("token"), text: secret)
                html.copyButton(secret)
            }
        }
    }

    /// A button that acts on one row: a form of its own.
    mutating func rowAction(
        _ words: PageText, on name: String, to address: PageAddress, isDanger: Bool = false,
        fields: [(String, String)] = []
    ) {
        form(posting: address) { html in
            for (field, value) in fields { html.hidden(field, value) }
            html.tag(
                .button, .class(isDanger ? "button danger" : "button"), .label("\(html.phrase(words)): \(name)"),
                words: words)
        }
    }

    /// A form in a card, for something new.
    mutating func creation(_ title: PageText, to address: PageAddress, fields: (inout Markup) -> Void) {
        card(title) { html in
            html.form(posting: address, .class("form")) { html in
                fields(&html)
                html.tag(.div) { $0.tag(.button, .class("button primary"), words: .add) }
            }
        }
    }
}
