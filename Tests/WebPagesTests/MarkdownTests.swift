// SPDX-License-Identifier: Apache-2.0

import Testing
import Timekeeping

@testable import WebPages

@Suite("Summaries that steps wrote")
struct MarkdownTests {
    private func html(_ markdown: String) -> String {
        var html = Markup(PageContext(language: .english, now: .init(milliseconds: 0)))
        MarkdownBlocks(markdown).write(&html)
        return String(decoding: html.bytes, as: UTF8.self)
    }

    @Test(
        "The subset",
        arguments: [
            ("# A *b*", "<h3>A <em>b</em></h3>"), ("### c ###", "<h4>c</h4>"),
            ("one\ntwo\n\nthree", "<p>one\ntwo</p><p>three</p>"),
            ("**b** __b__ ~~d~~", "<p><strong>b</strong> <strong>b</strong> <del>d</del></p>"),
            ("`a <b>`", "<p><code>a &lt;b&gt;</code></p>"), ("``a ` b``", "<p><code>a ` b</code></p>"),
            ("snake_case_name and 2 * 3 * 4", "<p>snake_case_name and 2 * 3 * 4</p>"),
            ("\\*not\\*", "<p>*not*</p>"), ("---", "<hr>"),
            ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"), ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
            ("- a\n  - b", "<ul><li><p>a</p><ul><li>b</li></ul></li></ul>"),
            ("> q", "<div class=\"quote\"><p>q</p></div>"),
            ("```swift\nlet a = \"<\"\n```", "<pre><code>let a = &quot;&lt;&quot;\n</code></pre>"),
            ("```\nnever ends", "<pre><code>never ends\n</code></pre>"),
        ])
    func subset(markdown: String, expected: String) {
        #expect(html(markdown) == expected)
    }

    @Test("Tables keep their columns and alignment")
    func tables() {
        let table = html("| a | b |\n|---|--:|\n| `x|y` | 2 |\n| short |")
        #expect(table.contains("<th scope=\"col\" class=\"number\">b</th>"))
        #expect(table.contains("<td><code>x|y</code></td><td class=\"number\">2</td>"))
        #expect(table.contains("<td>short</td><td class=\"number\"></td>"))
    }

    @Test("Links lead over HTTP, and nowhere else")
    func links() {
        let link = "<a href=\"https://x.example/a?b=1&amp;c=2\" rel=\"nofollow noreferrer\">t</a>"
        #expect(html("[t](https://x.example/a?b=1&c=2)") == "<p>\(link)</p>")
        #expect(html("[t](https://x.example/a_(b))").contains("href=\"https://x.example/a_(b)\""))
        #expect(html("see https://x.example/a.").contains("href=\"https://x.example/a\""))
        #expect(html("<https://x.example>").contains("href=\"https://x.example\""))
        for target in ["javascript:alert(1)", "/settings", "//x.example", "data:text/html,x", "JAVASCRIPT:x"] {
            #expect(!html("[t](\(target))").contains("<a"), "\(target)")
        }
    }

    @Test(
        "A text of nothing but marks is text, and costs what a text costs",
        arguments: ["[", "![", "[](", "**a_ ", "``` `"])
    func marks(mark: String) {
        // Whatever is not looked at any more stands there as it was written.
        let text = String(repeating: mark, count: 200_000 / mark.utf8.count)
        let effort = MarkdownInline.Effort()
        var html = Markup(PageContext(language: .english, now: .init(milliseconds: 0)))
        MarkdownInline(text[...], effort: effort).write(&html)
        #expect(effort.isSpent || html.bytes.count >= text.utf8.count / 4)
    }

    @Test("Pictures are not fetched; raw HTML is text")
    func nothingFromElsewhere() {
        #expect(html("![chart](https://x.example/p.png)") == "<p><span class=\"quiet\">chart</span></p>")
        let raw = html("<img src=x onerror=alert(1)>\n\n<script>alert(1)</script>")
        #expect(!raw.contains("<img") && !raw.contains("<script"))
        #expect(raw.contains("&lt;script&gt;"))
    }

    @Test(
        "A hostile text costs little and stays text",
        arguments: ["*", "[", "`", "![", "> ", "- ", "_a", "|", "<h", "**a"])
    func hostile(piece: String) {
        let text = String(repeating: piece, count: 3_000)
        #expect(!html(text).isEmpty)
    }
}
