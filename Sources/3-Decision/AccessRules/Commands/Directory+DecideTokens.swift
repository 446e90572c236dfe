// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import Timekeeping

extension Directory {
    func issue(_ request: TokenRequest, by actor: Actor, now: Timestamp) throws(DiagnosticError) -> DirectoryFact {
        try EntryText.checkTitle(request.name, "token")
        guard !request.grant.scopes.isEmpty else { throw .directoryValue("A token needs a scope.") }
        guard (request.grant.projects?.count ?? 0) <= AccessLimits.projectsOfAToken else {
            throw .directoryLimit("projects of a token", AccessLimits.projectsOfAToken)
        }
        if let end = request.grant.expiresAt, end <= now {
            throw .directoryValue("The token would have expired already.")
        }
        for project in request.grant.projects ?? [] where projects[project] == nil {
            throw .unknownEntry("project", project.description)
        }
        guard token(sha256: request.sha256) == nil else { throw .nameTaken("token", request.prefix) }
        try checkCount(of: request.owner.id, name: request.name, now: now)
        switch request.owner {
        case .account(let id): try checkScopes(request.grant, owner: try account(id))
        case .project(let id): try checkScopes(request.grant, project: id)
        }
        try checkScopes(request.grant, by: actor)
        return .tokenIssued(
            TokenIssued(
                token: nextID(.token), owner: request.owner, name: request.name, prefix: request.prefix,
                sha256: request.sha256, grant: request.grant))
    }

    private func checkCount(of owner: EntryID, name: String, now: Timestamp) throws(DiagnosticError) {
        let alive = tokens(of: owner).filter { $0.ending(now: now) == nil }
        guard alive.count < AccessLimits.tokensOfAnOwner else {
            throw .directoryLimit("tokens of \(self.name(of: owner))", AccessLimits.tokensOfAnOwner)
        }
        guard !alive.contains(where: { $0.name == name }) else { throw .nameTaken("token", name) }
    }

    /// A scope that the owner cannot fill is refused at once: a token that then does nothing would only puzzle.
    private func checkScopes(_ grant: TokenGrant, owner: Account) throws(DiagnosticError) {
        guard !owner.isServerAdmin else { return }
        let reached = projects.values.filter { grant.projects?.contains($0.id) ?? true }
        let given = reached.compactMap { $0.roles[owner.id] }.max() ?? .read
        // Whom an environment names may approve there, whatever their role.
        let isReviewer = reached.contains { project in
            project.roles[owner.id] != nil
                && project.environments.values.contains { $0.rules.reviewers.contains(owner.id) }
        }
        let highest = isReviewer ? max(given, .approve) : given
        for scope in grant.scopes.sorted() {
            guard let role = scope.role else {
                throw .scopeTooWide(
                    "The scope \(scope.rawValue) needs an administrator of the server; \(owner.name) is none.")
            }
            guard role <= highest else {
                throw .scopeTooWide(
                    "The scope \(scope.rawValue) is more than \(owner.name) may do: the highest role there is \(highest.rawValue)."
                )
            }
        }
    }

    private func checkScopes(_ grant: TokenGrant, project: EntryID) throws(DiagnosticError) {
        guard projects[project] != nil else { throw .unknownEntry("project", project.description) }
        let isWithin = grant.scopes.allSatisfy { ($0.role ?? .admin) <= .maintain }
        guard isWithin, grant.projects.map({ $0 == [project] }) ?? true else {
            throw .scopeTooWide("A project's token has at most the scope maintain, and reaches its project alone.")
        }
    }

    /// A token makes none that reaches further than itself.
    private func checkScopes(_ grant: TokenGrant, by actor: Actor) throws(DiagnosticError) {
        guard actor.kind == .token else { return }
        guard let own = actor.id.flatMap({ tokens[$0] })?.grant else {
            throw .unknownEntry("token", actor.id?.description ?? actor.name)
        }
        var wider: [String] = []
        if !grant.permissions.isSubset(of: own.permissions) { wider.append("more scopes") }
        if let projects = own.projects, grant.projects?.isSubset(of: projects) != true {
            wider.append("more projects")
        }
        if let end = own.expiresAt, grant.expiresAt.map({ $0 > end }) ?? true { wider.append("a longer life") }
        guard wider.isEmpty else {
            throw .scopeTooWide("A token cannot make one with \(wider.joined(separator: " and ")) than its own.")
        }
    }

    func revoke(_ id: EntryID, _ reason: String?) throws(DiagnosticError) -> [DirectoryFact] {
        guard let token = tokens[id] else { throw .unknownEntry("token", id.description) }
        guard token.revokedAt == nil else { return [] }
        let owner: TokenOwner = token.owner.kind == .project ? .project(token.owner) : .account(token.owner)
        return [
            .tokenRevoked(TokenRevoked(token: id, owner: owner, reason: reason?.bounded(AccessLimits.reasonBytes)))
        ]
    }
}
