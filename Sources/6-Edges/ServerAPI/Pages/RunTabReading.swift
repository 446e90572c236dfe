// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import HTTPMessages
internal import HTTPServing
internal import PipelineModel
internal import RunCoordination
internal import RunIndex
internal import ServerOperation
internal import StepExecution
internal import StructuredData
internal import Timekeeping
internal import WebPages

/// What only one view of a run shows.
struct RunTabReading {
    let reading: RunReading

    private static let pageTests = 200
    /// Of tests: no attempt tells more.
    private static let maximumPages = 1_000_000
    /// Attempts' events that a page shows; the rest is the API's.
    private static let pageEvents = 5_000

    private var visit: PageVisit { reading.visit }
    private var report: RunReport { reading.report }

    func content(_ tab: RunTab) throws(DiagnosticError) -> RunTabContent {
        switch tab {
        case .graph: .graph(unfolded: unfolded)
        case .timeline: .timeline
        case .tests: .tests(try tests())
        case .annotations: .annotations(annotations())
        case .artifacts: .artifacts(try artifacts())
        case .summary: .summary(summaries())
        case .plan: .plan(try plan())
        case .events: .events(try events())
        }
    }

    /// `open` may stand in the query more than once.
    private var unfolded: Set<String> {
        let pairs = FormText.pairs(visit.request.inbound.query) ?? []
        return Set(pairs.filter { $0.name == "open" }.map(\.value))
    }

    private func name(of job: String) -> String { report.jobs.first { $0.id.text == job }?.name ?? job }

    private func name(of step: String, in job: String) -> String {
        report.jobs.first { $0.id.text == job }?.steps.first { $0.path.description == step }?.title ?? step
    }

    // MARK: tests

    private func tests() throws(DiagnosticError) -> TestsView {
        let all = reading.outcomes.tests
        let comparison = try TestComparison(
            visit.server, reading.row, reading.outcomes, depth: Server.comparedRuns)
        let filter = visit.query("state").flatMap(RunState.init(rawValue:))
        let page = try visit.number("page", in: 1...Self.maximumPages, default: 1)
        let rank: [RunState: Int] = [.failed: 0, .passed: 1, .skipped: 2]
        let wanted = all.filter { filter == nil || $0.outcome.status.shown == filter }
            .enumerated().sorted { left, right in
                let ranks = [left, right].map { rank[$0.element.outcome.status.shown] ?? 3 }
                return (ranks[0], left.offset) < (ranks[1], right.offset)
            }.map(\.element)
        let shown = wanted.dropFirst((page - 1) * Self.pageTests).prefix(Self.pageTests)
        var view = TestsView(
            passed: all.count { $0.outcome.status == .passed }, failed: reading.outcomes.failedTests,
            skipped: all.count { $0.outcome.status == .skipped },
            cases: shown.map { entry in test(entry.outcome, of: entry.job, comparison) }, filter: filter)
        if wanted.count > page * Self.pageTests {
            var query = [("view", "tests"), ("page", String(page + 1))]
            if let filter { query.insert(("state", filter.rawValue), at: 1) }
            view.nextPage = .run(report.run.number, report.attempt, query)
        }
        return view
    }

    private func test(_ test: TestOutcome, of job: String, _ comparison: TestComparison) -> TestsView.Case {
        var shown = TestsView.Case(
            name: test.name, suite: test.suite, job: name(of: job), state: test.status.shown)
        shown.durationMs = test.durationSeconds.map { Int64(min(max(0, $0), 1e9) * 1_000) }
        shown.isNew = comparison.isNew(test.title, test.isFailure)
        shown.isFlaky = comparison.isFlaky(test.title)
        shown.file = test.file
        shown.line = test.line
        shown.message = test.isFailure ? test.message : nil
        shown.history = test.isFailure || shown.isFlaky ? comparison.history(test.title) : []
        return shown
    }

    // MARK: annotations, summaries, artifacts

    private func annotations() -> [AnnotationView] {
        let order: [Annotation.Level: Int] = [.error: 0, .warning: 1, .notice: 2]
        let findings = reading.outcomes.findings.enumerated().sorted { left, right in
            let ranks = [left, right].map { order[$0.element.annotation.level] ?? 3 }
            return (ranks[0], left.offset) < (ranks[1], right.offset)
        }.map(\.element)
        return findings.map { finding in
            let annotation = finding.annotation
            var view = AnnotationView(
                level: AnnotationView.Level(rawValue: annotation.level.rawValue) ?? .notice, title: annotation.title,
                message: annotation.message, file: annotation.file, line: annotation.line, job: name(of: finding.job))
            if let file = annotation.file, let project = reading.project {
                view.link = ForgeAddress(project).file(file, line: annotation.line, at: reading.row.sha)
            }
            if annotation.file == nil { view.link = log(of: finding) }
            return view
        }
    }

    private func log(of finding: OutcomeHistory.Finding) -> PageAddress? {
        guard let job = report.jobs.first(where: { $0.id.text == finding.job }),
            let step = job.steps.first(where: { $0.path.description == finding.step }), step.startedAt != nil
        else { return nil }
        return .log(LogLines.address(LogLines.place(report.run, report.attempt, job.id, step)))
    }

    private func summaries() -> [SummaryView] {
        reading.outcomes.summaries.map {
            SummaryView(job: name(of: $0.job), step: name(of: $0.step, in: $0.job), markdown: $0.text)
        }
    }

    private func artifacts() throws(DiagnosticError) -> [ArtifactView] {
        try reading.artifacts().map { entry in
            let digest = entry.digest.map { String($0.drop { $0 != ":" }.dropFirst()) } ?? ""
            return ArtifactView(
                name: entry.name, sizeBytes: Int64(clamping: entry.sizeBytes), digest: digest,
                expiresAt: entry.expires.flatMap { Timestamp(iso8601: $0) },
                download: PageAddress("api", "v1", "runs", report.run.description, "artifacts", entry.name))
        }
    }

    // MARK: plan, events

    private func plan() throws(DiagnosticError) -> PlanView {
        let plan = try RunRecord.load(from: visit.server.store, report.run).plan
        let digest = report.planDigest.isEmpty ? ContentDigest.of(plan.data) : report.planDigest
        return PlanView(
            digest: digest, workflowFile: plan.workflowPath,
            jobs: plan.jobs.map { job in
                let reason = job.unavailable ?? job.reason
                return PlanView.Job(
                    name: job.name?.literal?.string ?? job.key.text, isIncluded: job.isIncluded, reason: reason.text,
                    expression: reason.expression, values: reason.values)
            })
    }

    private func events() throws(DiagnosticError) -> [EventView] {
        let chronicle = try RunChronicle(store: visit.server.store, run: report.run, attempt: report.attempt)
        return chronicle.entries.prefix(Self.pageEvents).map {
            EventView(sequence: $0.sequence, at: $0.at, type: $0.type, text: $0.text)
        }
    }
}
