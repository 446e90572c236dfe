// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPServing
internal import LogArchive
internal import PipelineModel
internal import RunCoordination
internal import RunIndex
internal import ServerOperation
internal import ThreadExecution
internal import Timekeeping
internal import WebPages

/// A run, its logs, and a search over them.
struct RunPageRoutes: Sendable {
    let server: Server

    var routes: [Route] {
        let pages = PageRoute(server: server)
        return [
            pages.get(
                "/runs/{run}", .run(.viewRuns),
                showing: { (visit) throws(DiagnosticError) in
                    try await show(visit, attempt: nil)
                }),
            pages.get(
                "/runs/{run}/{attempt}", .run(.viewRuns),
                showing: { (visit) throws(DiagnosticError) in
                    try await show(visit, attempt: try visit.request.pathNumber("attempt"))
                }),
            pages.get("/runs/{run}/{attempt}/log/{job}/{step}/{stepAttempt}", .run(.viewLogs), log),
            pages.get("/runs/{run}/{attempt}/search", .run(.viewLogs), search),
        ]
    }

    private func show(_ visit: PageVisit, attempt: Int?) async throws(DiagnosticError) -> OutboundAnswer {
        let waits = await server.runs.waitingReasons(in: try visit.run())
        let tab = visit.query("view").flatMap(RunTab.init(rawValue:)) ?? .graph
        // Of a failure the last lines are shown. Where they cannot be had the rest is.
        try? await server.bringLogs(of: try visit.run(), through: attempt ?? .max)
        return try await BlockingWork.attempt { () throws(DiagnosticError) in
            let page = try RunReading(visit, attempt: attempt, waits: waits).page(tab)
            return .page(page, visit.context())
        }
    }

    // MARK: a log

    @Sendable private func log(_ visit: PageVisit) throws(DiagnosticError) -> OutboundAnswer {
        let request = visit.request
        let place = try LogRoutes.place(request)
        let report = try server.report(of: place.run, attempt: place.attempt)
        guard let job = report.jobs.first(where: { $0.id == place.job }),
            let step = job.steps.first(where: { $0.path == place.step.step }),
            (1...max(1, step.attempt)).contains(place.step.number)
        else {
            throw DiagnosticError(
                .entryMissing, "Attempt \(place.attempt) of run \(place.run) has no such step.",
                remedy: "Look at the run: its jobs list their steps.")
        }
        guard let row = try server.row(of: place.run) else {
            throw server.missing(place.run)
        }
        let first = try request.number("from", in: 1...Int(Int32.max), default: 1)
        try bringLogs(of: place.run, through: place.attempt)
        let part = try LogLines.part(at: try server.logPath(finding: place), from: first)
        var page = LogPage(
            project: server.projectName(row.project), workflow: row.workflow, place: LogLines.address(place),
            jobName: job.name, stepName: step.title, state: RunReading.step(step).state, lines: part?.lines ?? [],
            firstLine: first, totalLines: part?.total ?? 0)
        // An earlier try of the step is over, whatever its last one does.
        if place.step.number == step.attempt {
            page.startedAt = step.startedAt.map { Timestamp(milliseconds: $0) }
            page.finishedAt = step.finishedAt.map { Timestamp(milliseconds: $0) }
        } else {
            page.state = .failed
        }
        page.steps = job.steps.filter { $0.startedAt != nil || $0.path == step.path }.map(RunReading.step)
        page.groups = part?.groups ?? []
        page.absence = absence(of: part, step)
        return .page(page, visit.context())
    }

    /// Blocks.
    private func bringLogs(of run: RunID, through attempt: Int) throws(DiagnosticError) {
        let server = server
        try BlockingWork.awaited { () async throws(DiagnosticError) in
            try await server.bringLogs(of: run, through: attempt)
        }
    }

    private func absence(of part: LogLines.Part?, _ step: RunReport.Step) -> String? {
        if let part, part.total > 0 { return nil }
        switch step.state {
        case .running: return nil
        case .waiting, .queued: return "The step has not begun."
        case .finished:
            if step.conclusion == .skipped {
                return "The step was skipped." + (step.reason.map { " \($0.text)" } ?? "")
            }
            return step.logLines > 0 ? "The log was removed." : "The step wrote nothing."
        }
    }

    // MARK: a search

    private static let patternFaults: Set<DiagnosticCode> = [.logPatternInvalid, .logPatternLimit, .logSearchExhausted]

    @Sendable private func search(_ visit: PageVisit) throws(DiagnosticError) -> OutboundAnswer {
        let run = try visit.run()
        let attempt = try visit.request.pathNumber("attempt")
        let isRegex = visit.query("regex") == "1"
        let text = visit.query("q") ?? ""
        var page = SearchPage(
            run: run.number, attempt: attempt, query: text, isRegex: isRegex, count: 0, matches: [])
        let report = try server.report(of: run, attempt: attempt)
        guard !text.isEmpty else { return .page(page, visit.context()) }
        try bringLogs(of: run, through: attempt)
        do throws(DiagnosticError) {
            let search = RunSearch(server, report)
            let found = try search.page(
                LogPattern(isRegex ? .regularExpression : .textIgnoringCase, text),
                from: try SearchRoutes.cursor(visit.request))
            page.count = found.matchingLines
            page.matches = found.matches.map { match in
                let entry = search.entries[match.log]
                return SearchPage.Match(
                    place: LogLines.address(entry.place), jobName: entry.job.name, stepName: entry.step.title,
                    line: match.line, text: match.excerpt.text)
            }
            if let next = found.next {
                page.nextPage = .query(
                    [("q", text)] + (isRegex ? [("regex", "1")] : []) + [("cursor", "\(next.log).\(next.line)")],
                    of: .searchPage(run.number, attempt))
            }
        } catch {
            guard Self.patternFaults.contains(error.diagnostic.code) else { throw error }
            page.mistake = error.diagnostic.message
        }
        return .page(page, visit.context())
    }
}

/// The logs of an attempt, for a search of all of them.
struct RunSearch {
    struct Entry {
        var job: RunReport.Job
        var step: RunReport.Step
        var place: RunCoordination.LogPlace
    }

    let entries: [Entry]
    private let server: Server

    init(_ server: Server, _ report: RunReport) {
        self.server = server
        let all = report.jobs.flatMap { job in
            job.steps.map { step in
                let attempt = job.attempt(of: step, in: report)
                return Entry(job: job, step: step, place: LogLines.place(report.run, attempt, job.id, step))
            }
        }
        // A step that was skipped, or has not begun, has written nothing.
        entries = all.filter { server.isLog(at: server.logPath($0.place)) }
    }

    func page(_ pattern: LogPattern, from cursor: LogCursor) throws(DiagnosticError) -> LogSearchPage {
        let sources = entries.map { entry in
            LogSource(
                key: LogKey(
                    job: RunStore.fileName(entry.place.job), step: entry.step.path.description,
                    attempt: entry.step.attempt),
                path: server.logPath(entry.place))
        }
        do throws(LogError) {
            return try LogSearch(pattern, in: sources).page(from: cursor)
        } catch {
            throw DiagnosticError(error.diagnostic)
        }
    }
}
