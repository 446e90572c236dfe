// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// A project's runs, newest first. The filters are in the address.
package struct ProjectPage: Page {
    package struct Row: Sendable {
        package var run: Int
        package var attempt: Int
        package var workflow: String
        package var state: RunState
        package var change: Change
        package var trigger: Trigger
        package var createdAt: Timestamp
        package var startedAt: Timestamp?
        package var finishedAt: Timestamp?
        /// What failed first, or why it waits.
        package var note: String?

        package init(
            run: Int, attempt: Int = 1, workflow: String, state: RunState, change: Change, trigger: Trigger,
            createdAt: Timestamp, startedAt: Timestamp? = nil, finishedAt: Timestamp? = nil, note: String? = nil
        ) {
            self.run = run
            self.attempt = attempt
            self.workflow = workflow
            self.state = state
            self.change = change
            self.trigger = trigger
            self.createdAt = createdAt
            self.startedAt = startedAt
            self.finishedAt = finishedAt
            self.note = note
        }
    }

    /// As the query has them; `nil` is any.
    package struct Filter: Sendable {
        package var workflow: String?
        package var branch: String?
        package var state: RunState?

        package init(workflow: String? = nil, branch: String? = nil, state: RunState? = nil) {
            self.workflow = workflow
            self.branch = branch
            self.state = state
        }

        var isEmpty: Bool { workflow == nil && branch == nil && state == nil }
    }

    package var name: String
    package var marks: [RunMark]
    package var workflows: [String]
    package var branches: [String]
    package var filter: Filter
    package var rows: [Row]
    package var nextPage: PageAddress?
    /// What this person may start by hand.
    package var startable: [StartForm]
    /// What a start came to that was refused.
    package var receipt: Receipt?

    package init(
        name: String, marks: [RunMark] = [], workflows: [String] = [], branches: [String] = [],
        filter: Filter = Filter(), rows: [Row], nextPage: PageAddress? = nil, startable: [StartForm] = []
    ) {
        self.name = name
        self.marks = marks
        self.workflows = workflows
        self.branches = branches
        self.filter = filter
        self.rows = rows
        self.nextPage = nextPage
        self.startable = startable
    }

    package func render(_ context: PageContext) -> [UInt8] {
        let shell = PageShell(title: name, state: rows.first?.state, events: .overviewEvents)
        return shell.render(context) { html in
            html.tag(.div, .class("stack")) { html in
                head(&html)
                if let receipt { SettingsShell.write(receipt, &html) }
                if rows.isEmpty, filter.isEmpty {
                    html.tag(.div, .class("card")) {
                        $0.empty(
                            .noRuns, .noRunsBody, command: "martlet run WORKFLOW --server SERVER --project \(name)")
                    }
                } else {
                    filters(&html)
                    list(&html)
                }
            }
        }
    }

    private func head(_ html: inout Markup) {
        html.tag(.header, .class("title-row"), .text(.dataPart, "head")) { html in
            html.tag(.h1, text: name)
            RunMarks(runs: marks).write(&html)
            if !startable.isEmpty { start(&html) }
        }
    }

    /// A form for each workflow, since each wants to know something else; they fold, without a script.
    private func start(_ html: inout Markup) {
        // What was refused is to be corrected.
        let refused = html.context.typed?.fields["workflow"]
        html.tag(.details, .class("menu end"), .flag(.open, if: refused != nil)) { html in
            html.tag(.summary, .class("button"), words: .startRun)
            html.tag(.div, .class("start")) { html in
                for (number, form) in startable.enumerated() {
                    if startable.count == 1 {
                        html.tag(.h2, text: form.name)
                        form.write(of: name, on: branches.first ?? "main", number, &html)
                    } else {
                        html.tag(.details, .flag(.open, if: refused == form.path)) { html in
                            html.tag(.summary, text: form.name)
                            form.write(of: name, on: branches.first ?? "main", number, &html)
                        }
                    }
                }
            }
        }
    }

    private func filters(_ html: inout Markup) {
        html.tag(.form, .class("filters"), .text(.method, "get"), .address(.action, .project(name))) { html in
            let any: [(String, PageText)] = [("", .any)]
            html.choice(
                .workflow, name: "workflow", options: any + workflows.map { ($0, .name($0)) },
                chosen: filter.workflow ?? "")
            html.choice(
                .branch, name: "branch", options: any + branches.map { ($0, .name($0)) }, chosen: filter.branch ?? "")
            html.choice(
                .stateWord, name: "state", options: any + RunState.allCases.map { ($0.rawValue, $0.words) },
                chosen: filter.state?.rawValue ?? "")
            html.tag(.button, .class("button"), words: .filter)
        }
    }

    private func list(_ html: inout Markup) {
        html.tag(
            .section, .class("card"), .text(.dataPart, "runs"), .text(.dataHold, "always"), .label(html.phrase(.runs))
        ) {
            html in
            html.tag(.header) { html in
                html.tag(.h2, words: .runs)
                html.newsButton()
            }
            if rows.isEmpty { html.tag(.p, .class("empty"), words: .noRunsLikeThis) }
            html.tag(.ul, .class("rows")) { html in
                for row in rows { self.row(row, &html) }
            }
            if let nextPage {
                html.tag(.nav, .class("pager"), .label(html.phrase(.pages))) { html in
                    html.tag(.span)
                    html.tag(.a, .href(nextPage), words: .older)
                }
            }
        }
    }

    private func row(_ row: Row, _ html: inout Markup) {
        html.tag(.li) { html in
            html.glyphWithHiddenWord(row.state)
            html.tag(.div, .class("grow")) { html in
                html.tag(.div, .class("line")) { html in
                    html.tag(.a, .class("title"), .href(.run(row.run)), text: "\(row.workflow) #\(row.run)")
                    if row.attempt > 1 { html.tag(.span, .class("tag"), words: .attemptNumber(row.attempt)) }
                    html.tag(.span, .class("quiet"), words: row.trigger.words)
                    if let note = row.note {
                        html.tag(.span, .class(row.state == .failed ? "s-failed" : "quiet"), text: note)
                    }
                }
                html.tag(.div, .class("line quiet change")) { $0.change(row.change) }
            }
            html.tag(.span, .class("number")) { html in
                if let start = row.startedAt {
                    if let end = row.finishedAt {
                        html.duration((end - start).milliseconds)
                    } else {
                        html.elapsed(since: start)
                    }
                }
                html.tag(.div, .class("quiet small")) { $0.time(row.createdAt) }
            }
        }
    }
}
