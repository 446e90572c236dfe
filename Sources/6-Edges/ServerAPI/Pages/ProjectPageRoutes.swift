// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPMessages
internal import HTTPServing
internal import PipelineModel
internal import RunCoordination
internal import RunIndex
internal import RunnerProtocol
internal import ServerOperation
internal import StructuredData
internal import ThreadExecution
internal import Timekeeping
internal import TriggerIntake
internal import WebPages

/// A project's runs, and starting one.
struct ProjectPageRoutes: Sendable {
    let server: Server

    private static let pageRuns = 50
    /// Newest runs whose branches can be chosen.
    private static let recentRuns = 200
    private static let shownMarks = 20

    var routes: [Route] {
        let pages = PageRoute(server: server)
        return [
            pages.get(
                "/projects/{project}", .project(.viewRuns),
                showing: { (visit) throws(DiagnosticError) in
                    let project = try visit.project()
                    let startable =
                        visit.may(.startRuns, in: project.id)
                        ? await server.triggers.startable(in: project.id.description) : []
                    return try await BlockingWork.attempt { () throws(DiagnosticError) in
                        .page(try page(visit, project, startable), visit.context())
                    }
                }),
            pages.post("/projects/{project}/runs", .project(.startRuns), start),
        ]
    }

    private func page(
        _ visit: PageVisit, _ project: Project, _ startable: [StartableWorkflow]
    ) throws(DiagnosticError) -> ProjectPage {
        let id = project.id.description
        var recent = RunQuery(limit: Self.recentRuns)
        recent.projects = [id]
        let newest = try server.index.runs(recent)
        let filter = ProjectPage.Filter(
            workflow: visit.query("workflow"), branch: visit.query("branch"),
            state: visit.query("state").flatMap(RunState.init(rawValue:)))
        let (rows, next) = try list(visit, id, filter)
        var page = ProjectPage(name: project.name, filter: filter, rows: [])
        page.marks = newest.prefix(Self.shownMarks).reversed().map { OverviewRoutes.mark($0, visit.now) }
        page.workflows = try server.index.workflows(of: id).map(\.workflow).unique
        page.branches = ([project.settings.defaultBranch] + newest.map(\.branch)).unique
        for (name, known) in [(filter.workflow, \ProjectPage.workflows), (filter.branch, \.branches)] {
            // What is asked for can be chosen, though no run has it lately.
            if let name, !page[keyPath: known].contains(name) { page[keyPath: known].append(name) }
        }
        page.nextPage = next
        let environments = project.environments.values.map(\.name).sorted()
        page.startable = startable.map { $0.shown(environments: environments) }
        for row in rows { page.rows.append(try self.row(row, project, visit)) }
        return page
    }

    private func list(
        _ visit: PageVisit, _ project: String, _ filter: ProjectPage.Filter
    ) throws(DiagnosticError) -> ([RunRow], PageAddress?) {
        var query = RunQuery(limit: Self.pageRuns)
        query.projects = [project]
        query.workflow = filter.workflow
        query.ref = filter.branch.map { Self.ref(of: $0) }
        filter.state?.narrow(&query)
        query.before = visit.query("before").flatMap { RunID($0) }
        let rows = try server.index.runs(query)
        guard rows.count == query.limit, let last = rows.last else { return (rows, nil) }
        var pairs: [(String, String)] = []
        if let workflow = filter.workflow { pairs.append(("workflow", workflow)) }
        if let branch = filter.branch { pairs.append(("branch", branch)) }
        if let state = filter.state { pairs.append(("state", state.rawValue)) }
        return (rows, .project(visit.request.parameter("project"), pairs + [("before", last.run.description)]))
    }

    /// A branch's name as lists show it: that of a pull request's merge begins with `pull/`.
    static func ref(of branch: String) -> String {
        if branch.hasPrefix("refs/") { return branch }
        return branch.hasPrefix("pull/") && branch.hasSuffix("/merge") ? "refs/\(branch)" : "refs/heads/\(branch)"
    }

    private func row(_ row: RunRow, _ project: Project, _ visit: PageVisit) throws(DiagnosticError) -> ProjectPage.Row {
        let isGated = row.state == .waiting && visit.gates.contains { $0.work.run == row.run }
        let reason = row.state == .waiting ? try server.store.heldReason(of: row.run) : nil
        let isHeld = isGated || reason != nil
        var shown = ProjectPage.Row(
            run: row.run.number, attempt: row.attempt, workflow: row.workflow, state: row.shownState(isHeld: isHeld),
            change: row.change(of: project), trigger: row.trigger, createdAt: row.createdTime)
        if row.state != .waiting { shown.startedAt = row.createdTime }
        shown.finishedAt = row.finishedTime
        if row.conclusion != .success, !row.sentence.isEmpty { shown.note = row.sentence }
        return shown
    }

    /// Starts a workflow; where that is refused the page comes again, with the form as it was filled in.
    @Sendable private func start(
        _ visit: PageVisit, _ form: FormFields
    ) async throws(DiagnosticError) -> OutboundAnswer {
        let project = try visit.project()
        let startable = await server.triggers.startable(in: project.id.description)
        do throws(DiagnosticError) {
            return .seeOther(.run(try await begin(visit, form, project, startable).number))
        } catch {
            let (status, receipt) = try Receipt.refusal(error)
            return try await BlockingWork.attempt { () throws(DiagnosticError) in
                var page = try page(visit, project, startable)
                page.receipt = receipt
                var answer = OutboundAnswer.page(page, visit.context(refused: form), status: status)
                answer.headers["Cache-Control"] = "no-store"
                return answer
            }
        }
    }

    private func begin(
        _ visit: PageVisit, _ form: FormFields, _ project: Project, _ startable: [StartableWorkflow]
    ) async throws(DiagnosticError) -> RunID {
        let actor = visit.actor
        let workflow = try form.required("workflow")
        let known = startable.first { $0.path == workflow || $0.name == workflow }
        let asked = try WorkflowDispatch(
            workflow: workflow, ref: form["ref"], json: StartForm.inputs(form, known),
            actor: visit.directory.login(of: actor))
        let id = String(UInt64.random(in: .min ... .max), radix: 36)
        let notes = try await server.dispatch(asked, of: project.id, id: id, by: actor)
        if let run = notes.lazy.compactMap(\.run).first { return run }
        throw DiagnosticError(
            .requestInvalid, notes.first?.reason ?? "The workflow was not started.",
            remedy: "Choose a workflow that waits for workflow_dispatch on that branch.")
    }
}

extension Sequence where Element: Hashable {
    /// Each once, where it is first.
    var unique: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
