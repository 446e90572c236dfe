// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPMessages
internal import HTTPServing
internal import ServerOperation
internal import StructuredData
internal import WebPages

/// One's own account: who one is here, and the tokens that stand for one.
struct AccountReading: Sendable {
    let server: Server
    let calls: APICalls

    private static let meanings: [(TokenScope, String)] = [
        (.read, "See runs, logs and artifacts."), (.run, "Start, cancel and run again."),
        (.approve, "Let deployments pass."), (.maintain, "Change secrets, environments and hooks."),
        (.admin, "All that you may."), (.runner, "Register runners, and nothing else."),
        (.metrics, "Read metrics, and nothing else."),
    ]

    var routes: [Route] {
        let pages = PageRoute(server: server)
        return [
            pages.get("/account", .known) { (visit) throws(DiagnosticError) in
                var page = try page(visit)
                if visit.request.query["changed"] == "password" { page.receipt = Self.passwordChanged }
                return .page(page, visit.context())
            },
            pages.post("/account/tokens", .known) { (visit, form) throws(DiagnosticError) in
                var body: DataObject = [
                    "name": .string(try form.required("name")),
                    "scopes": .array(form.all("scope").map(DataValue.string)),
                ]
                body.set("days", try form.number("days").map { .number(Double($0)) })
                let made = try await calls.call("makeToken", body, as: visit)
                let now = await PageVisit(server, visit.request)
                var page = try page(now)
                page.newToken = made["secret"]?.string
                var answer = OutboundAnswer.page(page, now.context())
                answer.headers["Cache-Control"] = "no-store"
                return answer
            },
            pages.post("/account/password", .known, changePassword),
            pages.post("/account/tokens/{token}/revoke", .known) { (visit, _) throws(DiagnosticError) in
                try await calls.call("revokeToken", ["token": visit.request.parameter("token")], as: visit)
                return .seeOther(.account)
            },
        ]
    }

    private static let passwordChanged = Receipt.done("The password was changed. Your other sessions are over.")

    /// Sessions elsewhere end; this one goes on under another name.
    @Sendable private func changePassword(
        _ visit: PageVisit, _ form: FormFields
    ) async throws(DiagnosticError) -> OutboundAnswer {
        let account = try visit.request.oneself(server)
        var page = try page(visit)
        var cookies: [String] = []
        var status = 200
        do throws(DiagnosticError) {
            let changed = try await calls.answer(
                "setPassword", ["account": account.description],
                [
                    "oldPassword": .string(try form.required("old")),
                    "password": .string(try form.required("password")),
                ], as: visit)
            cookies = changed.headers.filter { $0.name == "Set-Cookie" }.map(\.value)
            page.receipt = Self.passwordChanged
        } catch {
            let (refused, receipt) = try Receipt.refusal(error)
            (status, page.receipt) = (refused, receipt)
        }
        // What a form shows next has to be sent by the session that goes on.
        guard cookies.isEmpty else {
            var answer = OutboundAnswer.seeOther(PageAddress("account", query: [("changed", "password")]))
            for cookie in cookies { answer.headers.add("Set-Cookie", cookie) }
            return answer
        }
        var answer = OutboundAnswer.page(page, visit.context(), status: status)
        answer.headers["Cache-Control"] = "no-store"
        return answer
    }

    private func page(_ visit: PageVisit) throws(DiagnosticError) -> AccountPage {
        let id = try visit.request.oneself(server)
        let tokens = visit.directory.tokens(of: id).filter { $0.ending(now: visit.now) == nil }
        return AccountPage(
            name: visit.directory.name(of: id), role: role(of: id, visit.directory),
            tokens: tokens.map { token in
                AccountPage.Token(
                    id: token.id.description, name: token.name, prefix: "mrt_pat_\(token.prefix)",
                    scopes: token.grant.scopes.sorted().map(\.rawValue), createdAt: token.issuedAt,
                    lastUsedAt: server.identification.lastUse(of: token.id), expiresAt: token.grant.expiresAt)
            }, scopes: Self.meanings.map { ($0.rawValue, $1) })
    }

    private func role(of id: EntryID, _ directory: Directory) -> String {
        if directory.accounts[id]?.isServerAdmin == true { return "Administrator of the server" }
        let roles = directory.projects.values.compactMap { project in
            project.roles[id].map { "\(project.name): \($0.rawValue)" }
        }
        return roles.isEmpty ? "No role in any project yet" : roles.sorted().joined(separator: ", ")
    }
}
