// SPDX-License-Identifier: Apache-2.0

/// What an error code means, for everybody: `/errors/MRT1190`.
package struct ExplanationPage: Page {
    package var code: String
    /// Markdown, with a title of its own.
    package var text: String

    package init(code: String, text: String) {
        self.code = code
        self.text = text
    }

    package func render(_ context: PageContext) -> [UInt8] {
        PageShell(title: code, isPublic: true).render(context) { html in
            html.tag(.div, .class("stack article")) { html in
                html.tag(.div, .class("written")) { MarkdownBlocks(text).write(&$0) }
                html.command("martlet explain \(code)")
            }
        }
    }
}
