// SPDX-License-Identifier: Apache-2.0

import PageSamples
import Testing

@testable import WebPages

/// Rules that hold for every page, checked on each sample in both languages.
@Suite("Every page")
struct PageTests {
    static let pages: [(name: String, text: String)] = Gallery.entries.flatMap { entry in
        Language.allCases.map { language in
            var entry = entry
            entry.language = language
            let bytes = entry.page.render(Gallery.context(entry))
            return ("\(entry.name) \(language.rawValue)", String(decoding: bytes, as: UTF8.self))
        }
    }

    /// Tags with their attributes, as they stand.
    private func tags(_ page: String) -> [Substring] {
        page.split(separator: "<").compactMap { piece in piece.firstIndex(of: ">").map { piece[..<$0] } }
    }

    @Test("Nothing is inline: no style, no handler, no script without an address")
    func policy() {
        for (name, page) in Self.pages {
            for tag in tags(page) {
                let words = tag.split(separator: " ")
                #expect(words.first != "style", "\(name)")
                if words.first == "script" { #expect(tag.contains(" src=\"/assets/"), "\(name): \(tag)") }
                for word in words.dropFirst() {
                    #expect(!word.hasPrefix("style=") && !word.hasPrefix("on"), "\(name): \(tag)")
                }
            }
            #expect(!page.contains("javascript:alert") || !page.contains("href=\"javascript"), "\(name)")
        }
    }

    @Test("Elements are closed in the order in which they were opened")
    func balanced() {
        let void: Set = ["br", "hr", "input", "link", "meta", "!doctype"]
        for (name, page) in Self.pages {
            var open: [Substring] = []
            for tag in tags(page) {
                guard let word = tag.split(whereSeparator: { " /".contains($0) }).first else { continue }
                if tag.hasPrefix("/") {
                    #expect(open.popLast() == word, "\(name): </\(word)>")
                } else if !tag.hasSuffix("/"), !void.contains(String(word)) {
                    open.append(word)
                }
            }
            #expect(open.isEmpty, "\(name): \(open)")
        }
    }

    @Test("One heading, one main, a language, a way past the head, and every id once")
    func landmarks() {
        for (name, page) in Self.pages {
            #expect(page.split(separator: "<h1").count == 2, "\(name)")
            #expect(page.split(separator: "<main ").count == 2, "\(name)")
            #expect(page.contains("<a class=\"skip\" href=\"#main\">"), "\(name)")
            let ids = tags(page).flatMap { $0.split(separator: " ") }.filter { $0.hasPrefix("id=\"") }
            #expect(Set(ids).count == ids.count, "\(name)")
        }
    }

    @Test("Every form that changes something carries the token, and works without scripts")
    func forms() {
        for (name, page) in Self.pages {
            for form in page.components(between: "<form method=\"post\"", and: "</form>") {
                #expect(form.contains("<button"), "\(name)")
                if !name.hasPrefix("login"), !name.hasPrefix("status") {
                    #expect(form.contains("name=\"csrf\" value=\"sample-token\""), "\(name): \(form.prefix(80))")
                }
            }
        }
    }

    @Test("A fragment is the main element of the page, and nothing else")
    func fragments() {
        for entry in Gallery.entries {
            var context = Gallery.context(entry)
            let page = String(decoding: entry.page.render(context), as: UTF8.self)
            context.isFragment = true
            let fragment = String(decoding: entry.page.render(context), as: UTF8.self)
            #expect(
                fragment.hasPrefix("<main ") && fragment.hasSuffix("</main>") && page.contains(fragment),
                "\(entry.name)")
        }
    }

    @Test("The first page weighs less than 100 kB with all that it loads")
    func weight() {
        let names = ["app.css", "app.js", "dom.js", "live.js", "favicon-failed.svg"]
        let assets = names.reduce(0) { $0 + (WebAssets.named($1)?.bytes.count ?? .max / 8) }
        let page = SampleRooms.overview.render(Gallery.context(Gallery.entries[0]))
        #expect(page.count + assets < 100_000, "\(page.count) + \(assets)")
    }

    @Test("An empty room names the command, or the place, that would fill it")
    func emptyRooms() {
        let rooms: [(any Page, String)] = [
            (OverviewPage(), "/settings/projects"), (ProjectPage(name: "p", rows: []), "martlet run WORKFLOW"),
            (ApprovalsPage(waiting: []), "martlet approve"),
            (
                RunnersPage(runners: [], serverAddress: "https://ci.example"),
                "martlet runner register https://ci.example"
            ),
            (AccountPage(name: "a", role: "reader"), "martlet token create"),
            (LoginPage(isFirst: true), "martlet server"),
        ]
        for (page, command) in rooms {
            let text = String(decoding: page.render(Gallery.context(Gallery.entries[0])), as: UTF8.self)
            #expect(text.contains(command), "\(command)")
        }
    }

    @Test("The theme stands in the document, so that nothing flashes")
    func theme() {
        let entry = Gallery.entries[0]
        let dark = String(decoding: entry.page.render(Gallery.context(entry, theme: .dark)), as: UTF8.self)
        #expect(dark.contains("<html lang=\"en\" data-theme=\"dark\">"))
        #expect(Self.pages[0].text.contains("<html lang=\"en\">"))
    }

    @Test("A page of a run says its state in title, picture and sentence")
    func runState() {
        let page = Self.pages.first { $0.name == "run-failed en" }?.text ?? ""
        #expect(page.contains("<title>Failed: widget › CI #8412 · Martlet</title>"))
        #expect(page.contains("/assets/favicon-failed."))
        #expect(
            page.contains("<h1>Failed in test › ubuntu-24 / swift 6.2 after 4m 12s: 3 tests failed, 2 of them new</h1>")
        )
        #expect(page.contains("<details class=\"failure\" id=\"failure\" open>"))
        #expect(page.contains("href=\"/runs/8412/2/log/test%232/5/1#L1171\""))
        #expect(
            page.components(between: "<div class=\"excerpt log\">", and: "</details>").first?.split(
                separator: "class=\"l"
            ).count == 30)
    }

    @Test("A log is plain HTML in pages, each line with its address")
    func logPages() {
        let lines = (1...LogPage.pageLines).map { LogLine(number: 5_000 + $0, text: "line") }
        var page = SampleLog.page(totalLines: 12_000)
        (page.lines, page.groups, page.firstLine) = (lines, [], 5_001)
        let text = String(decoding: page.render(Gallery.context(Gallery.entries[0])), as: UTF8.self)
        #expect(text.contains("<div id=\"L5001\" class=\"l\"><a href=\"#L5001\">5001</a><span>line</span></div>"))
        #expect(text.contains("log/test%232/5/1?from=1\"") && text.contains("log/test%232/5/1?from=10001\""))
        #expect(text.contains("Lines 5,001–10,000 of 12,000"))
    }
}

extension String {
    /// What stands between each start and the next end.
    fileprivate func components(between start: String, and end: String) -> [Substring] {
        var rest = self[...]
        var found: [Substring] = []
        while let head = rest.firstRange(of: start) {
            let body = rest[head.upperBound...]
            guard let tail = body.firstRange(of: end) else { break }
            found.append(body[..<tail.lowerBound])
            rest = body[tail.upperBound...]
        }
        return found
    }
}
