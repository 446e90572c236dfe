// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import PipelineModel
internal import RunCoordination
internal import RunIndex
internal import ServerOperation
internal import Timekeeping
internal import WebPages

/// A run's page, put together from the same that the API gives.
struct RunReading {
    let visit: PageVisit
    let row: RunRow
    let report: RunReport
    let outcomes: OutcomeHistory
    /// Why jobs wait for runners.
    let waits: [JobID: Reason]
    let project: Project?
    /// Why it is held.
    let held: String?

    var server: Server { visit.server }
    var isNewest: Bool { report.attempt == row.attempt }

    private static let shownAttempts = 50

    /// - Parameter attempt: `nil`: the newest.
    init(_ visit: PageVisit, attempt: Int?, waits: [JobID: Reason]) throws(DiagnosticError) {
        self.visit = visit
        self.waits = waits
        let run = try visit.run()
        let server = visit.server
        report = try server.report(of: run, attempt: attempt)
        guard let row = try server.row(of: run) else {
            throw server.missing(run)
        }
        self.row = row
        outcomes = try server.outcomes(of: report)
        project = EntryID(row.project).flatMap { visit.directory.projects[$0] }
        held = row.state == .waiting ? try server.store.heldReason(of: run) : nil
    }

    func page(_ tab: RunTab) throws(DiagnosticError) -> RunPage {
        let run = row.run.number
        var page = RunPage(
            project: server.projectName(row.project), workflow: row.workflow, run: run,
            title: row.title.isEmpty ? row.subject : row.title, attempt: report.attempt, attempts: try attempts(),
            verdict: try verdict(), change: row.change(of: project), trigger: row.trigger,
            createdAt: row.createdTime, jobs: try jobs(withUsualSpans: tab == .timeline))
        // A run that waits for its first runner, or for a person, does not run yet.
        let hasBegun = report.state == .finished || report.jobs.contains { $0.startedAt != nil }
        page.startedAt = hasBegun ? report.startedAt.map { Timestamp(milliseconds: $0) } : nil
        page.finishedAt = report.finishedAt.map { Timestamp(milliseconds: $0) }
        page.standing = try standing()
        page.actions = actions()
        page.failure = failure()
        page.criticalPath = CriticalPath.jobs(of: report)
        page.counts = TabCounts(
            tests: outcomes.tests.count, failedTests: outcomes.failedTests,
            annotations: outcomes.findings.count, artifacts: try artifacts().count,
            summaries: outcomes.summaries.count)
        page.content = try RunTabReading(reading: self).content(tab)
        return page
    }

    func artifacts() throws(DiagnosticError) -> [RunArtifacts.Entry] {
        guard visit.may(.readArtifacts, in: projectID) else { return [] }
        return try RunArtifacts(store: server.store, run: row.run).entries()
    }

    var projectID: EntryID { EntryID(row.project) ?? EntryID(.project, Int.max) }

    // MARK: jobs

    private func jobs(withUsualSpans: Bool) throws(DiagnosticError) -> [JobView] {
        let usual = withUsualSpans ? try server.usualJobSpans(of: row) : [:]
        return report.jobs.map { job in
            var view = JobView(id: job.id.text, name: job.name, group: job.group?.text, state: Self.state(job))
            view.needs = job.needs.map(\.text)
            view.queuedAt = job.queuedAt.map { Timestamp(milliseconds: $0) }
            view.startedAt = job.startedAt.map { Timestamp(milliseconds: $0) }
            view.finishedAt = job.finishedAt.map { Timestamp(milliseconds: $0) }
            view.medianMs = usual[job.id]
            view.runner = job.runner
            view.gatedAt = job.gatedAt.map { Timestamp(milliseconds: $0) }
            view.passage = job.passage
            view.wait = wait(of: job)
            view.reason = job.conclusion == .success ? nil : job.reason?.text
            view.steps = job.steps.map(Self.step)
            return view
        }
    }

    static func state(_ job: RunReport.Job) -> RunState {
        switch job.state {
        case .waiting: job.reason?.kind == .approval ? .blocked : .waiting
        case .queued: .waiting
        case .running: .running
        case .finished: job.conclusion?.shown ?? .cancelled
        }
    }

    static func step(_ step: RunReport.Step) -> StepView {
        var state = RunState.waiting
        switch step.state {
        case .waiting, .queued: break
        case .running: state = .running
        case .finished: state = step.conclusion?.shown ?? .cancelled
        }
        var view = StepView(id: step.path.description, name: step.title, state: state, attempt: step.attempt)
        view.startedAt = step.startedAt.map { Timestamp(milliseconds: $0) }
        view.finishedAt = step.finishedAt.map { Timestamp(milliseconds: $0) }
        view.isSetUp = step.isHook
        view.reason = step.conclusion == .success ? nil : step.reason?.text
        return view
    }

    private func wait(of job: RunReport.Job) -> WaitReason? {
        switch job.state {
        case .queued: return (waits[job.id] ?? job.reason).map { .other($0.text) }
        // With its runner, and not begun.
        case .running: return waits[job.id].map { .other($0.text) }
        case .finished: return nil
        case .waiting:
            if let reason = waits[job.id] ?? job.reason { return .other(reason.text) }
            let open = report.jobs.filter { other in
                other.state != .finished && job.needs.contains { $0 == other.id || $0 == other.group }
            }
            return open.isEmpty ? nil : .needs(open.map(\.name))
        }
    }

    // MARK: the first failure

    private func failure() -> RunPage.Failure? {
        guard let first = report.firstFailure, let step = first.step, visit.may(.viewLogs, in: projectID) else {
            return nil
        }
        let attempt = first.job.attempt(of: step, in: report)
        let place = LogLines.place(row.run, attempt, first.job.id, step)
        let lines = (try? LogLines.last(RunPage.excerptLines, at: server.logPath(place))) ?? []
        return RunPage.Failure(
            place: LogLines.address(place), jobName: first.job.name, stepName: step.title, reason: step.reason?.text,
            lines: lines)
    }

    // MARK: the head

    private func attempts() throws(DiagnosticError) -> [RunPage.Attempt] {
        var attempts: [RunPage.Attempt] = []
        for number in max(1, row.attempt - Self.shownAttempts + 1)...max(row.attempt, report.attempt) {
            let report = number == self.report.attempt ? self.report : try server.report(of: row.run, attempt: number)
            attempts.append(RunPage.Attempt(number: number, state: Self.state(report)))
        }
        return attempts
    }

    private static func state(_ report: RunReport) -> RunState {
        switch report.state {
        case .waiting, .queued: .waiting
        case .running: .running
        case .finished: report.isIncomplete ? .incomplete : report.conclusion?.shown ?? .cancelled
        }
    }

    private func verdict() throws(DiagnosticError) -> RunVerdict {
        let span = report.durationMs ?? 0
        if report.isIncomplete {
            let missing = report.jobs.filter { $0.reason?.kind == .unavailable }
            return .incomplete(
                job: missing.first?.name ?? "", reason: missing.first?.reason?.text, others: max(0, missing.count - 1))
        }
        switch report.conclusion {
        case .success:
            return .passed(
                jobs: report.jobs.count { $0.conclusion == .success }, inMs: span, tests: outcomes.tests.count)
        case .failure:
            let failure = report.firstFailure
            let place = [failure?.job.name, failure?.step?.title].compactMap { $0 }.joined(separator: " › ")
            let failed = outcomes.failedTests
            return .failed(
                place: place.isEmpty ? row.workflow : place, afterMs: span, failedTests: failed,
                newTests: failed == 0 ? 0 : try TestComparison(server, row, outcomes).newFailures(of: outcomes))
        case .cancelled: return .cancelled(by: report.reason.flatMap(CancellationWords.person), afterMs: span)
        case .skipped: return .skipped(report.reason?.text ?? "No job had to run.")
        case nil: return try unfinishedVerdict()
        }
    }

    private func unfinishedVerdict() throws(DiagnosticError) -> RunVerdict {
        if let held { return .held(held) }
        let done = report.jobs.count { $0.state == .finished }
        if let cancellation = report.cancellation {
            return .cancelling(by: CancellationWords.person(cancellation), jobsDone: done, jobs: report.jobs.count)
        }
        let isRunning = report.jobs.contains { $0.state == .running || $0.state == .queued }
        let gate = report.jobs.first { Self.state($0) == .blocked }
        if !isRunning, let environment = gate?.environment { return .blocked(environment: environment) }
        let hasBegun = report.jobs.contains { $0.startedAt != nil }
        if !hasBegun {
            let first = report.jobs.lazy.compactMap { wait(of: $0) }.first
            return .waiting(first ?? .other(report.sentence))
        }
        let usual = try server.usualSpan(of: row)
        let left = usual.flatMap { usual in report.startedAt.map { usual - (visit.now.milliseconds - $0) } }
        return .running(
            jobsDone: done, jobs: report.jobs.count, leftMs: left)
    }

    /// Where the run stands among those of its workflow and branch.
    private func standing() throws(DiagnosticError) -> RunPage.Standing? {
        guard isNewest, let conclusion = row.conclusion, conclusion == .success || conclusion == .failure,
            let previous = try server.index.previous(of: row)
        else { return nil }
        switch (conclusion, previous.conclusion) {
        case (.failure, .success): return .brokeHere(lastPassed: previous.run.number)
        case (.failure, _):
            guard let first = try server.index.failingSince(row) else { return nil }
            return .brokenSince(
                run: first.run.number, at: first.finishedTime ?? first.createdTime, by: first.actor)
        case (.success, .failure):
            let first = try server.index.failingSince(previous)
            return .fixedHere(after: (first ?? previous).run.number)
        default: return nil
        }
    }

    private func actions() -> RunPage.Actions {
        var actions = RunPage.Actions()
        guard isNewest, held == nil else { return actions }
        if report.state != .finished {
            let mayCancel = visit.may(.cancelRuns, in: projectID)
            actions.canCancel = mayCancel && report.cancellation == nil
            actions.canForceCancel = mayCancel && report.cancellation != nil && !report.isForced
            return actions
        }
        guard visit.may(.rerunRuns, in: projectID), !report.jobs.isEmpty else { return actions }
        actions.canRerunFailed = report.jobs.contains {
            $0.conclusion == .failure || $0.conclusion == .cancelled
        }
        actions.rerunPoints = RerunPoints(report).points
        return actions
    }
}

extension OutcomeHistory {
    var failedTests: Int { tests.count { $0.outcome.isFailure } }
}

/// The sentence that a cancelled run has as its reason, and who stands in it.
enum CancellationWords {
    private static let start = "It was cancelled by "

    static func sentence(_ person: String) -> String { start + person + "." }

    static func person(_ reason: Reason) -> String? {
        guard reason.text.hasPrefix(start), reason.text.hasSuffix(".") else { return nil }
        return String(reason.text.dropFirst(start.count).dropLast())
    }
}
