// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// Something that waits for a person's yes or no.
package struct Approval: Sendable {
    package struct Vote: Sendable {
        package var person: String
        package var isApproval: Bool
        package var at: Timestamp
        package var comment: String?

        package init(person: String, isApproval: Bool, at: Timestamp, comment: String? = nil) {
            self.person = person
            self.isApproval = isApproval
            self.at = at
            self.comment = comment
        }
    }

    /// The job's id; `nil`: the whole run is held.
    package var job: String?
    package var project: String
    package var run: Int
    package var attempt: Int
    package var jobName: String
    /// Where it would deploy to; `nil`: the whole run is held.
    package var environment: String?
    /// Why it is held, in a sentence.
    package var reason: String?
    package var change: Change
    /// What started the run, and the inputs that it was given.
    package var trigger: Trigger?
    package var inputs: [(name: String, value: String)] = []
    package var askedAt: Timestamp
    package var expiresAt: Timestamp?
    package var votes: [Vote]
    package var votesNeeded: Int
    /// The changes since what is deployed there now, newest first; not more than are worth showing.
    package var changesSince: [Change]
    /// How many there are.
    package var changesCount: Int
    /// Changes that are deployed there now, and would be there no longer.
    package var takenBack = 0
    /// What is deployed there now; `nil` where nothing is.
    package var deployed: String?
    /// Why this person may not answer; `nil` where they may.
    package var refusal: String?

    package init(
        job: String? = nil, project: String, run: Int, attempt: Int, jobName: String, environment: String? = nil,
        change: Change,
        askedAt: Timestamp, expiresAt: Timestamp? = nil, votes: [Vote] = [], votesNeeded: Int = 1,
        changesSince: [Change] = [], deployed: String? = nil, refusal: String? = nil
    ) {
        self.job = job
        self.project = project
        self.run = run
        self.attempt = attempt
        self.jobName = jobName
        self.environment = environment
        self.change = change
        self.askedAt = askedAt
        self.expiresAt = expiresAt
        self.votes = votes
        self.votesNeeded = votesNeeded
        self.changesSince = changesSince
        changesCount = changesSince.count
        self.deployed = deployed
        self.refusal = refusal
    }

    /// Fields: `decision` (`approve` or `reject`), `comment`, `csrf`.
    var address: PageAddress {
        PageAddress(parts: ["approvals", String(run)] + (job.map { [String(attempt), $0] } ?? []))
    }

    /// Unique on a page.
    var key: String { "\(run)-\(attempt)-\(job ?? "run")" }

    /// In a list: one line, two buttons.
    func row(_ html: inout Markup) {
        html.tag(.li) { html in
            html.glyphWithHiddenWord(.blocked)
            html.tag(.div, .class("grow")) { html in
                html.tag(.div, .class("line")) { html in
                    html.tag(.a, .class("title"), .href(.run(run, attempt)), text: "\(project) › \(jobName)")
                    if let environment { html.tag(.span, .class("quiet"), words: .toEnvironment(environment)) }
                    html.tag(.span, .class("quiet")) { $0.time(askedAt) }
                }
                html.tag(.div, .class("line quiet change")) { $0.change(change) }
                if let reason { html.tag(.div, .class("quiet small"), text: reason) }
            }
            if refusal == nil {
                html.form(posting: address) { html in
                    html.tag(.div, .class("buttons")) { buttons(&$0) }
                }
            }
        }
    }

    func buttons(_ html: inout Markup) {
        html.tag(
            .button, .class("button primary"), .text(.name, "decision"), .text(.value, "approve"), words: .approve)
        html.tag(
            .button, .class("button danger"), .text(.name, "decision"), .text(.value, "reject"), words: .reject)
    }
}
