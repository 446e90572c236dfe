// SPDX-License-Identifier: Apache-2.0

internal import Timekeeping

/// A bar a job over the run's time: how long it waited, set up, and worked; a thin mark where its median would end.
struct TimelineDrawing {
    var page: RunPage

    func write(_ html: inout Markup) {
        let now = html.context.now
        let shown = page.jobs.filter { $0.queuedAt != nil || $0.startedAt != nil || $0.gatedAt != nil }
        guard let start = shown.compactMap({ [$0.gatedAt, $0.queuedAt, $0.startedAt].compactMap(\.self).min() }).min()
        else {
            html.tag(.div, .class("card")) {
                $0.empty(.nothingStarted, .nothingStartedBody, command: "martlet why \(page.run)")
            }
            return
        }
        let ends = shown.map { lastMoment($0, now) }
        let scale = Scale(start: start, end: ends.max() ?? now)
        html.tag(.section, .class("card timeline"), .label(html.phrase(.tabTimeline))) { html in
            axis(scale, &html)
            for job in shown { lane(job, scale, &html) }
        }
        legend(&html)
    }

    private func lastMoment(_ job: JobView, _ now: Timestamp) -> Timestamp {
        let end = job.finishedAt ?? now
        guard let median = job.medianMs, let start = job.startedAt else { return end }
        return max(end, start + .milliseconds(median))
    }

    /// Moments as hundredths of a percent of the whole.
    private struct Scale {
        var start: Timestamp
        var end: Timestamp

        var lengthMs: Int64 { max(1000, (end - start).milliseconds) }

        func percent(_ moment: Timestamp) -> String { percent(lengthMs: (moment - start).milliseconds) }

        func percent(lengthMs length: Int64) -> String {
            let hundredths = min(10_000, max(0, length * 10_000 / lengthMs))
            let rest = hundredths % 100
            return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)%"
        }
    }

    private func axis(_ scale: Scale, _ html: inout Markup) {
        html.tag(.div, .class("lane axis"), .decorative) { html in
            html.tag(.span)
            html.tag(.div, .class("track")) { html in
                html.tag(.svg, .class("bars")) { html in
                    for quarter in 0..<4 {
                        let at = scale.lengthMs * Int64(quarter) / 4
                        html.tag(.svgText, .text(.x, scale.percent(lengthMs: at)), .number(.y, 13)) { html in
                            html.text(TimeText.duration(milliseconds: at, in: html.context.language))
                        }
                    }
                }
            }
            html.tag(.span)
        }
    }

    private func lane(_ job: JobView, _ scale: Scale, _ html: inout Markup) {
        html.tag(.div, .class("lane")) { html in
            html.tag(.div, .class("name")) { html in
                html.glyphWithHiddenWord(job.state)
                if let step = job.foremostStep {
                    let place = LogPlace(
                        run: page.run, attempt: page.attempt, job: job.id, step: step.id, stepAttempt: step.attempt)
                    html.tag(.a, .class("cut"), .href(.log(place)), .title(job.name), text: job.name)
                } else {
                    html.tag(.span, .class("cut"), .title(job.name), text: job.name)
                }
            }
            html.tag(.div, .class("track")) { html in
                html.tag(.svg, .class("bars"), .text(.role, "img"), .label(label(job, html.context))) { html in
                    bars(job, scale, &html)
                }
            }
            html.tag(.span, .class("number quiet")) { html in
                if let span = job.durationMs(now: html.context.now) { html.duration(span) }
            }
        }
    }

    private func label(_ job: JobView, _ context: PageContext) -> String {
        let begun = [job.gatedAt, job.queuedAt].compactMap(\.self).min()
        let queued = begun.map { ((job.startedAt ?? job.finishedAt ?? context.now) - $0).milliseconds } ?? 0
        let words = PageText.laneLabel(
            queuedMs: queued, ranMs: job.durationMs(now: context.now) ?? 0, medianMs: job.medianMs)
        return words.text(in: context.language)
    }

    private func bars(_ job: JobView, _ scale: Scale, _ html: inout Markup) {
        for quarter in 1..<4 {
            let x = scale.percent(lengthMs: scale.lengthMs * Int64(quarter) / 4)
            html.tag(.line, .class("grid"), .text(.x1, x), .text(.x2, x), .number(.y1, -6), .number(.y2, 24))
        }
        let now = html.context.now
        waits(job, scale, &html)
        if let start = job.startedAt {
            let first = job.steps.first { !$0.isSetUp && $0.startedAt != nil }?.startedAt
            // What is inside of a step is drawn with it.
            let own = job.steps.filter { !$0.isSetUp && !$0.isInner }
            bar("setup", start, first ?? job.finishedAt ?? now, html.phrase(.setUp), scale, &html)
            for (index, step) in own.enumerated() {
                guard let begin = step.startedAt else { continue }
                let end = step.finishedAt ?? now
                let span = TimeText.duration(milliseconds: (end - begin).milliseconds, in: html.context.language)
                let tone = step.state == .failed ? "step failed" : index % 2 == 0 ? "step" : "step odd"
                bar(tone, begin, end, "\(step.name): \(html.phrase(step.state.words)), \(span)", scale, &html)
            }
            if let median = job.medianMs {
                html.tag(
                    .rect, .class("median"), .text(.x, scale.percent(start + .milliseconds(median))), .number(.y, -1),
                    .number(.width, 2), .number(.height, 20)
                ) { $0.tag(.title, words: .medianIs(median)) }
            }
        }
    }

    /// For people, and then for a runner. What let it pass put it into the queue anew.
    private func waits(_ job: JobView, _ scale: Scale, _ html: inout Markup) {
        let end = job.startedAt ?? job.finishedAt ?? html.context.now
        func wait(_ tone: String, _ start: Timestamp, _ end: Timestamp, _ why: String) {
            let title = "\(html.phrase(.queuedFor((end - start).milliseconds))). \(why)"
            bar(tone, start, end, title, scale, &html)
        }
        let why = job.wait.map { html.phrase($0.words) }
        var forRunner = job.queuedAt
        if let gatedAt = job.gatedAt {
            let hasPassed = job.queuedAt.map { gatedAt < $0 } ?? false
            wait(
                "queue gate", gatedAt, hasPassed ? job.queuedAt ?? end : end,
                job.passage ?? why ?? html.phrase(.waitedForApproval))
            if !hasPassed { forRunner = nil }
        }
        if let forRunner { wait("queue", forRunner, end, why ?? html.phrase(.waitedForRunner)) }
    }

    private func bar(
        _ tone: String, _ start: Timestamp, _ end: Timestamp, _ title: String, _ scale: Scale, _ html: inout Markup
    ) {
        guard end > start else { return }
        html.tag(
            .rect, .class(tone), .text(.x, scale.percent(start)),
            .text(.width, scale.percent(lengthMs: (end - start).milliseconds)),
            .number(.y, tone.hasPrefix("queue") ? 7 : 2),
            .number(.height, tone.hasPrefix("queue") ? 4 : 14), .text(.rx, "1")
        ) { $0.tag(.title, text: title) }
    }

    private func legend(_ html: inout Markup) {
        let gate: [(String, PageText)] =
            page.jobs.contains { $0.gatedAt != nil } ? [("queue gate", .legendGate)] : []
        let entries: [(String, PageText)] =
            [("queue", .legendQueue)] + gate + [
                ("setup", .setUp), ("steps", .legendSteps), ("failing", .legendFailing),
                ("median", .legendMedian),
            ]
        html.tag(.p, .class("legend")) { html in
            for (swatch, words) in entries {
                html.tag(.span) { html in
                    html.tag(.span, .class("swatch \(swatch)"))
                    html.words(words)
                }
            }
        }
    }
}
