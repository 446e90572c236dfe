// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPMessages
internal import HTTPServing
internal import ServerOperation
internal import StructuredData
internal import Timekeeping

/// Accounts: who can sign in.
struct AccountRoutes: Sendable {
    let server: Server

    var routes: [Route] {
        [
            route(
                "GET", "", "listAccounts", "Everybody who can sign in.", query: PageParameters.all,
                answers: [200: "AccountList"]
            ) { (request) throws(DiagnosticError) in
                try request.page(Array(server.directory.current.accounts.values), { $0.id.number }, \.shown)
            },
            route(
                "POST", "", "addAccount", "Adds an account, with a password or a link with which one is set.",
                body: "NewAccount", answers: [201: "AccountMade", 409: "Problem"], add),
            route("GET", "/{account}", "getAccount", "One account.", answers: [200: "Account"]) {
                (request) throws(DiagnosticError) in .json(try find(request).shown)
            },
            route(
                "PATCH", "/{account}", "changeAccount", "Changes the name or the mail address.", body: "AccountChange",
                answers: [200: "Account", 409: "Problem", 412: "Problem"], change),
            route(
                "DELETE", "/{account}", "removeAccount",
                "Removes an account with its tokens and roles; what it did stays in the audit log.",
                answers: [204: "", 409: "Problem", 412: "Problem"], remove),
            route(
                "POST", "/{account}/disable", "disableAccount", "Nobody signs in with it, and its tokens rest.",
                body: "ReasonGiven", answers: [200: "Account", 409: "Problem"], disable),
            route("POST", "/{account}/enable", "enableAccount", "The end of that.", answers: [200: "Account"]) {
                (request) throws(DiagnosticError) in try await done(request) { .enableAccount($0) }
            },
            route(
                "POST", "/{account}/invitation", "inviteAccount",
                "A link with which the account's owner sets a password; it is good once, for seven days.",
                answers: [201: "Invitation", 410: "Problem"], invite),
            route(
                "PUT", "/{account}/server-admin", "setServerAdmin",
                "Whether the account administers the server. Its sessions end.", body: "ServerAdminChange",
                answers: [200: "Account", 409: "Problem"], setServerAdmin),
            route(
                "DELETE", "/{account}/sessions", "endSessions", "Ends the sessions of an account.", answers: [204: ""]
            ) { (request) throws(DiagnosticError) in
                try await server.perform(.endSessions(try find(request).id), request)
                return .empty
            },
            Route(
                method: "PUT", template: "/api/v1/accounts/{account}/password", operation: "setPassword",
                summary: "Sets a password: one's own with the old one, somebody else's as an administrator.",
                guardian: .known, body: "PasswordChange", answers: [204: "", 404: "Problem"], handler: setPassword),
            Route(
                method: "DELETE", template: "/api/v1/sessions", operation: "endAllSessions",
                summary: "Everybody has to sign in again.", guardian: .server(.manageServer), answers: [204: ""]
            ) { (request) throws(DiagnosticError) in
                try await server.perform(.endSessions(nil), request)
                return .empty
            },
        ]
    }

    private func route(
        _ method: String, _ path: String, _ operation: String, _ summary: String, query: [Route.Parameter] = [],
        body: String? = nil, answers: [Int: String],
        _ handler: @escaping @Sendable (APIRequest) async throws(DiagnosticError) -> OutboundAnswer
    ) -> Route {
        Route(
            method: method, template: "/api/v1/accounts" + path, operation: operation, summary: summary,
            guardian: .server(.managePeople), query: query, body: body, answers: answers, handler: handler)
    }

    private func find(_ request: APIRequest) throws(DiagnosticError) -> Account {
        let name = request.parameter("account")
        guard let account = server.directory.current.account(name) else { throw APIRequest.missing("account", name) }
        return account
    }

    /// Carries out what is asked of an account, and shows it.
    private func done(
        _ request: APIRequest, _ command: (EntryID) -> DirectoryCommand
    ) async throws(DiagnosticError) -> OutboundAnswer {
        let id = try find(request).id
        try await server.perform(command(id), request) { $0.accounts[id]?.shown }
        guard let account = server.directory.current.accounts[id] else {
            throw APIRequest.missing("account", request.parameter("account"))
        }
        return .json(account.shown)
    }

    // MARK: handlers

    @Sendable private func add(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let body = try await request.json()
        let new = NewAccount(
            name: try body.text("name"), email: body["email"]?.string, isServerAdmin: body["serverAdmin"]?.bool ?? false
        )
        if new.isServerAdmin {
            try server.directory.current.decision(request.principal, .manageServer, at: .server, now: .now()).required()
        }
        let account = try await server.people.add(
            new, password: body["password"]?.string, by: request.actor(server), as: request.principal, now: .now())
        var object: DataObject = ["account": account.shown]
        if body["invitation"]?.bool == true {
            object["invitation"] = .string(try link(account.id, .now()))
        }
        var answer = OutboundAnswer.secret(.object(object))
        answer.headers.add("Location", "/api/v1/accounts/\(account.id)")
        return answer
    }

    @Sendable private func change(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let body = try await request.json()
        let id = try find(request).id
        let read: @Sendable (Directory) throws(DiagnosticError) -> Account = { (directory) throws(DiagnosticError) in
            guard let account = directory.accounts[id] else { throw APIRequest.missing("account", id.description) }
            return account
        }
        try await server.change(request, read, showing: { $0.accounts[id]?.shown }) { before in
            .changeAccount(
                id, name: body["name"]?.string ?? before.name,
                email: body["email"] == nil ? before.email : body["email"]?.string)
        }
        return .json(try read(server.directory.current).shown)
    }

    @Sendable private func remove(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let account = try find(request)
        try await server.perform(.removeAccount(account.id), request) { $0.accounts[account.id]?.shown }
        if let reference = account.passwordReference { server.references.forget(reference) }
        return .empty
    }

    @Sendable private func disable(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let reason = try await request.json()["reason"]?.string
        return try await done(request) { .disableAccount($0, reason: reason) }
    }

    @Sendable private func invite(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let now = Timestamp.now()
        return .secret([
            "link": .string(try link(try find(request).id, now)),
            "expiresAt": .moment(now + SessionLimits.invitation),
        ])
    }

    private func link(_ account: EntryID, _ now: Timestamp) throws(DiagnosticError) -> String {
        server.address + "/invite?ticket=" + (try server.people.invitation(account, now: now))
    }

    @Sendable private func setServerAdmin(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let isAdmin = try await request.json()["serverAdmin"]?.bool ?? false
        let before = try find(request)
        var answer = try await done(request) { .setServerAdmin($0, isAdmin) }
        guard before.isServerAdmin != isAdmin else { return answer }
        // Who may more, or less, than before begins a new session.
        _ = try await server.directory.perform(.endSessions(before.id), by: request.actor(server))
        try keepSignedIn(before.id, request, &answer)
        return answer
    }

    @Sendable private func setPassword(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let body = try await request.json()
        let name = request.parameter("account")
        let directory = server.directory.current
        let isSeen = directory.decision(request.principal, .managePeople, at: .server, now: .now()).isAllowed
        let account = directory.account(name)
        let isOwn = account.map { directory.isOneself($0.id, request.principal, now: .now()) } ?? false
        guard let account, isSeen || isOwn else { throw APIRequest.missing("account", name) }
        try await server.people.setPassword(
            try body.text("password"), of: account.id,
            old: isOwn ? .asked(body["oldPassword"]?.string) : .notAsked, by: request.actor(server),
            as: request.principal, now: .now())
        var answer = OutboundAnswer.empty
        try keepSignedIn(account.id, request, &answer)
        return answer
    }

    /// Who changes their own account goes on in a new session; the others are over.
    private func keepSignedIn(
        _ account: EntryID, _ request: APIRequest, _ answer: inout OutboundAnswer
    ) throws(DiagnosticError) {
        guard request.session?.account == account else { return }
        let cookies = SessionCookie(isSecure: request.inbound.isSecure || server.address.hasPrefix("https://"))
        answer.headers.add("Set-Cookie", try SessionRoutes.sessionLine(account, server, cookies))
    }
}

extension Directory {
    /// An account by its id or its name.
    func account(_ text: String) -> Account? {
        if let id = EntryID(text), id.kind == .account, let found = accounts[id] { return found }
        return account(named: text)
    }
}
