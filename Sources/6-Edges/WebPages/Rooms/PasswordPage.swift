// SPDX-License-Identifier: Apache-2.0

/// Where somebody who came by a link chooses a password: the first administrator, or who was invited.
package struct PasswordPage: Page {
    package enum Room: Sendable {
        /// Posted to `/setup` with `token`, `name`, `email`, `password`, `csrf`.
        case setup(token: String, name: String)
        /// Posted to `/invite` with `ticket`, `password`, `csrf`.
        case invitation(ticket: String, name: String)
        /// The link is good for nothing any more.
        case over
    }

    package var room: Room
    package var refusal: LoginPage.Refusal?

    package init(_ room: Room, refusal: LoginPage.Refusal? = nil) {
        self.room = room
        self.refusal = refusal
    }

    private var title: PageText {
        switch room {
        case .setup: .firstAccount
        case .invitation(_, let name): .welcome(name)
        case .over: .linkOver
        }
    }

    package func render(_ context: PageContext) -> [UInt8] {
        PageShell(title: title.text(in: context.language), isPublic: true).render(context) { html in
            html.tag(.div, .class("narrow stack")) { html in
                html.tag(.div) { html in
                    html.icon("i-martlet", "mark")
                    html.tag(.h1, words: title)
                }
                if let refusal { html.tag(.p, .class("note bad"), .text(.role, "alert"), words: refusal.words) }
                form(&html)
            }
        }
    }

    private func form(_ html: inout Markup) {
        switch room {
        case .setup(let token, let name):
            card(PageAddress("setup"), .makeAccount, &html) { html in
                html.hidden("token", token)
                html.field(.accountName, name: "name", value: name, autocomplete: "username", isRequired: true)
                html.field(.mailAddress, name: "email", type: "email", autocomplete: "email")
            }
        case .invitation(let ticket, let name):
            card(PageAddress("invite"), .setPassword, &html) { html in
                html.hidden("ticket", ticket)
                // For whoever keeps passwords.
                html.tag(
                    .input, .text(.type, "text"), .text(.name, "name"), .text(.value, name), .flag(.hidden),
                    .text(.autocomplete, "username"))
            }
        case .over: html.tag(.p) { $0.tag(.a, .class("button"), .href(.login), words: .signIn) }
        }
    }

    private func card(
        _ address: PageAddress, _ button: PageText, _ html: inout Markup, fields: (inout Markup) -> Void
    ) {
        html.tag(.div, .class("card")) { html in
            html.form(posting: address, .class("form")) { html in
                fields(&html)
                html.field(
                    .password, name: "password", type: "password", note: .passwordNote, autocomplete: "new-password",
                    isRequired: true)
                html.tag(.button, .class("button primary"), words: button)
            }
        }
    }
}
