// SPDX-License-Identifier: Apache-2.0

/// What a search over the logs of a run found, for those without scripts.
package struct SearchPage: Page {
    package struct Match: Sendable {
        package var place: LogPlace
        package var jobName: String
        package var stepName: String
        package var line: Int
        package var text: String

        package init(place: LogPlace, jobName: String, stepName: String, line: Int, text: String) {
            self.place = place
            self.jobName = jobName
            self.stepName = stepName
            self.line = line
            self.text = text
        }
    }

    package var run: Int
    package var attempt: Int
    package var query: String
    package var isRegex: Bool
    /// All of them, not only those of this page.
    package var count: Int
    package var matches: [Match]
    package var nextPage: PageAddress?
    /// Why the pattern is none.
    package var mistake: String?

    package init(
        run: Int, attempt: Int, query: String, isRegex: Bool = false, count: Int, matches: [Match],
        nextPage: PageAddress? = nil, mistake: String? = nil
    ) {
        self.run = run
        self.attempt = attempt
        self.query = query
        self.isRegex = isRegex
        self.count = count
        self.matches = matches
        self.nextPage = nextPage
        self.mistake = mistake
    }

    package func render(_ context: PageContext) -> [UInt8] {
        let shell = PageShell(title: "\(query) #\(run)")
        return shell.render(context) { html in
            html.tag(.div, .class("stack")) { html in
                html.tag(.div) { html in
                    html.tag(.nav, .class("crumbs")) { html in
                        html.tag(.a, .href(.run(run, attempt)), words: .runNumber(run))
                    }
                    html.tag(.h1, words: .foundCount(count))
                }
                html.tag(
                    .form, .class("filters"), .text(.role, "search"), .text(.method, "get"),
                    .address(.action, .searchPage(run, attempt))
                ) { html in
                    html.field(.searchRun, name: "q", value: query, type: "search")
                    html.check(.regex, name: "regex", isOn: isRegex)
                    html.tag(.button, .class("button"), words: .searchWord)
                }
                if let mistake { html.tag(.p, .class("note bad"), text: mistake) }
                if !matches.isEmpty { list(&html) }
            }
        }
    }

    private func list(_ html: inout Markup) {
        html.table([.place, .line, .textWord], numbers: [1]) { html in
            for match in matches {
                html.tag(.tr) { html in
                    html.tag(.td, .class("quiet"), text: "\(match.jobName) › \(match.stepName)")
                    html.tag(.td, .class("number")) { html in
                        html.tag(
                            .a, .href(.log(match.place, lines: match.line...match.line)), text: String(match.line))
                    }
                    html.tag(.td, .class("main mono wrap")) { $0.ansi(match.text) }
                }
            }
        }
        if let nextPage { html.tag(.nav, .class("pager")) { $0.tag(.a, .href(nextPage), words: .nextPage) } }
    }
}
