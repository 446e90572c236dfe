// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPServing
internal import ServerOperation
internal import StructuredData
internal import WebPages

/// Where deployments go, and who has to agree.
struct EnvironmentsReading: SettingsReading {
    let server: Server
    let calls: APICalls

    private static let minuteMs: Int64 = 60_000

    var routes: [Route] {
        let pages = PageRoute(server: server)
        return [
            room("/settings/environments", .known, pages),
            form("/settings/environments", .known, pages, set),
            form("/settings/environments/remove", .known, pages) { (visit, form) throws(DiagnosticError) in
                let (project, name) = (try form.required("project"), try form.required("name"))
                try await calls.call(
                    "removeEnvironment", ["project": project, "environment": name], as: visit)
                return SettingsChange(sentence: "\(name) of \(project) was removed, with its secrets.")
            },
        ]
    }

    func with(_ receipt: Receipt, _ page: EnvironmentsPage) -> EnvironmentsPage {
        var page = page
        page.receipt = receipt
        return page
    }

    func page(_ visit: PageVisit) async throws(DiagnosticError) -> EnvironmentsPage {
        let projects = visit.projects
        let changeable = projects.filter { visit.may(.manageEnvironments, in: $0.id) }.map(\.name)
        let environments = projects.flatMap { project in
            project.environments.values.sorted { $0.name < $1.name }.map { environment in
                let rules = environment.rules
                return EnvironmentsPage.Environment(
                    project: project.name, name: environment.name,
                    approvers: rules.reviewers.isEmpty
                        ? ["approve"] : rules.reviewers.map { visit.directory.name(of: $0) },
                    votesNeeded: rules.requiredApprovals, allowsSelfApproval: !rules.excludesAuthor,
                    waitMs: Int64(rules.waitMinutes) * Self.minuteMs, branches: rules.branchPatterns)
            }
        }
        return EnvironmentsPage(
            environments: environments, projects: changeable, mayChange: !changeable.isEmpty)
    }

    @Sendable private func set(
        _ visit: PageVisit, _ form: FormFields
    ) async throws(DiagnosticError) -> SettingsChange<EnvironmentsPage> {
        let (project, name) = (try form.required("project"), try form.required("name"))
        var body: DataObject = [
            "reviewers": .array(form.list("approvers").map(DataValue.string)),
            "notAuthor": .bool(!form.isOn("self")), "waitMinutes": .number(Double(try form.number("wait") ?? 0)),
            "branches": .array(form.list("branches").map(DataValue.string)),
        ]
        body.set("approvals", try form.number("votes").map { .number(Double($0)) })
        try await calls.call("setEnvironment", ["project": project, "environment": name], body, as: visit)
        return SettingsChange(sentence: "\(name) of \(project) has its rules.")
    }
}
