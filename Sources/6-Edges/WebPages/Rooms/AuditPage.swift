// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// Who did what, newest first.
package struct AuditPage: Page {
    package struct Entry: Sendable {
        package var sequence: Int
        package var at: Timestamp
        /// A person's or a token's name.
        package var actor: String
        package var isToken: Bool
        /// `secret.set`.
        package var act: String
        package var text: String
        package var link: PageAddress?
        /// The client's network address.
        package var from: String?

        package init(
            sequence: Int, at: Timestamp, actor: String, isToken: Bool = false, act: String, text: String,
            link: PageAddress? = nil, from: String? = nil
        ) {
            self.sequence = sequence
            self.at = at
            self.actor = actor
            self.isToken = isToken
            self.act = act
            self.text = text
            self.link = link
            self.from = from
        }
    }

    package var entries: [Entry]
    package var query: String
    package var nextPage: PageAddress?

    package init(entries: [Entry], query: String = "", nextPage: PageAddress? = nil) {
        self.entries = entries
        self.query = query
        self.nextPage = nextPage
    }

    package func render(_ context: PageContext) -> [UInt8] {
        let shell = PageShell(title: PageText.audit.text(in: context.language), room: .audit)
        return shell.render(context) { html in
            html.tag(.div, .class("stack")) { html in
                html.tag(.h1, words: .audit)
                html.tag(.form, .class("filters"), .text(.method, "get"), .address(.action, .audit)) { html in
                    html.field(.actOrPerson, name: "q", value: query, type: "search")
                    html.tag(.button, .class("button"), words: .filter)
                }
                if entries.isEmpty {
                    html.tag(.div, .class("card")) {
                        $0.empty(.noAudit, .noAuditBody)
                    }
                } else {
                    list(&html)
                }
            }
        }
    }

    private func list(_ html: inout Markup) {
        html.table([.time, .who, .act, .what, .from]) { html in
            for entry in entries {
                html.tag(.tr) { html in
                    html.tag(.td, .class("nowrap quiet")) { $0.time(entry.at) }
                    html.tag(.td) { html in
                        html.tag(.span, .class("strong"), text: entry.actor)
                        if entry.isToken {
                            html.text(" ")
                            html.tag(.span, .class("tag"), words: .token)
                        }
                    }
                    html.tag(.td) { $0.tag(.code, text: entry.act) }
                    html.tag(.td, .class("main")) { html in
                        if let link = entry.link {
                            html.tag(.a, .href(link), text: entry.text)
                        } else {
                            html.text(entry.text)
                        }
                    }
                    html.tag(.td, .class("mono quiet small"), text: entry.from ?? "")
                }
            }
        }
        if let nextPage { html.tag(.nav, .class("pager")) { $0.tag(.a, .href(nextPage), words: .older) } }
    }
}
