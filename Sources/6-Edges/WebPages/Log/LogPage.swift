// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// The log of one step's attempt. As HTML it comes in pages; the page's module shows all of it at once.
package struct LogPage: Page {
    /// Lines of one page of HTML.
    package static let pageLines = 5_000

    package var project: String
    package var workflow: String
    package var place: LogPlace
    package var jobName: String
    package var stepName: String
    package var state: RunState
    package var startedAt: Timestamp?
    package var finishedAt: Timestamp?
    /// The job's steps, for the way to their logs.
    package var steps: [StepView]
    /// The lines from ``firstLine`` on, at most ``pageLines``.
    package var lines: [LogLine]
    /// The number of the first line that is here; 1 unless the query asked with `from`.
    package var firstLine: Int
    /// How many lines the log has by now.
    package var totalLines: Int
    /// All groups of the log, not only of this page.
    package var groups: [LogGroup]
    /// Why there is nothing to read: the step waits, was skipped, or its log was deleted.
    package var absence: String?

    package init(
        project: String, workflow: String, place: LogPlace, jobName: String, stepName: String, state: RunState,
        startedAt: Timestamp? = nil, finishedAt: Timestamp? = nil, steps: [StepView] = [], lines: [LogLine],
        firstLine: Int = 1, totalLines: Int, groups: [LogGroup] = [], absence: String? = nil
    ) {
        self.project = project
        self.workflow = workflow
        self.place = place
        self.jobName = jobName
        self.stepName = stepName
        self.state = state
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.steps = steps
        self.lines = lines
        self.firstLine = firstLine
        self.totalLines = totalLines
        self.groups = groups
        self.absence = absence
    }

    package func render(_ context: PageContext) -> [UInt8] {
        let shell = PageShell(
            title: "\(stepName) · \(jobName) #\(place.run)", room: nil, state: state, mainClass: "wide flush",
            modules: ["log.js"])
        return shell.render(context) { html in
            html.tag(.div, .class("log-page")) { html in
                html.tag(.nav, .label(html.phrase(.steps))) { html in
                    html.tag(.div) { steps(&$0) }
                }
                html.tag(.div) { html in
                    head(&html)
                    tools(&html)
                    html.tag(.div, .id("hits"), .class("hits"), .flag(.hidden), .label(html.phrase(.matches)))
                    body(&html)
                }
            }
        }
    }

    private func steps(_ html: inout Markup) {
        html.tag(.h2, .class("cut"), .title(jobName), text: jobName)
        html.tag(.ol) { html in
            for step in steps {
                html.tag(.li) { html in
                    let place = LogPlace(
                        run: place.run, attempt: place.attempt, job: place.job, step: step.id,
                        stepAttempt: step.attempt)
                    let current: Attribute? = step.id == self.place.step ? .text(.ariaCurrent, "page") : nil
                    html.tag(.a, .href(.log(place)), current) { html in
                        html.glyphWithHiddenWord(step.state)
                        html.tag(.span, .class("cut"), text: step.name)
                        if let span = step.durationMs(now: html.context.now) {
                            html.tag(.small) { $0.duration(span) }
                        }
                    }
                }
            }
        }
    }

    private func head(_ html: inout Markup) {
        html.tag(.header, .class("log-head")) { html in
            html.tag(.nav, .label(html.phrase(.whereThisIs))) { html in
                html.tag(.ol, .class("crumbs")) { html in
                    html.tag(.li) { $0.tag(.a, .href(.project(project)), text: project) }
                    html.tag(.li) { html in
                        html.tag(.a, .href(.run(place.run, place.attempt))) { html in
                            html.text("\(workflow) ")
                            html.words(.runNumber(place.run))
                        }
                    }
                    html.tag(.li, words: .attemptNumber(place.attempt))
                    html.tag(.li, text: jobName)
                }
            }
            html.tag(.h1) { html in
                html.glyphWithHiddenWord(state)
                html.text(stepName)
                html.tag(.span, .class("quiet small")) { html in
                    if let start = startedAt {
                        if let end = finishedAt {
                            html.duration((end - start).milliseconds)
                        } else {
                            html.elapsed(since: start)
                        }
                        html.text(" · ")
                    }
                    html.words(.lineCount(totalLines))
                }
            }
        }
    }

    private func tools(_ html: inout Markup) {
        html.tag(.div, .class("bar")) { html in
            html.tag(
                .form, .text(.role, "search"), .text(.method, "get"), .id("find"),
                .address(.action, .searchPage(place.run, place.attempt)),
                .address(.dataSearch, .runSearch(place.run, place.attempt)),
                .address(.dataGoto, .logTemplate(place.run, place.attempt)),
                .text(.dataWords, html.phrase(.searchWords))
            ) { html in
                html.tag(
                    .input, .text(.type, "search"), .text(.name, "q"), .label(html.phrase(.searchRun)),
                    .text(.placeholder, html.phrase(.searchRun)), .text(.autocomplete, "off"),
                    .text(.spellcheck, "false"))
                html.tag(.label) { html in
                    html.tag(.input, .text(.type, "checkbox"), .text(.name, "regex"), .text(.value, "1"))
                    html.words(.regex)
                }
            }
            html.tag(.output, .id("found"), .text(.ariaLive, "polite"))
            html.tag(.button, .class("button"), .text(.type, "button"), .id("prev"), .flag(.hidden), words: .previous)
            html.tag(.button, .class("button"), .text(.type, "button"), .id("next"), .flag(.hidden), words: .next)
            html.tag(.div, .class("buttons end")) { html in
                html.tag(
                    .button, .class("button follow"), .text(.type, "button"), .id("follow"), .flag(.hidden),
                    .text(.ariaPressed, "false"), words: .follow)
                html.tag(
                    .button, .class("button"), .text(.type, "button"), .id("times"), .flag(.hidden),
                    .text(.ariaPressed, "false"), words: .times)
                html.tag(
                    .button, .class("button"), .text(.type, "button"), .id("link"), .flag(.hidden),
                    .text(.dataDone, html.phrase(.copied)), words: .copyLink)
                html.tag(.a, .class("button"), .href(.logLines(place, [("format", "text")])), words: .raw)
                html.tag(
                    .a, .class("button"), .href(.logLines(place, [("format", "text"), ("download", "1")])),
                    .flag(.download), words: .download)
            }
        }
    }

    private func body(_ html: inout Markup) {
        if let absence { return html.tag(.p, .class("empty"), text: absence) }
        html.tag(
            .div, .id("log"), .class("log static"), .address(.dataLines, .logLines(place)),
            .number(.dataTotal, totalLines), .text(.dataState, state.isFinished ? "finished" : "live"),
            .text(.dataGroups, groupText), .text(.dataJob, place.job), .text(.dataStep, place.step),
            .number(.dataAttempt, place.stepAttempt), .text(.dataWords, html.phrase(.viewerWords))
        ) { html in
            html.logLines(lines, groups: groups)
        }
        pager(&html)
    }

    /// `[[start,end,milliseconds,open],…]`: what the page's module folds.
    private var groupText: String {
        let items = groups.map { "[\($0.start),\($0.end),\($0.durationMs ?? -1),\($0.isOpen ? 1 : 0)]" }
        return "[" + items.joined(separator: ",") + "]"
    }

    private func pager(_ html: inout Markup) {
        guard totalLines > Self.pageLines else { return }
        html.tag(.nav, .id("pages"), .class("pager"), .label(html.phrase(.pages))) { html in
            if firstLine > 1 {
                let before = max(1, firstLine - Self.pageLines)
                html.tag(.a, .href(.log(place, from: before)), words: .previousPage)
            } else {
                html.tag(.span)
            }
            let last = firstLine + lines.count - 1
            html.tag(.span, .class("quiet"), words: .linesOf(firstLine, last, totalLines))
            if last < totalLines {
                html.tag(.a, .href(.log(place, from: last + 1)), words: .nextPage)
            } else {
                html.tag(.span)
            }
        }
    }
}
