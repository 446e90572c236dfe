// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPServing
internal import JobDispatch
internal import PipelineModel
internal import RunCoordination
internal import RunIndex
internal import RunnerProtocol
internal import ServerOperation
internal import ThreadExecution
internal import Timekeeping
internal import WebPages

/// The first page: what is broken, what waits, what runs, the last runs of all projects.
struct OverviewRoutes: Sendable {
    let server: Server

    private static let shownRunning = 50
    private static let shownMarks = 20

    var routes: [Route] {
        [PageRoute(server: server).get("/", .known, showing: show)]
    }

    @Sendable private func show(_ visit: PageVisit) async throws(DiagnosticError) -> OutboundAnswer {
        var page = try await BlockingWork.attempt { () throws(DiagnosticError) in try self.page(visit) }
        for index in page.running.indices where page.running[index].startedAt == nil {
            page.running[index].wait = await wait(of: RunID(page.running[index].run), visit) ?? page.running[index].wait
        }
        let runners = await server.runs.runnersNow.filter { $0.runner.isConnected(at: visit.now.milliseconds) }
        page.runnersOnline = runners.count
        page.runnersBusy = runners.count { !$0.holds.isEmpty }
        let shown = page
        return await BlockingWork.run { OutboundAnswer.page(shown, visit.context()) }
    }

    /// For people, or for a runner.
    private func wait(of run: RunID, _ visit: PageVisit) async -> WaitReason? {
        if let gate = visit.gates.first(where: { $0.work.run == run })?.gate.opening {
            return .approval(environment: gate.request.rules.name)
        }
        return await server.runs.waitingReasons(in: run).min { $0.key < $1.key }.map { .other($0.value.text) }
    }

    private func page(_ visit: PageVisit) throws(DiagnosticError) -> OverviewPage {
        let projects = visit.projects
        var page = OverviewPage()
        guard !projects.isEmpty else { return page }
        page.broken = try broken(projects)
        page.waiting = try HeldReading(visit).approvals().filter { $0.refusal == nil }
        page.running = try running(projects, visit)
        for project in projects {
            var query = RunQuery(limit: Self.shownMarks)
            query.projects = [project.id.description]
            let rows = try server.index.runs(query)
            page.projects.append(
                OverviewPage.Project(
                    name: project.name, runs: rows.reversed().map { Self.mark($0, visit.now) },
                    lastRunAt: rows.first?.createdTime))
        }
        return page
    }

    static func mark(_ row: RunRow, _ now: Timestamp) -> RunMark {
        var mark = row.mark
        if row.finishedAt == nil { mark.durationMs = max(0, now.milliseconds - (row.beganAt ?? row.createdAt)) }
        return mark
    }

    /// Workflows whose last run on the project's own branch failed: those that broke first on top.
    private func broken(_ projects: [Project]) throws(DiagnosticError) -> [OverviewPage.Broken] {
        var found: [OverviewPage.Broken] = []
        for project in projects {
            for newest in try server.index.workflows(of: project.id.description) {
                guard let last = try server.lastEnded(newest, ref: "refs/heads/\(project.settings.defaultBranch)"),
                    last.conclusion == .failure, let first = try server.index.failingSince(last)
                else { continue }
                found.append(
                    OverviewPage.Broken(
                        project: project.name, workflow: last.workflow, branch: last.branch, run: last.run.number,
                        since: first.finishedTime ?? first.createdTime, change: first.change(of: project)))
            }
        }
        return found.sorted { ($0.since, $0.run) < ($1.since, $1.run) }
    }

    private func running(_ projects: [Project], _ visit: PageVisit) throws(DiagnosticError) -> [OverviewPage.Running] {
        var rows: [RunRow] = []
        for state in [RunRow.State.running, .waiting] {
            var query = RunQuery(limit: Self.shownRunning)
            query.projects = projects.map(\.id.description)
            query.state = state
            rows += try server.index.runs(query)
        }
        var shown: [OverviewPage.Running] = []
        for row in rows.prefix(Self.shownRunning) {
            if row.state == .waiting, try server.store.heldReason(of: row.run) != nil { continue }
            let project = EntryID(row.project).flatMap { visit.directory.projects[$0] }
            var running = OverviewPage.Running(
                project: server.projectName(row.project), workflow: row.workflow, run: row.run.number,
                change: row.change(of: project))
            if row.state == .running {
                running.startedAt = try server.startedAt(row).map { Timestamp(milliseconds: $0) } ?? row.createdTime
                running.expectedMs = try server.usualSpan(of: row)
            } else {
                running.wait = .other(try server.report(of: row.run, attempt: row.attempt).sentence)
            }
            shown.append(running)
        }
        return shown
    }
}

extension Server {
    /// The newest run of a workflow on a branch that came to an end that counts.
    func lastEnded(_ row: RunRow, ref: String) throws(DiagnosticError) -> RunRow? {
        var last = RunRow(
            run: RunID(Int(Int32.max)), attempt: 1, project: row.project, workflowPath: row.workflowPath,
            workflow: row.workflow, event: row.event, createdAt: 0)
        last.ref = ref
        return try index.previous(of: last)
    }

    /// When its newest attempt began.
    func startedAt(_ row: RunRow) throws(DiagnosticError) -> Int64? {
        try report(of: row.run, attempt: row.attempt).startedAt
    }
}
