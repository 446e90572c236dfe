// SPDX-License-Identifier: Apache-2.0

/// The jobs of a run as a list: what the graph draws, for those who read, listen or have a small screen.
struct JobList {
    var page: RunPage

    /// A run with more jobs lists its steps only where something failed or runs, and folds what passed.
    static let fullListLimit = 40

    func write(_ html: inout Markup) {
        let isLarge = page.jobs.count > Self.fullListLimit
        let loud = page.jobs.filter { !isLarge || $0.state != .passed && $0.state != .skipped }
        html.tag(.section, .class("card"), .label(html.phrase(.jobs))) { html in
            html.tag(.header) { html in
                html.tag(.h2, words: .jobs)
                html.tag(.span, .class("count"), text: NumberText.grouped(page.jobs.count))
            }
            html.tag(.ul, .class("jobs")) { html in
                for job in loud.sorted(by: { rank($0) < rank($1) }) { row(job, withSteps: true, &html) }
            }
            if isLarge { quiet(&html) }
        }
    }

    private func quiet(_ html: inout Markup) {
        let rest = page.jobs.filter { $0.state == .passed || $0.state == .skipped }
        guard !rest.isEmpty else { return }
        html.tag(.details, .class("rest")) { html in
            html.tag(
                .summary,
                words: .passedAndSkipped(rest.count { $0.state == .passed }, rest.count { $0.state == .skipped }))
            html.tag(.ul, .class("jobs")) { html in
                for job in rest { row(job, withSteps: false, &html) }
            }
        }
    }

    /// Failures first, the rest in the plan's order.
    private func rank(_ job: JobView) -> Int { job.state == .failed ? 0 : 1 }

    private func row(_ job: JobView, withSteps: Bool, _ html: inout Markup) {
        html.tag(.li, .id("job-\(job.id)")) { html in
            guard withSteps, !job.steps.isEmpty else {
                html.tag(.div, .class("job")) { summary(job, &$0) }
                return
            }
            html.tag(.details, .flag(.open, if: job.state == .failed)) { html in
                html.tag(.summary, .class("job")) { summary(job, &$0) }
                html.tag(.ol, .class("steps")) { html in
                    for step in job.steps { self.step(step, of: job, &html) }
                }
            }
        }
    }

    private func summary(_ job: JobView, _ html: inout Markup) {
        html.glyphWithHiddenWord(job.state)
        html.tag(.span, .class("strong cut"), .title(job.name), text: job.name)
        html.tag(.span, .class("quiet cut note-text")) { html in
            if let wait = job.wait, [.waiting, .blocked, .running].contains(job.state) {
                html.words(wait.words)
            } else if let reason = job.reason {
                html.text(reason)
            } else if let passage = job.passage {
                html.text(passage)
            } else if let runner = job.runner {
                html.words(.onRunner(runner))
            }
        }
        html.tag(.span, .class("number quiet")) { html in
            if job.state == .running, let start = job.startedAt {
                html.elapsed(since: start)
            } else if let span = job.durationMs(now: html.context.now), job.state != .skipped {
                html.duration(span)
            } else {
                html.words(job.state.words)
            }
        }
    }

    private func step(_ step: StepView, of job: JobView, _ html: inout Markup) {
        html.tag(.li) { html in
            html.glyphWithHiddenWord(step.state)
            if step.startedAt == nil {
                html.tag(.span, .class("cut quiet"), text: step.name)
            } else {
                let place = LogPlace(
                    run: page.run, attempt: page.attempt, job: job.id, step: step.id, stepAttempt: step.attempt)
                html.tag(.a, .class("cut"), .href(.log(place)), text: step.name)
            }
            if step.attempt > 1 { html.tag(.span, .class("tag"), words: .attemptNumber(step.attempt)) }
            html.tag(.span, .class("quiet cut note-text"), text: step.reason ?? "")
            html.tag(.span, .class("number quiet")) { html in
                if step.state == .running, let start = step.startedAt {
                    html.elapsed(since: start)
                } else if let span = step.durationMs(now: html.context.now) {
                    html.duration(span)
                }
            }
        }
    }
}
