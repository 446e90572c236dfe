// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPServing
internal import ServerOperation
internal import StructuredData
internal import WebPages

/// Who can sign in, and who administers the server. Roles in projects are the projects'.
struct PeopleReading: SettingsReading {
    let server: Server
    let calls: APICalls

    private static let member = "member"
    private static let admin = "admin"

    var routes: [Route] {
        let pages = PageRoute(server: server)
        return [
            room("/settings/people", .server(.managePeople), pages),
            form("/settings/people", .server(.managePeople), pages, add),
            form("/settings/people/{account}/role", .server(.managePeople), pages) {
                (visit, form) throws(DiagnosticError) in
                let name = visit.request.parameter("account")
                let role = try form.required("role")
                try await calls.call(
                    "setServerAdmin", ["account": name], ["serverAdmin": .bool(role == Self.admin)], as: visit)
                return SettingsChange(sentence: "\(name) is \(role) now, and has to sign in again.")
            },
            form("/settings/people/{account}/disable", .server(.managePeople), pages) {
                (visit, _) throws(DiagnosticError) in
                let name = visit.request.parameter("account")
                try await calls.call("disableAccount", ["account": name], as: visit)
                return SettingsChange(sentence: "Nobody signs in as \(name) any more; the account's tokens rest.")
            },
            form("/settings/people/{account}/enable", .server(.managePeople), pages) {
                (visit, _) throws(DiagnosticError) in
                let name = visit.request.parameter("account")
                try await calls.call("enableAccount", ["account": name], as: visit)
                return SettingsChange(sentence: "\(name) can sign in again.")
            },
        ]
    }

    func with(_ receipt: Receipt, _ page: PeoplePage) -> PeoplePage {
        var page = page
        page.receipt = receipt
        return page
    }

    func page(_ visit: PageVisit) async throws(DiagnosticError) -> PeoplePage {
        let people = visit.directory.accounts.values.sorted { $0.name.lowercased() < $1.name.lowercased() }
        return PeoplePage(
            people: people.map { account in
                PeoplePage.Person(
                    name: account.name, role: account.isServerAdmin ? Self.admin : Self.member,
                    isDisabled: account.isDisabled, isSelf: account.id == visit.account)
            },
            roles: [
                (Self.member, "Signs in; may do in each project what its role there allows."),
                (Self.admin, "Administers the server and every project."),
            ], mayChange: visit.mayOnServer(.managePeople))
    }

    @Sendable private func add(
        _ visit: PageVisit, _ form: FormFields
    ) async throws(DiagnosticError) -> SettingsChange<PeoplePage> {
        let name = try form.required("name")
        var body: DataObject = ["name": .string(name), "password": .string(try form.required("password"))]
        if form["role"] == Self.admin { body["serverAdmin"] = true }
        try await calls.call("addAccount", body, as: visit)
        return SettingsChange(sentence: "\(name) can sign in now.")
    }
}
