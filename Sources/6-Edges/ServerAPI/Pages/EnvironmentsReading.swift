// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPMessages
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
            form("/settings/environments", .known, pages, add),
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
        let changeable = projects.filter { visit.may(.manageEnvironments, in: $0.id) }
        let changeableIDs = Set(changeable.map(\.id))
        let environments = projects.flatMap { project in
            project.environments.values.sorted { $0.name < $1.name }.map { environment in
                let rules = environment.rules
                var shown = EnvironmentsPage.Environment(
                    project: project.name, name: environment.name,
                    approvers: rules.reviewers.isEmpty
                        ? ["approve"] : rules.reviewers.map { visit.directory.name(of: $0) },
                    votesNeeded: rules.requiredApprovals, allowsSelfApproval: !rules.excludesAuthor,
                    waitMs: Int64(rules.waitMinutes) * Self.minuteMs, branches: rules.branchPatterns)
                shown.mayChange = changeableIDs.contains(project.id)
                return shown
            }
        }
        return EnvironmentsPage(
            environments: environments, projects: changeable.map(\.name), mayChange: !changeable.isEmpty)
    }

    /// Adds one. It says all of the rules, so that one that is there would lose its own.
    @Sendable private func add(
        _ visit: PageVisit, _ form: FormFields
    ) async throws(DiagnosticError) -> SettingsChange<EnvironmentsPage> {
        let (project, name) = (try form.required("project"), try form.required("name"))
        let known = visit.directory.find(project).flatMap { visit.directory.environment(name, of: $0) }
        if let known { throw Self.taken(known.name, project) }
        var body: DataObject = [
            "reviewers": .array(form.list("approvers").map(DataValue.string)),
            "notAuthor": .bool(!form.isOn("self")), "waitMinutes": .number(Double(try form.number("wait") ?? 0)),
            "branches": .array(form.list("branches").map(DataValue.string)),
        ]
        body.set("approvals", try form.number("votes").map { .number(Double($0)) })
        do throws(DiagnosticError) {
            try await calls.call(
                "setEnvironment", ["project": project, "environment": name], body, as: visit,
                headers: [("If-None-Match", "*")])
        } catch {
            // Somebody else was faster.
            throw error.diagnostic.code == .entryMoved ? Self.taken(name, project) : error
        }
        return SettingsChange(sentence: "\(name) of \(project) has its rules.")
    }

    private static func taken(_ name: String, _ project: String) -> DiagnosticError {
        DiagnosticError(
            .nameTaken, "\(project) has an environment '\(name)' already, and keeps it as it is.",
            remedy: "Choose another name, or change its rules with "
                + "PUT /api/v1/projects/{project}/environments/{environment}.")
    }
}
