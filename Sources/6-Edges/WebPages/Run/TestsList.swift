// SPDX-License-Identifier: Apache-2.0

/// The tests of a run: failures first, each with its message and how it went lately.
struct TestsList {
    var page: RunPage
    var tests: TestsView

    func write(_ html: inout Markup) {
        guard tests.passed + tests.failed + tests.skipped > 0 else {
            html.tag(.div, .class("card")) {
                $0.empty(.noTests, .noTestsBody, command: "swift test --xunit-output results.xml")
            }
            return
        }
        html.tag(.section, .class("card"), .label(html.phrase(.tabTests))) { html in
            html.tag(.header) { filters(&$0) }
            html.tag(.ul, .class("rows")) { html in
                for test in tests.cases { row(test, &html) }
            }
            if let next = tests.nextPage {
                html.tag(.nav, .class("pager")) { $0.tag(.a, .href(next), words: .nextPage) }
            }
        }
    }

    private func filters(_ html: inout Markup) {
        let choices: [(RunState?, PageText)] = [
            (nil, .allTests(tests.passed + tests.failed + tests.skipped)), (.failed, .failedCount(tests.failed)),
            (.passed, .passedCount(tests.passed)), (.skipped, .skippedCount(tests.skipped)),
        ]
        html.tag(.nav, .class("attempts"), .label(html.phrase(.filter))) { html in
            for (state, words) in choices {
                let current: Attribute? = state == tests.filter ? .text(.ariaCurrent, "page") : nil
                let address = page.address(of: .tests, state.map { [("state", $0.rawValue)] } ?? [])
                html.tag(.a, .href(address), current) { html in
                    if let state { html.glyph(state) }
                    html.words(words)
                }
            }
        }
    }

    private func row(_ test: TestsView.Case, _ html: inout Markup) {
        html.tag(.li) { html in
            html.glyphWithHiddenWord(test.state)
            html.tag(.div, .class("grow")) { html in
                html.tag(.div, .class("line")) { html in
                    html.tag(.span, .class("strong wrap"), text: test.name)
                    if test.isNew { html.tag(.span, .class("tag new"), words: .newFailure) }
                    if test.isFlaky { html.tag(.span, .class("tag"), words: .flaky) }
                    html.tag(.span, .class("quiet small"), text: "\(test.suite) · \(test.job)")
                }
                if let file = test.file {
                    let place = test.line.map { "\(file):\($0)" } ?? file
                    html.tag(.span, .class("mono quiet small wrap"), text: place)
                    html.text(" ")
                    html.copyButton(place, .copyPlace)
                }
                if let message = test.message { html.tag(.pre, .class("message"), text: message) }
            }
            if !test.history.isEmpty { history(test.history, &html) }
            if let span = test.durationMs { html.tag(.span, .class("number quiet")) { $0.duration(span) } }
        }
    }

    private func history(_ states: [RunState], _ html: inout Markup) {
        let failed = states.count { $0 == .failed }
        html.tag(
            .span, .class("test-history"), .text(.role, "img"), .label(html.phrase(.failedOf(failed, states.count)))
        ) { html in
            for state in states.suffix(RunMarks.limit) { html.tag(.span, .class("dot \(state.rawValue)")) }
        }
    }
}
