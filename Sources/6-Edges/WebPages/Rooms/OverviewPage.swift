// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// The first room: what is broken, what waits for a person, what runs, and the last runs of every project.
package struct OverviewPage: Page {
    /// A workflow whose last run on a branch that matters failed.
    package struct Broken: Sendable {
        package var project: String
        package var workflow: String
        package var branch: String
        package var run: Int
        /// When the first run of the unbroken row of failures ended.
        package var since: Timestamp
        /// The change with which it began.
        package var change: Change
        /// Who said that they look into it.
        package var takenBy: String?

        package init(
            project: String, workflow: String, branch: String, run: Int, since: Timestamp, change: Change,
            takenBy: String? = nil
        ) {
            self.project = project
            self.workflow = workflow
            self.branch = branch
            self.run = run
            self.since = since
            self.change = change
            self.takenBy = takenBy
        }
    }

    package struct Running: Sendable {
        package var project: String
        package var workflow: String
        package var run: Int
        package var change: Change
        /// `nil` while it waits for its first runner.
        package var startedAt: Timestamp?
        /// From the runs before; `nil` where there are too few.
        package var expectedMs: Int64?
        package var wait: WaitReason?

        package init(
            project: String, workflow: String, run: Int, change: Change, startedAt: Timestamp? = nil,
            expectedMs: Int64? = nil, wait: WaitReason? = nil
        ) {
            self.project = project
            self.workflow = workflow
            self.run = run
            self.change = change
            self.startedAt = startedAt
            self.expectedMs = expectedMs
            self.wait = wait
        }
    }

    package struct Project: Sendable {
        package var name: String
        /// Oldest first.
        package var runs: [RunMark]
        package var lastRunAt: Timestamp?

        package init(name: String, runs: [RunMark], lastRunAt: Timestamp? = nil) {
            self.name = name
            self.runs = runs
            self.lastRunAt = lastRunAt
        }
    }

    package var broken: [Broken]
    package var waiting: [Approval]
    package var running: [Running]
    package var projects: [Project]
    package var runnersOnline: Int
    package var runnersBusy: Int

    package init(
        broken: [Broken] = [], waiting: [Approval] = [], running: [Running] = [], projects: [Project] = [],
        runnersOnline: Int = 0, runnersBusy: Int = 0
    ) {
        self.broken = broken
        self.waiting = waiting
        self.running = running
        self.projects = projects
        self.runnersOnline = runnersOnline
        self.runnersBusy = runnersBusy
    }

    package func render(_ context: PageContext) -> [UInt8] {
        let shell = PageShell(
            title: PageText.overview.text(in: context.language), room: .overview,
            state: broken.isEmpty ? (running.isEmpty ? nil : .running) : .failed, events: .overviewEvents)
        return shell.render(context) { html in
            html.tag(.div, .class("stack")) { html in
                pulse(&html)
                if projects.isEmpty {
                    html.tag(.div, .class("card")) {
                        $0.empty(.noProjects, .noProjectsBody, place: (.settings("projects"), .addProject))
                    }
                } else {
                    html.tag(.div, .class("split")) { html in
                        html.tag(.div, .class("stack")) { html in
                            brokenCard(&html)
                            waitingCard(&html)
                            runningCard(&html)
                        }
                        projectsCard(&html)
                    }
                }
            }
        }
    }

    private func pulse(_ html: inout Markup) {
        html.tag(.header, .text(.dataPart, "pulse"), .text(.ariaLive, "polite")) { html in
            html.tag(.h1, .class("pulse"), words: .pulse(broken: broken.count, projects: projects.count))
            html.tag(
                .p,
                words: .pulseRest(
                    waiting: waiting.count, running: running.count, busy: runnersBusy, online: runnersOnline))
        }
    }

    private func brokenCard(_ html: inout Markup) {
        guard !broken.isEmpty else { return }
        html.card(.brokenNow, classes: "bad", part: "broken") { html in
            html.tag(.ul, .class("rows")) { html in
                for item in broken { brokenRow(item, &html) }
            }
        }
    }

    private func brokenRow(_ item: Broken, _ html: inout Markup) {
        html.tag(.li) { html in
            html.glyphWithHiddenWord(.failed)
            html.tag(.div, .class("grow")) { html in
                html.tag(.div, .class("line")) { html in
                    html.tag(.a, .class("title"), .href(.run(item.run))) { html in
                        html.text("\(item.project) › \(item.workflow)")
                    }
                    if item.branch != item.change.branch {
                        html.tag(.span, .class("quiet"), words: .onBranch(item.branch))
                    }
                    html.tag(.span, .class("quiet")) { html in
                        html.words(.sinceTime)
                        html.text(" ")
                        html.time(item.since)
                    }
                }
                html.tag(.div, .class("line quiet change")) { $0.change(item.change) }
            }
            if let person = item.takenBy { html.tag(.span, .class("tag"), words: .takenBy(person)) }
        }
    }

    private func waitingCard(_ html: inout Markup) {
        guard !waiting.isEmpty else { return }
        html.card(.waitingForYou, classes: "warn", part: "waiting") { html in
            html.tag(.ul, .class("rows")) { html in
                for approval in waiting { approval.row(&html) }
            }
        }
    }

    private func runningCard(_ html: inout Markup) {
        html.card(.runningNow, part: "running") { html in
            if running.isEmpty {
                html.tag(.p, .class("empty"), words: .nothingRuns)
            } else {
                html.tag(.ul, .class("rows")) { html in
                    for run in running { runningRow(run, &html) }
                }
            }
        }
    }

    private func runningRow(_ run: Running, _ html: inout Markup) {
        html.tag(.li) { html in
            html.glyphWithHiddenWord(run.startedAt == nil ? .waiting : .running)
            html.tag(.div, .class("grow")) { html in
                html.tag(.div, .class("line")) { html in
                    html.tag(.a, .class("title"), .href(.run(run.run)), text: "\(run.project) › \(run.workflow)")
                    html.tag(.span, .class("quiet"), text: run.change.branch)
                }
                html.tag(.div, .class("line quiet")) { html in
                    if let wait = run.wait {
                        html.words(wait.words)
                    } else {
                        html.tag(.span, .class("cut"), text: "\(run.change.title) · \(run.change.author)")
                    }
                }
                progress(run, &html)
            }
            if let start = run.startedAt {
                html.tag(.span, .class("number")) { html in
                    html.elapsed(since: start)
                    if let expected = run.expectedMs {
                        let left = expected - (html.context.now - start).milliseconds
                        html.tag(.div, .class("quiet small"), words: .timeLeft(left))
                    }
                }
            }
        }
    }

    private func progress(_ run: Running, _ html: inout Markup) {
        guard let start = run.startedAt, let expected = run.expectedMs, expected > 0 else { return }
        let elapsed = (html.context.now - start).milliseconds
        html.tag(
            .progress, .number(.max, 100), .text(.value, String(min(98, elapsed * 100 / expected))),
            .label(html.phrase(.forecast)))
    }

    private func projectsCard(_ html: inout Markup) {
        html.card(.projects, part: "projects") { html in
            html.tag(.ul) { html in
                for project in projects { projectRow(project, &html) }
            }
        }
    }

    private func projectRow(_ project: Project, _ html: inout Markup) {
        html.tag(.li, .class("project")) { html in
            html.tag(.div, .class("name")) { html in
                if let last = project.runs.last { html.glyphWithHiddenWord(last.state) }
                html.tag(.a, .class("cut"), .href(.project(project.name)), text: project.name)
            }
            RunMarks(runs: project.runs).write(&html)
            html.tag(.span, .class("quiet small number")) { html in
                if let last = project.lastRunAt { html.time(last) } else { html.words(.noRunsYet) }
            }
        }
    }
}
