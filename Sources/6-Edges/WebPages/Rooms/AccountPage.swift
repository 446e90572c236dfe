// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// A person's own account: tokens and sessions.
package struct AccountPage: Page {
    package struct Token: Sendable {
        package var id: String
        package var name: String
        /// The first characters, to know it by: `mrt_pat_4f2a`.
        package var prefix: String
        package var scopes: [String]
        package var createdAt: Timestamp
        package var lastUsedAt: Timestamp?
        package var expiresAt: Timestamp?

        package init(
            id: String, name: String, prefix: String, scopes: [String], createdAt: Timestamp,
            lastUsedAt: Timestamp? = nil, expiresAt: Timestamp? = nil
        ) {
            self.id = id
            self.name = name
            self.prefix = prefix
            self.scopes = scopes
            self.createdAt = createdAt
            self.lastUsedAt = lastUsedAt
            self.expiresAt = expiresAt
        }
    }

    package var name: String
    package var role: String
    package var tokens: [Token]
    /// Shown once, right after it was made.
    package var newToken: String?
    /// What a new password came to.
    package var receipt: Receipt?
    /// Whether it signs in with a password at all.
    package var hasPassword = true
    /// What a token can be allowed, each with what it means.
    package var scopes: [(name: String, meaning: String)]

    package init(
        name: String, role: String, tokens: [Token] = [], newToken: String? = nil,
        scopes: [(name: String, meaning: String)] = []
    ) {
        self.name = name
        self.role = role
        self.tokens = tokens
        self.newToken = newToken
        self.scopes = scopes
    }

    package func render(_ context: PageContext) -> [UInt8] {
        let shell = PageShell(title: PageText.yourAccount.text(in: context.language))
        return shell.render(context) { (html: inout Markup) in
            html.tag(.div, .class("stack")) { html in
                html.tag(.div) { html in
                    html.tag(.h1, text: name)
                    html.tag(.p, .class("quiet"), text: role)
                }
                if let receipt { SettingsShell.write(receipt, &html) }
                if let newToken { fresh(newToken, &html) }
                html.card(.tokens) { held(&$0) }
                html.card(.newToken) { form(&$0) }
                if hasPassword { html.card(.newPassword) { password(&$0) } }
            }
        }
    }

    private func held(_ html: inout Markup) {
        if tokens.isEmpty {
            html.empty(.noTokens, .noTokensBody, command: "martlet token create --name laptop --scope read")
        } else {
            list(&html)
        }
    }

    private func fresh(_ token: String, _ html: inout Markup) {
        html.tag(.div, .class("note good stack small-gap"), .text(.role, "status")) { html in
            html.tag(.p, .class("strong"), words: .tokenOnce)
            html.tag(.p) { html in
                html.tag(.code, .class("token"), text: token)
                html.copyButton(token)
            }
        }
    }

    private func list(_ html: inout Markup) {
        html.bareTable([.name_, .mayDo, .lastUsed, .expires, .actions]) { html in
            for token in tokens {
                html.tag(.tr) { html in
                    html.tag(.td, .class("main")) { html in
                        html.tag(.span, .class("strong"), text: token.name)
                        html.tag(.div, .class("mono quiet small"), text: "\(token.prefix)…")
                    }
                    html.tag(.td) { html in
                        for scope in token.scopes {
                            html.tag(.span, .class("tag"), text: scope)
                            html.text(" ")
                        }
                    }
                    html.tag(.td) { $0.timeOrNever(token.lastUsedAt) }
                    html.tag(.td) { $0.timeOrNever(token.expiresAt) }
                    html.tag(.td, .class("actions")) { html in
                        html.form(posting: PageAddress("account", "tokens", token.id, "revoke")) { html in
                            html.tag(
                                .button, .class("button danger"),
                                .label("\(html.phrase(.revoke)): \(token.name)"), words: .revoke)
                        }
                    }
                }
            }
        }
    }

    private func password(_ html: inout Markup) {
        html.form(posting: PageAddress("account", "password"), .class("form")) { html in
            // For whoever keeps passwords.
            html.tag(
                .input, .text(.type, "text"), .text(.name, "user"), .text(.value, name), .flag(.hidden),
                .text(.autocomplete, "username"))
            html.field(
                .oldPassword, name: "old", type: "password", autocomplete: "current-password", isRequired: true)
            html.field(
                .newPassword, name: "password", type: "password", note: .passwordNote, autocomplete: "new-password",
                isRequired: true)
            html.tag(.div) { $0.tag(.button, .class("button primary"), words: .setPassword) }
        }
    }

    private func form(_ html: inout Markup) {
        html.form(posting: PageAddress("account", "tokens"), .class("form")) { html in
            html.field(.name_, name: "name", note: .tokenNameNote, isRequired: true)
            html.choice(
                .expires, name: "days",
                options: [7, 30, 90, 365].map { (String($0), .inDays($0)) }, chosen: "90")
            html.tag(.fieldset) { html in
                html.tag(.legend, .class("strong"), words: .mayDo)
                for scope in scopes {
                    html.tag(.div) { html in
                        html.tag(.label, .class("check")) { html in
                            html.tag(
                                .input, .text(.type, "checkbox"), .text(.name, "scope"), .text(.value, scope.name))
                            html.text(" ")
                            html.tag(.code, text: scope.name)
                            html.tag(.span, .class("quiet small"), text: " \(scope.meaning)")
                        }
                    }
                }
            }
            html.tag(.div) { $0.tag(.button, .class("button primary"), words: .create) }
        }
    }
}

extension Markup {
    mutating func timeOrNever(_ moment: Timestamp?) {
        if let moment { time(moment) } else { tag(.span, .class("quiet"), words: .never) }
    }
}
