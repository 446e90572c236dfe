// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// The machines that jobs run on.
package struct RunnersPage: Page {
    package struct Runner: Sendable {
        package var id: String
        package var name: String
        package var labels: [String]
        package var isOnline: Bool
        /// Takes no new job.
        package var isPaused: Bool
        package var capacity: Int
        /// What it holds: the job's name and its run.
        package var jobs: [(name: String, run: Int)]
        package var version: String
        package var lastSeenAt: Timestamp?
        /// The server's own child.
        package var isOwn: Bool

        package init(
            id: String, name: String, labels: [String], isOnline: Bool, isPaused: Bool = false, capacity: Int,
            jobs: [(name: String, run: Int)] = [], version: String = "", lastSeenAt: Timestamp? = nil,
            isOwn: Bool = false
        ) {
            self.id = id
            self.name = name
            self.labels = labels
            self.isOnline = isOnline
            self.isPaused = isPaused
            self.capacity = capacity
            self.jobs = jobs
            self.version = version
            self.lastSeenAt = lastSeenAt
            self.isOwn = isOwn
        }
    }

    /// Why jobs wait, one sentence a cause, with how many.
    package var queue: [(reason: WaitReason, jobs: Int)]
    package var runners: [Runner]
    /// A registration token that was just made: shown once.
    package var newToken: String?
    /// The server as runners reach it.
    package var serverAddress: String
    package var receipt: Receipt?
    package var mayChange: Bool

    package init(
        queue: [(reason: WaitReason, jobs: Int)] = [], runners: [Runner], newToken: String? = nil,
        serverAddress: String, receipt: Receipt? = nil, mayChange: Bool = true
    ) {
        self.queue = queue
        self.runners = runners
        self.newToken = newToken
        self.serverAddress = serverAddress
        self.receipt = receipt
        self.mayChange = mayChange
    }

    package func render(_ context: PageContext) -> [UInt8] {
        SettingsShell(room: .runners, receipt: receipt).render(context) { html in
            if let newToken { fresh(newToken, &html) }
            if !queue.isEmpty { waiting(&html) }
            if runners.isEmpty {
                html.tag(.div, .class("card")) {
                    $0.empty(.noRunners, .noRunnersBody, command: "martlet runner register \(serverAddress)")
                }
            } else {
                html.table([.name_, .labels, .doing, .lastSeen, .actions]) { html in
                    for runner in runners { row(runner, &html) }
                }
            }
            if mayChange {
                html.form(posting: PageAddress("settings", "runners", "tokens")) { html in
                    html.tag(.button, .class("button primary"), words: .newRunner)
                }
            }
        }
    }

    private func fresh(_ token: String, _ html: inout Markup) {
        html.tag(.div, .class("note good stack small-gap"), .text(.role, "status")) { html in
            html.tag(.p, .class("strong"), words: .runnerTokenOnce)
            html.command("martlet runner register \(serverAddress) --token \(token)")
        }
    }

    private func waiting(_ html: inout Markup) {
        html.card(.whyJobsWait, classes: "warn") { html in
            html.tag(.ul, .class("rows")) { html in
                for cause in queue {
                    html.tag(.li) { html in
                        html.glyph(.waiting)
                        html.tag(.span, .class("grow"), words: cause.reason.words)
                        html.tag(.span, .class("quiet nowrap"), words: .jobCount(cause.jobs))
                    }
                }
            }
        }
    }

    private func row(_ runner: Runner, _ html: inout Markup) {
        html.tag(.tr) { html in
            html.tag(.td, .class("main")) { html in
                html.tag(.span, .class("strong"), text: runner.name)
                html.text(" ")
                if runner.isOwn { html.tag(.span, .class("tag"), words: .ownRunner) }
                html.tag(.div, .class("quiet small")) { html in
                    html.words(!runner.isOnline ? .offline : runner.isPaused ? .paused : .online)
                    if !runner.version.isEmpty { html.text(" · \(runner.version)") }
                }
            }
            html.tag(.td) { html in
                for label in runner.labels {
                    html.tag(.span, .class("tag"), text: label)
                    html.text(" ")
                }
            }
            html.tag(.td) { html in
                html.tag(.div, .class("quiet small"), words: .capacityOf(runner.jobs.count, runner.capacity))
                for job in runner.jobs {
                    html.tag(.div) { $0.tag(.a, .href(.run(job.run)), text: job.name) }
                }
            }
            html.tag(.td) { $0.timeOrNever(runner.lastSeenAt) }
            html.tag(.td, .class("actions")) { html in
                if mayChange { actions(runner, &html) }
            }
        }
    }

    private func actions(_ runner: Runner, _ html: inout Markup) {
        let act = runner.isPaused ? "resume" : "pause"
        html.rowAction(
            runner.isPaused ? .resume : .pause, on: runner.name,
            to: PageAddress("settings", "runners", runner.id, act))
        if !runner.isOwn {
            html.text(" ")
            html.rowAction(
                .remove, on: runner.name, to: PageAddress("settings", "runners", runner.id, "remove"), isDanger: true)
        }
    }
}
