// SPDX-License-Identifier: Apache-2.0

/// What happened, its code, and what to do.
package struct ErrorPage: Page {
    /// The answer's status: 404.
    package var status: Int
    /// `MRT1201`; `nil` for an address that leads nowhere.
    package var code: String?
    package var message: String
    package var remedy: String?
    /// The code's page, in Markdown.
    package var explanation: String?

    package init(
        status: Int, code: String? = nil, message: String, remedy: String? = nil, explanation: String? = nil
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.remedy = remedy
        self.explanation = explanation
    }

    private var title: PageText {
        switch status {
        case 400, 413, 415, 422: .badRequest
        case 401: .signInFirst
        case 403: .notAllowed
        case 404, 410: .notFound
        case 409: .conflict
        case 429: .tooMany
        case 503: .unavailable
        default: .serverFault
        }
    }

    package func render(_ context: PageContext) -> [UInt8] {
        let shell = PageShell(title: title.text(in: context.language), state: .failed)
        return shell.render(context) { html in
            html.tag(.div, .class("stack article")) { html in
                html.tag(.div) { html in
                    html.tag(.p, .class("big-code"), text: code ?? String(status))
                    html.tag(.h1, words: title)
                }
                html.tag(.p, .class("note bad"), text: message)
                if let remedy {
                    html.tag(.section) { html in
                        html.tag(.h2, words: .whatToDo)
                        html.tag(.p, text: remedy)
                    }
                }
                if let explanation {
                    html.tag(.section, .class("card")) { html in
                        html.tag(.div, .class("written")) { MarkdownBlocks(explanation).write(&$0) }
                    }
                }
                if let code { html.command("martlet explain \(code)") }
                html.tag(.p) { html in
                    if status == 401 {
                        html.tag(.a, .class("button primary"), .href(.login), words: .signIn)
                    } else {
                        html.tag(.a, .class("button"), .href(.overview), words: .toOverview)
                    }
                }
            }
        }
    }
}
