// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPServing
internal import ServerOperation
internal import StructuredData
internal import WebPages

/// Who has which role in a project.
struct MembersReading: SettingsReading {
    let server: Server
    let calls: APICalls

    private static let template = "/settings/projects/{project}/members"

    var routes: [Route] {
        let pages = PageRoute(server: server)
        return [
            room(Self.template, .project(.viewRuns), pages),
            form(Self.template, .project(.managePeople), pages) { (visit, form) throws(DiagnosticError) in
                try await grant(try form.required("account"), form, visit)
            },
            form(Self.template + "/{account}", .project(.managePeople), pages) {
                (visit, form) throws(DiagnosticError) in
                try await grant(visit.request.parameter("account"), form, visit)
            },
            form(Self.template + "/{account}/remove", .project(.managePeople), pages) {
                (visit, _) throws(DiagnosticError) in
                let name = visit.request.parameter("account")
                try await calls.call("removeMember", Self.path(name, visit), as: visit)
                return SettingsChange(sentence: "\(name) has no role in \(try visit.project().name) any more.")
            },
        ]
    }

    private static func path(_ account: String, _ visit: PageVisit) throws(DiagnosticError) -> [String: String] {
        ["project": try visit.project().name, "account": account]
    }

    private func grant(
        _ account: String, _ form: FormFields, _ visit: PageVisit
    ) async throws(DiagnosticError) -> SettingsChange<MembersPage> {
        let role = try form.required("role")
        try await calls.call("setMember", Self.path(account, visit), ["role": .string(role)], as: visit)
        return SettingsChange(sentence: "\(account) has the role \(role) in \(try visit.project().name) now.")
    }

    func with(_ receipt: Receipt, _ page: MembersPage) -> MembersPage {
        var page = page
        page.receipt = receipt
        return page
    }

    func page(_ visit: PageVisit) async throws(DiagnosticError) -> MembersPage {
        let project = try visit.project()
        let directory = visit.directory
        let members = project.roles.map { MembersPage.Member(name: directory.name(of: $0), role: $1.rawValue) }
        let mayChange = directory.decision(
            visit.request.principal, .managePeople, at: .project(project.id), now: visit.now
        ).isAllowed
        // Who else is here is told to those only who may give them a role.
        let others = mayChange ? directory.accounts.values.filter { project.roles[$0.id] == nil }.map(\.name) : []
        return MembersPage(
            project: project.name, members: members.sorted { $0.name.lowercased() < $1.name.lowercased() },
            others: others.sorted { $0.lowercased() < $1.lowercased() },
            roles: Role.allCases.map { ($0.rawValue, $0.meaning) }, mayChange: mayChange)
    }
}

extension Role {
    fileprivate var meaning: String {
        switch self {
        case .read: "Sees runs, logs and artifacts."
        case .run: "Starts, cancels and reruns as well."
        case .approve: "Lets deployments pass as well."
        case .maintain: "Keeps secrets, environments and hooks as well."
        case .admin: "Changes the project and who is in it as well."
        }
    }
}
