// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// One attempt of a run.
package struct RunPage: Page {
    package struct Attempt: Sendable {
        package var number: Int
        package var state: RunState

        package init(number: Int, state: RunState) {
            self.number = number
            self.state = state
        }
    }

    /// What this person may do with the run now.
    package struct Actions: Sendable {
        package var canRerunFailed: Bool
        /// Jobs from which it can be run again, by id, with what would be taken over in words.
        package var rerunPoints: [RerunPoint]
        package var canCancel: Bool
        /// It was cancelled, and is still waited for.
        package var canForceCancel = false

        package init(canRerunFailed: Bool = false, rerunPoints: [RerunPoint] = [], canCancel: Bool = false) {
            self.canRerunFailed = canRerunFailed
            self.rerunPoints = rerunPoints
            self.canCancel = canCancel
        }
    }

    package struct RerunPoint: Sendable {
        package var job: String
        /// Empty: all jobs.
        package var name: String
        /// How many jobs would run, and how many results would be taken over.
        package var runs: Int
        package var reuses: Int
        /// Its own steps that it can begin with, but the first: with that all of the job begins.
        package var steps: [Step] = []

        package struct Step: Sendable {
            /// What the form sends.
            package var value: String
            /// `2 Compile`
            package var name: String

            package init(value: String, name: String) {
                self.value = value
                self.name = name
            }
        }

        package init(job: String, name: String, runs: Int, reuses: Int) {
            self.job = job
            self.name = name
            self.runs = runs
            self.reuses = reuses
        }
    }

    /// The first failure: the end of its output.
    package struct Failure: Sendable {
        package var place: LogPlace
        package var jobName: String
        package var stepName: String
        /// One sentence: "Process completed with exit code 1."
        package var reason: String?
        /// The last ``excerptLines`` or fewer.
        package var lines: [LogLine]

        package init(place: LogPlace, jobName: String, stepName: String, reason: String? = nil, lines: [LogLine]) {
            self.place = place
            self.jobName = jobName
            self.stepName = stepName
            self.reason = reason
            self.lines = lines
        }
    }

    /// Since when the workflow has been failing on this branch.
    package enum Standing: Sendable {
        /// This run is the first that fails; the one before passed.
        case brokeHere(lastPassed: Int?)
        case brokenSince(run: Int, at: Timestamp, by: String)
        case fixedHere(after: Int)
    }

    package static let excerptLines = 30

    package var project: String
    package var workflow: String
    package var run: Int
    /// What `run-name` came to, or the change's title.
    package var title: String
    package var attempt: Int
    package var attempts: [Attempt]
    package var verdict: RunVerdict
    package var standing: Standing?
    package var change: Change
    package var trigger: Trigger
    package var createdAt: Timestamp
    package var startedAt: Timestamp?
    package var finishedAt: Timestamp?
    package var actions: Actions
    package var failure: Failure?
    package var jobs: [JobView]
    /// Ids of the jobs on the longest chain.
    package var criticalPath: [String]
    /// What stands beside each tab's name.
    package var counts: TabCounts
    /// Which tab, with what it shows.
    package var content: RunTabContent

    package init(
        project: String, workflow: String, run: Int, title: String, attempt: Int, attempts: [Attempt],
        verdict: RunVerdict, standing: Standing? = nil, change: Change, trigger: Trigger, createdAt: Timestamp,
        startedAt: Timestamp? = nil, finishedAt: Timestamp? = nil, actions: Actions = Actions(),
        failure: Failure? = nil, jobs: [JobView], criticalPath: [String] = [], counts: TabCounts = TabCounts(),
        content: RunTabContent = .graph(unfolded: [])
    ) {
        self.project = project
        self.workflow = workflow
        self.run = run
        self.title = title
        self.attempt = attempt
        self.attempts = attempts
        self.verdict = verdict
        self.standing = standing
        self.change = change
        self.trigger = trigger
        self.createdAt = createdAt
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.actions = actions
        self.failure = failure
        self.jobs = jobs
        self.criticalPath = criticalPath
        self.counts = counts
        self.content = content
    }

    package var state: RunState { verdict.state }

    package func render(_ context: PageContext) -> [UInt8] {
        let words = "\(state.words.text(in: context.language)): \(project) › \(workflow) #\(run)"
        let shell = PageShell(
            title: words, room: nil, state: state,
            events: state.isFinished ? nil : .runEvents(run, attempt))
        return shell.render(context) { html in
            html.tag(.div, .class("stack")) { html in
                RunHead(page: self).write(&html)
                if let failure { excerpt(failure, &html) }
                html.tag(.section, .class("stack"), .text(.dataPart, "tab")) { html in
                    tabs(&html)
                    RunTabView(page: self).write(&html)
                }
            }
        }
    }

    /// Open where one looks at the run; folded where one went on to a view of it.
    private func excerpt(_ failure: Failure, _ html: inout Markup) {
        html.tag(.section, .class("card bad"), .text(.dataPart, "failure"), .label(html.phrase(.firstFailure))) {
            html in
            html.tag(.details, .class("failure"), .id("failure"), .flag(.open, if: content.tab == .graph)) { html in
                html.tag(.summary) { html in
                    html.tag(.h2) { html in
                        html.words(.firstFailure)
                        html.text(": \(failure.jobName) › \(failure.stepName)")
                    }
                    html.tag(.span, .class("end nowrap")) { html in
                        let last = failure.lines.last?.number
                        let address = PageAddress.log(failure.place, lines: last.map { $0...$0 })
                        html.tag(.a, .href(address), words: .openLog)
                    }
                }
                if let reason = failure.reason { html.tag(.p, .class("why"), text: reason) }
                html.tag(.div, .class("excerpt log")) { html in
                    for line in failure.lines.suffix(Self.excerptLines) where line.kind != .groupEnd {
                        html.logLine(line, linkingTo: failure.place)
                    }
                }
            }
        }
    }

    private func tabs(_ html: inout Markup) {
        html.tag(.nav, .class("tabs"), .label(html.phrase(.views))) { html in
            for tab in RunTab.allCases {
                let current: Attribute? = tab == content.tab ? .text(.ariaCurrent, "page") : nil
                html.tag(.a, .href(address(of: tab)), current) { html in
                    html.words(tab.words)
                    if let count = counts.count(of: tab), count > 0 {
                        let isBad = tab == .tests && counts.failedTests > 0
                        html.tag(
                            .span, .class(isBad ? "count s-failed" : "count"), text: NumberText.grouped(count))
                    }
                }
            }
        }
    }

    func address(of tab: RunTab, _ query: [(String, String)] = []) -> PageAddress {
        .run(run, attempt, [("view", tab.rawValue)] + query)
    }
}

/// The views of a run, each with its address: `?view=timeline`.
package enum RunTab: String, Sendable, CaseIterable {
    case graph, timeline, tests, annotations, artifacts, summary, plan, events

    var words: PageText {
        switch self {
        case .graph: .tabGraph
        case .timeline: .tabTimeline
        case .tests: .tabTests
        case .annotations: .tabAnnotations
        case .artifacts: .tabArtifacts
        case .summary: .tabSummary
        case .plan: .tabPlan
        case .events: .tabEvents
        }
    }
}

package struct TabCounts: Sendable {
    package var tests: Int
    package var failedTests: Int
    package var annotations: Int
    package var artifacts: Int
    package var summaries: Int

    package init(tests: Int = 0, failedTests: Int = 0, annotations: Int = 0, artifacts: Int = 0, summaries: Int = 0) {
        self.tests = tests
        self.failedTests = failedTests
        self.annotations = annotations
        self.artifacts = artifacts
        self.summaries = summaries
    }

    /// Of tests those that failed, where some did.
    func count(of tab: RunTab) -> Int? {
        switch tab {
        case .tests: failedTests > 0 ? failedTests : tests
        case .annotations: annotations
        case .artifacts: artifacts
        case .summary: summaries
        case .graph, .timeline, .plan, .events: nil
        }
    }
}
