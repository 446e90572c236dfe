// SPDX-License-Identifier: Apache-2.0

internal import Timekeeping

/// The top of a run's page: the sentence, the change, the attempts, what can be done.
struct RunHead {
    var page: RunPage

    func write(_ html: inout Markup) {
        html.tag(.header, .class("stack"), .text(.dataPart, "head")) { html in
            html.tag(.div) { html in
                crumbs(&html)
                html.tag(.div, .class("verdict"), .text(.ariaLive, "polite")) { html in
                    html.glyph(page.state)
                    html.tag(.h1, words: page.verdict.words)
                    if let standing = page.standing { self.standing(standing, &html) }
                    html.tag(.p, .class("meta")) { html in
                        html.change(page.change)
                    }
                    html.tag(.p, .class("meta")) { times(&$0) }
                }
            }
            if page.attempts.count > 1 || page.actions.isAny {
                html.tag(.div, .class("buttons")) { html in
                    actions(&html)
                    if page.attempts.count > 1 { attempts(&html) }
                }
            }
        }
    }

    private func crumbs(_ html: inout Markup) {
        html.tag(.nav, .label(html.phrase(.whereThisIs))) { html in
            html.tag(.ol, .class("crumbs")) { html in
                html.tag(.li) { $0.tag(.a, .href(.project(page.project)), text: page.project) }
                html.tag(.li) { html in
                    html.tag(.a, .href(.project(page.project, [("workflow", page.workflow)])), text: page.workflow)
                }
                html.tag(.li, words: .runNumber(page.run))
            }
        }
    }

    private func standing(_ standing: RunPage.Standing, _ html: inout Markup) {
        html.tag(.p) { html in
            switch standing {
            case .brokeHere(let lastPassed):
                html.words(.brokeHere(page.change.branch))
                if let lastPassed {
                    html.text(" ")
                    html.tag(.a, .href(.run(lastPassed)), words: .lastPassed(lastPassed))
                }
            case .brokenSince(let run, let at, let person):
                html.tag(.a, .href(.run(run)), words: .brokenSince(page.change.branch, run))
                html.text(" (")
                html.time(at)
                html.text(", \(person))")
            case .fixedHere(let run):
                html.words(.fixedHere(page.change.branch))
                html.text(" ")
                html.tag(.a, .href(.run(run)), words: .wasBrokenSince(run))
            }
        }
    }

    private func times(_ html: inout Markup) {
        html.tag(.span) { html in
            html.words(page.trigger.words)
            html.text(" · ")
            html.time(page.createdAt)
        }
        if let start = page.startedAt {
            html.tag(.span) { html in
                if let end = page.finishedAt {
                    html.words(.took)
                    html.text(" ")
                    html.duration((end - start).milliseconds)
                } else {
                    html.words(.runsFor)
                    html.text(" ")
                    html.elapsed(since: start)
                }
            }
        }
        if page.title != page.change.title { html.tag(.span, text: page.title) }
    }

    private func attempts(_ html: inout Markup) {
        html.tag(.nav, .class("attempts"), .label(html.phrase(.attempts))) { html in
            html.tag(.span, .class("quiet small"), words: .attempt)
            for attempt in page.attempts {
                let current: Attribute? = attempt.number == page.attempt ? .text(.ariaCurrent, "page") : nil
                html.tag(.a, .href(.run(page.run, attempt.number)), current) { html in
                    html.glyphWithHiddenWord(attempt.state)
                    html.text(String(attempt.number))
                }
            }
        }
    }

    private func actions(_ html: inout Markup) {
        if page.actions.canRerunFailed {
            html.form(posting: .runAct(page.run, page.attempt, "rerun")) { html in
                html.hidden("mode", "failed")
                html.tag(.button, .class("button primary"), words: .rerunFailed)
            }
        }
        if !page.actions.rerunPoints.isEmpty { rerunFrom(&html) }
        if page.actions.canCancel {
            html.form(posting: .runAct(page.run, page.attempt, "cancel")) { html in
                html.tag(.button, .class("button danger"), words: .cancelRun)
            }
        }
        if page.actions.canForceCancel {
            html.form(posting: .runAct(page.run, page.attempt, "cancel")) { html in
                html.hidden("force", "1")
                html.tag(.button, .class("button danger"), words: .forceCancel)
            }
        }
    }

    private func rerunFrom(_ html: inout Markup) {
        html.tag(.details, .class("menu left")) { html in
            html.tag(.summary, .class("button"), words: .rerunFrom)
            html.tag(.div) { html in
                html.form(posting: .runAct(page.run, page.attempt, "rerun")) { html in
                    html.tag(.div, .class("stack small-gap")) { html in
                        html.hidden("mode", "from")
                        html.tag(.label, .text(.for, "rerun-job"), words: .rerunFromJob)
                        html.tag(.select, .id("rerun-job"), .text(.name, "job")) { html in
                            for point in page.actions.rerunPoints {
                                let what = html.phrase(.rerunPoint(point.runs, point.reuses))
                                let name = point.name.isEmpty ? html.phrase(.rerunAll) : point.name
                                html.tag(.option, .text(.value, point.job), text: "\(name) — \(what)")
                                for step in point.steps {
                                    html.tag(
                                        .option, .text(.value, step.value),
                                        text: point.name.isEmpty ? step.name : "\(point.name) › \(step.name)")
                                }
                            }
                        }
                        html.tag(.button, .class("button primary"), words: .rerun)
                    }
                }
            }
        }
    }
}

extension RunPage.Actions {
    fileprivate var isAny: Bool { canRerunFailed || canCancel || canForceCancel || !rerunPoints.isEmpty }
}
