// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Credentials
internal import Diagnostics
internal import HTTPServing
internal import ServerOperation
internal import StructuredData
internal import Timekeeping

/// Tokens: one's own, and those of projects. A token is shown once, when it is made.
struct TokenRoutes: Sendable {
    let server: Server

    private static let standardDays: Int64 = 90

    var routes: [Route] {
        [
            Route(
                method: "GET", template: "/api/v1/tokens", operation: "listTokens", summary: "Your own tokens.",
                guardian: .known, query: PageParameters.all, answers: [200: "TokenList"]
            ) { (request) throws(DiagnosticError) in try list(request, owner: try request.oneself(server)) },
            Route(
                method: "POST", template: "/api/v1/tokens", operation: "makeToken",
                summary: "Makes a token of yours; its secret is shown this once.", guardian: .known, body: "NewToken",
                answers: [201: "TokenMade", 404: "Problem", 409: "Problem"]
            ) { (request) throws(DiagnosticError) in
                try await make(request, owner: .account(try request.oneself(server)), kind: .personal)
            },
            Route(
                method: "DELETE", template: "/api/v1/tokens/{token}", operation: "revokeToken",
                summary: "Revokes a token of yours; an administrator of the server revokes any.", guardian: .known,
                answers: [204: "", 404: "Problem"], handler: revoke),
            Route(
                method: "GET", template: "/api/v1/projects/{project}/tokens", operation: "listProjectTokens",
                summary: "A project's own tokens, which are nobody's.", guardian: .project(.managePeople),
                query: PageParameters.all, answers: [200: "TokenList"]
            ) { (request) throws(DiagnosticError) in
                try list(request, owner: try request.project(server.directory.current).id)
            },
            Route(
                method: "POST", template: "/api/v1/projects/{project}/tokens", operation: "makeProjectToken",
                summary: "Makes a token of a project; its secret is shown this once.",
                guardian: .project(.managePeople), body: "NewToken", answers: [201: "TokenMade", 409: "Problem"]
            ) { (request) throws(DiagnosticError) in
                try await make(
                    request, owner: .project(try request.project(server.directory.current).id), kind: .project)
            },
            Route(
                method: "DELETE", template: "/api/v1/projects/{project}/tokens/{token}",
                operation: "revokeProjectToken", summary: "Revokes a token of a project.",
                guardian: .project(.managePeople), answers: [204: ""], handler: revoke),
        ]
    }

    /// When a new token ends; of a token that makes one, and says no days, not later than that one itself.
    private static func end(_ days: Int?, of request: APIRequest, in directory: Directory) -> Timestamp? {
        let now = Timestamp.now()
        if let days { return days > 0 ? now + .days(Int64(days)) : nil }
        let usual = now + .days(standardDays)
        guard case .token(let id) = request.principal, let own = directory.tokens[id]?.grant.expiresAt else {
            return usual
        }
        return min(usual, own)
    }

    private func list(_ request: APIRequest, owner: EntryID) throws(DiagnosticError) -> OutboundAnswer {
        let directory = server.directory.current
        return try request.page(directory.tokens(of: owner), { $0.id.number }) { token in
            token.shown(directory, lastUse: server.identification.lastUse(of: token.id))
        }
    }

    private func make(
        _ request: APIRequest, owner: TokenOwner, kind: AccessToken.Kind
    ) async throws(DiagnosticError) -> OutboundAnswer {
        let body = try await request.json()
        let directory = server.directory.current
        let scopes = Set((body["scopes"]?.array ?? []).compactMap { $0.string.flatMap(TokenScope.init(rawValue:)) })
        var projects: Set<EntryID>?
        if let names = body["projects"]?.array?.compactMap(\.string) {
            var found: Set<EntryID> = []
            for name in names {
                let id = directory.find(name)
                let isSeen = id.map {
                    directory.decision(request.principal, .viewRuns, at: .project($0), now: .now()).isAllowed
                }
                guard let id, isSeen == true else { throw APIRequest.missing("project", name) }
                found.insert(id)
            }
            projects = found
        }
        let grant = TokenGrant(
            scopes, projects: projects, expiresAt: Self.end(body["days"]?.int, of: request, in: directory))
        let token = AccessToken.mint(kind)
        try await server.perform(
            .issueToken(
                TokenRequest(
                    owner: owner, name: try body.text("name"), prefix: token.prefix, sha256: token.sha256, grant: grant)
            ),
            request)
        guard let issued = server.directory.current.token(sha256: token.sha256) else {
            throw DiagnosticError(.entryMissing, "The token was revoked as it was made.")
        }
        return .secret(["token": issued.shown(server.directory.current, lastUse: nil), "secret": .string(token.text)])
    }

    @Sendable private func revoke(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let name = request.parameter("token")
        let directory = server.directory.current
        let command = EntryID(name).map { DirectoryCommand.revokeToken($0, reason: nil) }
        guard let command, let id = EntryID(name), let token = directory.tokens[id],
            request.path["project"].map({ directory.find($0) == token.owner }) ?? true,
            directory.decision(request.principal, for: command, now: .now()).isAllowed
        else { throw APIRequest.missing("token", name) }
        try await server.perform(command, request)
        return .empty
    }
}

extension APIRequest {
    /// The account that asks. A token stands for it only with the scope admin, and where it is bound to no project.
    ///
    /// - Throws: ``DiagnosticCode/accessDenied``.
    func oneself(_ server: Server) throws(DiagnosticError) -> EntryID {
        let directory = server.directory.current
        switch principal {
        case .account(let id): return id
        case .token(let id):
            guard let owner = directory.tokens[id]?.owner, directory.accounts[owner] != nil,
                directory.isOneself(owner, principal, now: .now())
            else { break }
            return owner
        case .anonymous, .runner: break
        }
        throw DiagnosticError(
            .accessDenied,
            "Your account and your tokens are for yourself, or for a token of yours with the scope admin.")
    }
}
