// SPDX-License-Identifier: Apache-2.0

/// Where people sign in. One form; posted to `/login` with `name`, `password`, `back`, `csrf`.
package struct LoginPage: Page {
    /// A forge with which one can sign in instead.
    package struct Provider: Sendable {
        package var name: String
        package var start: PageAddress

        package init(name: String, start: PageAddress) {
            self.name = name
            self.start = start
        }
    }

    /// Where to go afterwards.
    package var back: PageAddress
    /// What was typed before, where it was refused.
    package var name: String
    package var refusal: Refusal?
    package var providers: [Provider]
    /// No account exists yet: the page says how the first one is made.
    package var isFirst: Bool

    package enum Refusal: Sendable {
        case wrong
        /// Too many tries.
        case wait(seconds: Int)
        /// A sentence of the server's.
        case other(String)

        var words: PageText {
            switch self {
            case .wrong: .wrongPassword
            case .wait(let seconds): .tooManyTries(seconds)
            case .other(let sentence): .name(sentence)
            }
        }
    }

    package init(
        back: PageAddress = .overview, name: String = "", refusal: Refusal? = nil, providers: [Provider] = [],
        isFirst: Bool = false
    ) {
        self.back = back
        self.name = name
        self.refusal = refusal
        self.providers = providers
        self.isFirst = isFirst
    }

    package func render(_ context: PageContext) -> [UInt8] {
        let shell = PageShell(title: PageText.signIn.text(in: context.language), isPublic: true)
        return shell.render(context) { html in
            html.tag(.div, .class("narrow stack")) { html in
                html.tag(.div) { html in
                    html.icon("i-martlet", "mark")
                    html.tag(.h1, words: .signInToMartlet)
                }
                if let refusal {
                    html.tag(.p, .class("note bad"), .text(.role, "alert"), words: refusal.words)
                }
                html.tag(.div, .class("card")) { html in
                    if isFirst {
                        html.empty(
                            .noAccounts, .noAccountsBody, command: "martlet server")
                    } else {
                        form(&html)
                    }
                }
                if !providers.isEmpty { others(&html) }
            }
        }
    }

    private func form(_ html: inout Markup) {
        html.form(posting: .login, .class("form")) { html in
            html.hidden("back", back.text)
            html.field(.accountName, name: "name", value: name, autocomplete: "username", isRequired: true)
            html.field(
                .password, name: "password", type: "password", autocomplete: "current-password", isRequired: true)
            html.tag(.button, .class("button primary"), words: .signIn)
        }
    }

    private func others(_ html: inout Markup) {
        html.tag(.div, .class("buttons")) { html in
            for provider in providers {
                html.tag(.a, .class("button"), .href(provider.start), words: .signInWith(provider.name))
            }
        }
    }
}
