// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

extension Directory {
    /// Whether `principal` may give a command. What concerns an account's own sign-in and tokens is its own to command.
    ///
    /// Registering a runner with a registration token is not asked here: the token is the authority.
    package func decision(
        _ principal: Principal, for command: DirectoryCommand, now: Timestamp
    ) -> AccessDecision {
        let (permission, target) = requirement(of: command)
        if let owner = owner(of: command), isOneself(owner, principal, now: now) {
            return AccessDecision(permission: permission, verdict: .allowed, sentence: "This is one's own to change.")
        }
        return decision(principal, permission, at: target, now: now)
    }

    /// What a command needs of whoever gives it.
    package func requirement(of command: DirectoryCommand) -> (Permission, AccessTarget) {
        switch command {
        case .addAccount, .changeAccount, .disableAccount, .enableAccount, .removeAccount, .setPassword, .linkIdentity,
            .endSessions:
            (.managePeople, .server)
        case .setServerAdmin, .noteSignIn, .noteBlockedSignIn: (.manageServer, .server)
        case .issueToken(let request): ownerRequirement(request.owner.id)
        case .revokeToken(let id, _): ownerRequirement(tokens[id]?.owner)
        case .addProject: (.createProjects, .server)
        case .changeProject(let id, _), .removeProject(let id): (.manageProject, .project(id))
        case .setWebhookSecret(let id, _): (.manageHooks, .project(id))
        case .grantRole(let project, _, _), .withdrawRole(let project, _): (.managePeople, .project(project))
        case .setEnvironment(let id, _), .removeEnvironment(let id, _), .freezeEnvironment(let id, _, _),
            .thawEnvironment(let id, _):
            (.manageEnvironments, .project(id))
        case .setValue(let key, _), .removeValue(let key): (.manageSecrets, key.place.target)
        case .issueRegistration, .revokeRegistration, .registerRunner: (.registerRunners, .server)
        case .changeRunner, .removeRunner: (.manageRunners, .server)
        case .setHook(let id, let settings):
            (.manageHooks, id.flatMap { hooks[$0]?.settings.target } ?? settings.target)
        case .setHookState(let id, _, _), .removeHook(let id): (.manageHooks, hooks[id]?.settings.target ?? .server)
        case .setChannel(let id, let settings):
            (.manageHooks, id.flatMap { channels[$0]?.settings.target } ?? settings.target)
        case .removeChannel(let id): (.manageHooks, channels[id]?.settings.target ?? .server)
        case .noteNotifications(let id, _): (.manageHooks, .project(id))
        case .noteDelivery(let id, _): (.manageHooks, hooks[id]?.settings.target ?? .server)
        case .note(let act): (act.act.permission, .project(act.project))
        }
    }

    private func ownerRequirement(_ owner: EntryID?) -> (Permission, AccessTarget) {
        guard let owner, owner.kind == .project else { return (.managePeople, .server) }
        return (.managePeople, .project(owner))
    }

    /// The account whose own affair a command is.
    private func owner(of command: DirectoryCommand) -> EntryID? {
        switch command {
        case .setPassword(let id, _), .linkIdentity(let id, _): id
        case .endSessions(let id): id
        case .issueToken(let request): request.owner.id
        case .revokeToken(let id, _): tokens[id]?.owner
        default: nil
        }
    }

    /// A token is its owner only with the scope `admin`, and where it is not bound to projects.
    package func isOneself(_ account: EntryID, _ principal: Principal, now: Timestamp) -> Bool {
        guard let person = accounts[account], !person.isDisabled else { return false }
        switch principal {
        case .account(let id): return id == account
        case .token(let id):
            guard let token = tokens[id], token.ending(now: now) == nil else { return false }
            return token.owner == account && token.grant.scopes.contains(.admin) && token.grant.projects == nil
        case .anonymous, .runner: return false
        }
    }
}

extension Acted.Act {
    package var permission: Permission {
        switch self {
        case .dispatched: .startRuns
        case .cancelled: .cancelRuns
        case .rerun: .rerunRuns
        case .approved, .rejected: .approve
        case .overrode: .overrideGates
        }
    }
}
