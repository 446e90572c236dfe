// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPMessages
internal import HTTPServing
internal import PipelineModel
internal import RunIndex
internal import ServerOperation
internal import StructuredData
internal import ThreadExecution
internal import Timekeeping
internal import WebPages

/// How projects stand, for those who may see that: often everybody. No names of people, no logs.
struct PublicRoutes: Sendable {
    let server: Server

    private static let shownMarks = 20

    var routes: [Route] {
        let pages = PageRoute(server: server)
        return [
            pages.get("/public/status/{project}", .project(.viewStatus), status),
            pages.get("/public/badge/{file}", .open, badge),
            pages.get("/public/cc.xml", .open, tray),
        ]
    }

    private func rows(
        _ project: Project, ref: String, workflow: String? = nil, limit: Int = 1, before: RunID? = nil
    ) throws(DiagnosticError) -> [RunRow] {
        var query = RunQuery(limit: limit)
        query.projects = [project.id.description]
        query.ref = ref
        query.workflow = workflow
        query.before = before
        return try server.index.runs(query)
    }

    // MARK: the page

    @Sendable private func status(_ visit: PageVisit) throws(DiagnosticError) -> OutboundAnswer {
        let project = try visit.project()
        let branch = project.settings.defaultBranch
        var lines: [StatusPage.Line] = []
        for workflow in try server.index.workflows(of: project.id.description).map(\.workflow).unique {
            let runs = try rows(
                project, ref: "refs/heads/\(branch)", workflow: workflow, limit: Self.shownMarks)
            guard let last = runs.first else { continue }
            lines.append(
                StatusPage.Line(
                    workflow: workflow, branch: branch, state: last.shownState(),
                    since: last.finishedTime ?? last.createdTime,
                    marks: runs.reversed().map { OverviewRoutes.mark($0, visit.now) }))
        }
        return .page(StatusPage(project: project.name, lines: lines), visit.context())
    }

    // MARK: badges

    /// `{project}.svg`, `{project}.json`; `?branch=`, `?workflow=`, `?metric=duration`, `?style=flat-square`.
    @Sendable private func badge(_ visit: PageVisit) throws(DiagnosticError) -> OutboundAnswer {
        let file = visit.request.parameter("file")
        let missing = DiagnosticError(.routeUnknown, "There is no badge '\(file)' that you may see.")
        guard let dot = file.lastIndex(of: "."), ["svg", "json"].contains(String(file[file.index(after: dot)...])),
            let id = visit.directory.find(String(file[..<dot])), let project = visit.directory.projects[id],
            visit.may(.viewStatus, in: id)
        else { throw missing }
        let badge = try badge(of: project, visit)
        var headers = PageHeaders.security
        // Other sites show it.
        headers["cross-origin-resource-policy"] = "cross-origin"
        headers.add("Cache-Control", Badge.cacheControl)
        guard file.hasSuffix(".svg") else {
            headers.add("Content-Type", "application/json")
            headers.add("Access-Control-Allow-Origin", "*")
            return OutboundAnswer(
                status: 200, headers: headers, content: .bytes(Array(badge.shieldsJSON.jsonText().utf8)))
        }
        headers.add("Content-Type", Badge.contentType)
        let style = visit.query("style").flatMap(Badge.Style.init(rawValue:)) ?? .flat
        return OutboundAnswer(status: 200, headers: headers, content: .bytes(badge.svg(style)))
    }

    private func badge(of project: Project, _ visit: PageVisit) throws(DiagnosticError) -> Badge {
        let branch = visit.query("branch") ?? project.settings.defaultBranch
        let workflow = visit.query("workflow")
        let ref = ProjectPageRoutes.ref(of: branch)
        let label = visit.query("label") ?? workflow ?? "build"
        let known = try server.index.workflows(of: project.id.description).map(\.workflow).unique
        let names = workflow.map { [$0] } ?? known
        if visit.query("metric") == "duration" {
            var query = RunQuery(limit: 1)
            query.projects = [project.id.description]
            query.ref = ref
            query.workflow = workflow
            query.conclusion = .success
            guard let span = try server.index.runs(query).first?.spanMs else {
                return Badge(label: label, message: "unknown", state: .skipped)
            }
            return Badge(
                label: label, message: TimeText.duration(milliseconds: span, in: .english), state: .passed)
        }
        var states: [RunState] = []
        for name in names {
            if let last = try rows(project, ref: ref, workflow: name).first { states.append(last.shownState()) }
        }
        guard !states.isEmpty else { return Badge(label: label, message: "no runs", state: .skipped) }
        return Badge(label: label, state: RunState.whole(of: states))
    }

    // MARK: tray programs

    /// Projects whose status everybody may see; whoever shows a credential sees theirs as well.
    @Sendable private func tray(_ visit: PageVisit) throws(DiagnosticError) -> OutboundAnswer {
        var projects: [CCTray.Project] = []
        let seen = visit.directory.projects.values.filter { visit.may(.viewStatus, in: $0.id) }.sorted { $0.id < $1.id }
        for project in seen {
            let branch = project.settings.defaultBranch
            let ref = "refs/heads/\(branch)"
            for newest in try server.index.workflows(of: project.id.description) {
                guard let last = try rows(project, ref: ref, workflow: newest.workflow).first else { continue }
                let ended = try server.lastEnded(newest, ref: ref)
                projects.append(
                    CCTray.Project(
                        name: "\(project.name) \(newest.workflow) (\(branch))", state: last.shownState(),
                        lastState: ended?.shownState(), lastRun: ended?.run.number,
                        lastFinishedAt: ended?.finishedTime, address: "\(server.address)/runs/\(last.run)"))
            }
        }
        var headers = PageHeaders.security
        headers.add("Content-Type", CCTray.contentType)
        headers.add("Cache-Control", "no-cache, max-age=30")
        return OutboundAnswer(status: 200, headers: headers, content: .bytes(CCTray(projects: projects).xml()))
    }
}
