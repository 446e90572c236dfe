// SPDX-License-Identifier: Apache-2.0

import Testing
import Timekeeping

@testable import WebPages

/// What a page may hold, and what becomes of everything else.
@Suite("Markup escapes by construction")
struct MarkupTests {
    private func markup(_ write: (inout Markup) -> Void) -> String {
        var html = Markup(PageContext(language: .english, now: Timestamp(milliseconds: 0)))
        write(&html)
        return String(decoding: html.bytes, as: UTF8.self)
    }

    @Test("Text and attributes cannot end what they stand in")
    func escapes() {
        let hostile = "</p><script>\"'&"
        let text = markup { $0.tag(.p, .title(hostile), text: hostile) }
        let escaped = "&lt;/p&gt;&lt;script&gt;&quot;&#39;&amp;"
        #expect(text == "<p title=\"\(escaped)\">\(escaped)</p>")
    }

    @Test("Controls that HTML cannot say are replaced")
    func controls() {
        #expect(markup { $0.text("a\u{0}b\u{1B}c\td") } == "a\u{FFFD}b\u{FFFD}c\td")
    }

    @Test("A bridged or sliced text is escaped as a whole one is")
    func slices() {
        #expect(markup { $0.text("xx<yy>".dropFirst(2)) } == "&lt;yy&gt;")
    }

    @Test("Void elements have no end, shapes close themselves, others are closed")
    func ends() {
        #expect(markup { $0.tag(.br) } == "<br>")
        #expect(markup { $0.tag(.rect, .number(.x, 3)) } == "<rect x=\"3\"/>")
        #expect(markup { $0.tag(.td) } == "<td></td>")
    }

    @Test(
        "Only paths of this server and HTTP are addresses",
        arguments: [
            "javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "//elsewhere.example",
            "/\\elsewhere.example",
            "/a b", "ftp://x", "", "/a\nb", "https://x\\y", "vbscript:x", " https://x",
        ])
    func refusedAddresses(text: String) {
        #expect(PageAddress(checking: text) == nil)
    }

    @Test("A part of a path cannot become two, nor a query")
    func pathParts() {
        #expect(PageAddress("projects", "a/b?c#d").text == "/projects/a%2Fb%3Fc%23d")
        let place = LogPlace(run: 7, attempt: 2, job: "deploy#1/migrate", step: "3.1", stepAttempt: 2)
        #expect(PageAddress.log(place, lines: 120...134).text == "/runs/7/2/log/deploy%231%2Fmigrate/3.1/2#L120-L134")
        #expect(
            PageAddress.logLines(place).text == "/api/v1/runs/7/attempts/2/logs/deploy%231%2Fmigrate/3.1/2")
    }
}
