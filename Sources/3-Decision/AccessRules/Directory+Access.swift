// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

extension Directory {
    /// Whether `principal` may do something somewhere, now.
    ///
    /// | who | may |
    /// |---|---|
    /// | anonymous | see the status of a project that shows it to everyone |
    /// | an account | what its role in the project allows; an administrator of the server everything but a runner's part |
    /// | an account's token | what its scopes, its projects and its owner allow, all three |
    /// | a project's token | what its scopes and the role `maintain` allow, in that project alone |
    /// | a runner | take jobs |
    package func decision(
        _ principal: Principal, _ permission: Permission, at target: AccessTarget, now: Timestamp
    ) -> AccessDecision {
        switch principal {
        case .anonymous: return anonymous(permission, target)
        case .account(let id): return decision(account: id, permission, target, isToken: false)
        case .token(let id): return decision(token: id, permission, target, now: now)
        case .runner(let id):
            guard let runner = runners[id], !runner.isDisabled else {
                return AccessDecision(
                    permission: permission, verdict: .unknownCaller,
                    sentence: "This runner is not registered or disabled.")
            }
            let isAllowed = permission == .takeJobs && target == .server
            return AccessDecision(
                permission: permission, verdict: isAllowed ? .allowed : .denied,
                sentence: isAllowed
                    ? "\(runner.name) is a registered runner." : "A runner takes jobs, and does nothing else.")
        }
    }

    /// All that somebody may do somewhere.
    package func permissions(_ principal: Principal, at target: AccessTarget, now: Timestamp) -> Set<Permission> {
        Set(Permission.allCases.filter { decision(principal, $0, at: target, now: now).isAllowed })
    }

    private func anonymous(_ permission: Permission, _ target: AccessTarget) -> AccessDecision {
        if permission == .viewStatus, case .project(let id) = target,
            projects[id]?.settings.statusVisibility == .everyone
        {
            return AccessDecision(
                permission: permission, verdict: .allowed, sentence: "The project shows its status to everyone.")
        }
        return AccessDecision(
            permission: permission, verdict: .unknownCaller,
            sentence: "\(permission.words) needs somebody who is signed in.")
    }

    // MARK: accounts

    private func decision(
        account id: EntryID, _ permission: Permission, _ target: AccessTarget, isToken: Bool
    ) -> AccessDecision {
        guard let account = accounts[id], !account.isDisabled else {
            return AccessDecision(
                permission: permission, verdict: .unknownCaller, sentence: "The account is disabled or was removed.")
        }
        let who = isToken ? "Your token acts for \(account.name), who" : account.name
        if permission == .takeJobs {
            return AccessDecision(
                permission: permission, verdict: .denied, sentence: "Only a registered runner takes jobs.")
        }
        if case .project(let project) = target, projects[project] == nil {
            return AccessDecision(permission: permission, verdict: .hidden, sentence: "There is no such project.")
        }
        if account.isServerAdmin {
            return AccessDecision(
                permission: permission, verdict: .allowed, sentence: "\(who) is an administrator of the server.")
        }
        guard case .project(let projectID) = target, let project = projects[projectID] else {
            return AccessDecision(
                permission: permission, verdict: .denied,
                sentence: "\(permission.words) needs an administrator of the server; \(account.name) is none.")
        }
        return decision(permission, role: project.roles[id], who: who, project)
    }

    private func decision(
        _ permission: Permission, role: Role?, who: String, _ project: Project
    ) -> AccessDecision {
        if permission == .viewStatus, project.settings.statusVisibility != .members {
            return AccessDecision(
                permission: permission, verdict: .allowed,
                sentence: "The project shows its status to whoever is signed in.")
        }
        guard let role else {
            return AccessDecision(
                permission: permission, verdict: .hidden, sentence: "\(who) has no role in \(project.name).")
        }
        guard let needed = permission.minimumRole else {
            return AccessDecision(
                permission: permission, verdict: .denied,
                sentence: "\(permission.words) needs an administrator of the server.")
        }
        return AccessDecision(
            permission: permission, verdict: needed <= role ? .allowed : .denied,
            sentence: "\(who) has the role \(role.rawValue) in \(project.name)"
                + (needed <= role ? "." : "; \(permission.words.lowercasedFirst) needs \(needed.rawValue)."))
    }

    // MARK: tokens

    private func decision(
        token id: EntryID, _ permission: Permission, _ target: AccessTarget, now: Timestamp
    ) -> AccessDecision {
        guard let token = tokens[id] else {
            return AccessDecision(permission: permission, verdict: .unknownCaller, sentence: "There is no such token.")
        }
        if let ending = token.ending(now: now) {
            return AccessDecision(
                permission: permission, verdict: .unknownCaller, sentence: "Your token \(token.name) \(ending).")
        }
        if let refusal = reach(of: token, permission, target) { return refusal }
        guard token.grant.permissions.contains(permission) else {
            let needed = TokenScope.narrowest(for: permission)
            return AccessDecision(
                permission: permission, verdict: .denied,
                sentence: "Your token has the scope \(token.grant.scopeWords); "
                    + (needed.map { "this needs \($0.rawValue)." } ?? "this is for no token."))
        }
        guard let project = projects[token.owner] else {
            return decision(account: token.owner, permission, target, isToken: true)
        }
        return decision(permission, role: .maintain, who: "The token \(token.name)", project)
    }

    /// Why the token does not reach the target at all.
    private func reach(of token: IssuedToken, _ permission: Permission, _ target: AccessTarget) -> AccessDecision? {
        let isProjects = token.owner.kind == .project
        switch target {
        case .server:
            guard isProjects || token.grant.projects != nil else { return nil }
            return AccessDecision(
                permission: permission, verdict: .denied,
                sentence: "Your token is for single projects, not for the server.")
        case .project(let id):
            let isWithin = isProjects ? token.owner == id : token.grant.projects?.contains(id) ?? true
            guard !isWithin || isProjects && token.grant.projects?.contains(id) == false else { return nil }
            return AccessDecision(
                permission: permission, verdict: .hidden, sentence: "Your token is for other projects.")
        }
    }
}

extension String {
    var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
