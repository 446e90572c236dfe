// SPDX-License-Identifier: Apache-2.0

/// Everything that waits for a person, with what it would change.
package struct ApprovalsPage: Page {
    package var waiting: [Approval]
    /// Answered lately, newest first.
    package var answered: [Answered]

    package struct Answered: Sendable {
        package var approval: Approval
        package var isApproved: Bool

        package init(approval: Approval, isApproved: Bool) {
            self.approval = approval
            self.isApproved = isApproved
        }
    }

    package init(waiting: [Approval], answered: [Answered] = []) {
        self.waiting = waiting
        self.answered = answered
    }

    package func render(_ context: PageContext) -> [UInt8] {
        let shell = PageShell(
            title: PageText.approvals.text(in: context.language), room: .approvals,
            state: waiting.isEmpty ? nil : .blocked, events: .overviewEvents)
        return shell.render(context) { html in
            html.tag(.div, .class("stack")) { html in
                html.tag(.h1, words: waiting.isEmpty ? .nothingWaits : .waitFor(waiting.count))
                if waiting.isEmpty {
                    html.tag(.div, .class("card")) {
                        $0.empty(.noApprovals, .noApprovalsBody, command: "martlet approve RUN --reason TEXT")
                    }
                }
                html.tag(.div, .class("stack"), .text(.dataPart, "waiting")) { html in
                    for approval in waiting { card(approval, &html) }
                }
                if !answered.isEmpty { history(&html) }
            }
        }
    }

    private func card(_ approval: Approval, _ html: inout Markup) {
        html.tag(.section, .class("card warn")) { html in
            html.tag(.header) { html in
                html.glyph(.blocked)
                html.tag(.h2) { html in
                    html.tag(
                        .a, .href(.run(approval.run, approval.attempt)),
                        text: "\(approval.project) › \(approval.jobName)")
                    if let environment = approval.environment {
                        html.text(" ")
                        html.words(.toEnvironment(environment))
                    }
                }
                html.tag(.span, .class("end quiet")) { html in
                    html.words(.asked)
                    html.text(" ")
                    html.time(approval.askedAt)
                }
            }
            html.tag(.div, .class("written")) { html in
                html.tag(.p, .class("line-wrap")) { html in
                    html.tag(.a, .href(.run(approval.run, approval.attempt)), words: .runNumber(approval.run))
                    if let trigger = approval.trigger { html.tag(.span, words: trigger.words) }
                    html.change(approval.change)
                }
                if !approval.inputs.isEmpty {
                    html.tag(.p, .class("line-wrap")) { html in
                        html.tag(.span, .class("quiet"), words: .inputs)
                        for input in approval.inputs {
                            html.tag(.code, .class("tag"), text: "\(input.name): \(input.value)")
                        }
                    }
                }
                if let reason = approval.reason { html.tag(.p, text: reason) }
                effect(approval, &html)
                votes(approval, &html)
                if let refusal = approval.refusal {
                    html.tag(.p, .class("note"), text: refusal)
                } else {
                    answer(approval, &html)
                }
            }
        }
    }

    private func effect(_ approval: Approval, _ html: inout Markup) {
        if let deployed = approval.deployed {
            html.tag(.p, words: .replaces(deployed))
        } else if approval.environment != nil {
            html.tag(.p, words: .firstThere)
        }
        if approval.takenBack > 0 {
            html.tag(.p, .class("note"), words: .takesBack(approval.takenBack))
        }
        guard !approval.changesSince.isEmpty else { return }
        html.tag(.details, .flag(.open, if: approval.changesSince.count <= 5)) { html in
            html.tag(.summary, words: .changesSinceThen(approval.changesCount))
            html.tag(.ul) { html in
                for change in approval.changesSince {
                    html.tag(.li) { html in
                        html.tag(.code, text: change.commit.prefix(7))
                        html.text(" \(change.title) · \(change.author)")
                    }
                }
                if approval.changesCount > approval.changesSince.count {
                    html.tag(.li, .class("quiet"), words: .andMore(approval.changesCount - approval.changesSince.count))
                }
            }
        }
    }

    private func votes(_ approval: Approval, _ html: inout Markup) {
        let given = approval.votes.count { $0.isApproval }
        if approval.votesNeeded > 1 {
            html.tag(.p, .class("strong"), words: .votesOf(given, approval.votesNeeded))
        }
        for vote in approval.votes {
            html.tag(.p, .class("quiet")) { html in
                html.glyph(vote.isApproval ? .passed : .failed)
                html.text(" ")
                html.words(vote.isApproval ? .approvedBy(vote.person) : .rejectedBy(vote.person))
                html.text(" ")
                html.time(vote.at)
                if let comment = vote.comment { html.text(" — \(comment)") }
            }
        }
        if let end = approval.expiresAt {
            html.tag(.p, .class("quiet")) { html in
                html.words(.expiresAt)
                html.text(" ")
                html.time(end)
            }
        }
    }

    private func answer(_ approval: Approval, _ html: inout Markup) {
        html.form(posting: approval.address) { html in
            html.tag(.div, .class("stack small-gap")) { html in
                html.tag(.label, .class("sr"), .text(.for, "c-\(approval.key)"), words: .comment)
                html.tag(
                    .input, .id("c-\(approval.key)"), .text(.type, "text"), .text(.name, "comment"),
                    .text(.placeholder, html.phrase(.commentHint)), .text(.autocomplete, "off"))
                html.tag(.div, .class("buttons")) { approval.buttons(&$0) }
            }
        }
    }

    private func history(_ html: inout Markup) {
        html.card(.answeredLately) { html in
            html.tag(.ul, .class("rows")) { html in
                for item in answered {
                    html.tag(.li) { html in
                        html.glyph(item.isApproved ? .passed : .failed)
                        html.tag(.div, .class("grow line")) { html in
                            html.tag(
                                .a, .class("title"), .href(.run(item.approval.run, item.approval.attempt)),
                                text: "\(item.approval.project) › \(item.approval.jobName)")
                            if let environment = item.approval.environment {
                                html.tag(.span, .class("quiet"), words: .toEnvironment(environment))
                            }
                            if let vote = item.approval.votes.last {
                                html.tag(
                                    .span, words: item.isApproved ? .approvedBy(vote.person) : .rejectedBy(vote.person))
                                if let comment = vote.comment { html.tag(.span, .class("quiet"), text: comment) }
                            }
                        }
                        if let vote = item.approval.votes.last { html.tag(.span, .class("quiet")) { $0.time(vote.at) } }
                    }
                }
            }
        }
    }
}
