// SPDX-License-Identifier: Apache-2.0

internal import Timekeeping

/// What stands under a run's tabs.
struct RunTabView {
    var page: RunPage

    func write(_ html: inout Markup) {
        switch page.content {
        case .graph(let unfolded):
            if page.jobs.isEmpty {
                empty(.noJobs, .noJobsBody, "martlet why \(page.run)", &html)
            } else {
                GraphDrawing(page: page, unfolded: unfolded).write(&html)
                JobList(page: page).write(&html)
            }
        case .timeline: TimelineDrawing(page: page).write(&html)
        case .tests(let tests): TestsList(page: page, tests: tests).write(&html)
        case .annotations(let annotations): self.annotations(annotations, &html)
        case .artifacts(let artifacts): self.artifacts(artifacts, &html)
        case .summary(let summaries): self.summaries(summaries, &html)
        case .plan(let plan): self.plan(plan, &html)
        case .events(let events): self.events(events, &html)
        }
    }

    private func empty(_ title: PageText, _ body: PageText, _ command: String, _ html: inout Markup) {
        html.tag(.div, .class("card")) { $0.empty(title, body, command: command) }
    }

    private func annotations(_ annotations: [AnnotationView], _ html: inout Markup) {
        guard !annotations.isEmpty else {
            return empty(.noAnnotations, .noAnnotationsBody, "echo \"::warning file=a.swift,line=3::…\"", &html)
        }
        html.tag(.ul, .class("card rows")) { html in
            for annotation in annotations {
                html.tag(.li) { html in
                    html.tag(.span, .class("tag \(annotation.level.style)"), words: annotation.level.words)
                    html.tag(.div, .class("grow")) { html in
                        html.tag(.div, .class("line")) { html in
                            place(annotation, &html)
                            html.tag(.span, .class("quiet small"), text: annotation.job)
                        }
                        if let title = annotation.title { html.tag(.p, .class("strong"), text: title) }
                        html.tag(.p, .class("mono message-text"), text: annotation.message)
                    }
                }
            }
        }
    }

    private func place(_ annotation: AnnotationView, _ html: inout Markup) {
        guard let file = annotation.file else {
            if let link = annotation.link { html.tag(.a, .href(link), words: .openLog) }
            return
        }
        let place = annotation.line.map { "\(file):\($0)" } ?? file
        if let link = annotation.link {
            html.tag(.a, .class("mono wrap"), .href(link), text: place)
        } else {
            html.tag(.span, .class("mono wrap"), text: place)
        }
        html.copyButton(place, .copyPlace)
    }

    private func artifacts(_ artifacts: [ArtifactView], _ html: inout Markup) {
        guard !artifacts.isEmpty else {
            return empty(.noArtifacts, .noArtifactsBody, "martlet artifacts \(page.run)", &html)
        }
        let knowsFiles = artifacts.contains { $0.files != nil }
        let heads: [PageText] = [.name_, .size] + (knowsFiles ? [.files] : []) + [.digest, .expires]
        html.table(heads, numbers: knowsFiles ? [1, 2] : [1]) { html in
            for artifact in artifacts {
                html.tag(.tr) { html in
                    html.tag(.td, .class("main")) { html in
                        html.tag(.a, .class("strong"), .href(artifact.download), text: artifact.name)
                    }
                    html.tag(.td, .class("number"), text: NumberText.size(bytes: artifact.sizeBytes))
                    if knowsFiles {
                        html.tag(.td, .class("number"), text: artifact.files.map(NumberText.grouped) ?? "")
                    }
                    html.tag(.td) { html in
                        if !artifact.digest.isEmpty { html.hash(artifact.digest, length: 12) }
                    }
                    html.tag(.td) { html in
                        if let end = artifact.expiresAt { html.time(end) } else { html.words(.never) }
                    }
                }
            }
        }
    }

    private func summaries(_ summaries: [SummaryView], _ html: inout Markup) {
        guard !summaries.isEmpty else {
            return empty(.noSummary, .noSummaryBody, "echo \"## 42 tests\" >> \"$GITHUB_STEP_SUMMARY\"", &html)
        }
        for summary in summaries {
            html.tag(.section, .class("card")) { html in
                html.tag(.header) { $0.tag(.h2, text: "\(summary.job) › \(summary.step)") }
                html.tag(.div, .class("written")) { html in
                    MarkdownBlocks(summary.markdown).write(&html)
                }
            }
        }
    }

    private func plan(_ plan: PlanView, _ html: inout Markup) {
        html.tag(.dl, .class("facts")) { html in
            html.tag(.dt, words: .workflowFile)
            html.tag(.dd) { $0.tag(.code, text: plan.workflowFile) }
            html.tag(.dt, words: .planDigest)
            html.tag(.dd) { html in
                html.hash(plan.digest, length: 16)
                html.tag(.span, .class("quiet small"), words: .planDigestMeaning)
            }
        }
        html.tag(.ul, .class("card rows")) { html in
            for job in plan.jobs { planned(job, &html) }
        }
    }

    private func planned(_ job: PlanView.Job, _ html: inout Markup) {
        html.tag(.li) { html in
            html.glyph(job.isIncluded ? .passed : .skipped)
            html.tag(.div, .class("grow")) { html in
                html.tag(.div, .class("line")) { html in
                    html.tag(.span, .class("strong"), text: job.name)
                    html.tag(.span, .class("quiet"), words: job.isIncluded ? .willRun : .willNotRun)
                }
                html.tag(.p, text: job.reason)
                if let expression = job.expression { html.tag(.code, .class("quiet"), text: expression) }
                for value in job.values { html.tag(.div, .class("mono quiet small"), text: value) }
            }
        }
    }

    private func events(_ events: [EventView], _ html: inout Markup) {
        html.table([.sequence, .time, .event, .what], numbers: [0]) { html in
            for event in events {
                html.tag(.tr) { html in
                    html.tag(.td, .class("number quiet"), text: String(event.sequence))
                    html.tag(.td, .class("nowrap")) { html in
                        html.tag(
                            .time, .text(.datetime, event.at.description),
                            .title(TimeText.exact(event.at, in: html.context.language)),
                            text: TimeText.clock(event.at))
                    }
                    html.tag(.td) { $0.tag(.code, text: event.type) }
                    html.tag(.td, .class("main"), text: event.text)
                }
            }
        }
    }
}

extension AnnotationView.Level {
    var words: PageText {
        switch self {
        case .error: .error
        case .warning: .warning
        case .notice: .notice
        }
    }

    var style: String {
        switch self {
        case .error: "s-failed"
        case .warning: "s-waiting"
        case .notice: ""
        }
    }
}
