// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import Timekeeping

extension Directory {
    /// What follows from a command: the events to record, none where nothing changes. Who may give it is asked with
    /// ``decision(_:for:now:)`` before.
    ///
    /// - Throws: ``DiagnosticCode/nameTaken``, ``DiagnosticCode/unknownEntry``, ``DiagnosticCode/lastAdministrator``,
    ///   ``DiagnosticCode/credentialEnded``, ``DiagnosticCode/directoryLimit``, ``DiagnosticCode/directoryValue``,
    ///   ``DiagnosticCode/scopeTooWide``.
    package func decide(
        _ command: DirectoryCommand, by actor: Actor, now: Timestamp
    ) throws(DiagnosticError) -> [DirectoryEvent] {
        let facts: [DirectoryFact] =
            switch command {
            case .addAccount, .changeAccount, .disableAccount, .enableAccount, .removeAccount, .setPassword,
                .linkIdentity, .setServerAdmin, .endSessions, .noteSignIn, .noteBlockedSignIn:
                try accountFacts(command)
            case .issueToken(let request): [try issue(request, by: actor, now: now)]
            case .revokeToken(let id, let reason): try revoke(id, reason)
            case .addProject, .changeProject, .removeProject, .setWebhookSecret, .grantRole, .withdrawRole:
                try projectFacts(command)
            case .setEnvironment, .removeEnvironment, .freezeEnvironment, .thawEnvironment, .setValue, .removeValue:
                try environmentFacts(command, now: now)
            case .issueRegistration, .revokeRegistration, .registerRunner, .changeRunner, .removeRunner:
                try runnerFacts(command, now: now)
            case .setHook, .setHookState, .removeHook, .setChannel, .removeChannel, .noteNotifications, .noteDelivery:
                try outgoingFacts(command)
            case .note(let act): [.acted(try checked(act))]
            }
        return facts.map { DirectoryEvent($0, by: actor) }
    }

    private func checked(_ act: Acted) throws(DiagnosticError) -> Acted {
        guard projects[act.project] != nil else { throw .unknownEntry("project", act.project.description) }
        guard act.act != .overrode || act.reason?.isBlank == false else {
            throw .directoryValue("An emergency needs a reason.")
        }
        return act
    }

    // MARK: accounts

    private func accountFacts(_ command: DirectoryCommand) throws(DiagnosticError) -> [DirectoryFact] {
        switch command {
        case .addAccount(let new): return [try add(new)]
        case .changeAccount(let id, let name, let email): return try change(id, name, email)
        case .disableAccount(let id, let reason):
            guard try !account(id).isDisabled else { return [] }
            try keepAnAdmin(without: id)
            return [.accountDisabled(AccountDisabled(account: id, reason: reason?.bounded(AccessLimits.reasonBytes)))]
        case .enableAccount(let id):
            return try account(id).isDisabled ? [.accountEnabled(AccountEnabled(account: id))] : []
        case .removeAccount(let id):
            _ = try account(id)
            try keepAnAdmin(without: id)
            return [.accountRemoved(AccountRemoved(account: id))]
        case .setPassword(let id, let reference):
            _ = try account(id)
            return [.passwordSet(PasswordSet(account: id, reference: reference))]
        case .linkIdentity(let id, let identity):
            guard try account(id).identity != identity else { return [] }
            try checkFree(identity)
            return [.identityLinked(IdentityLinked(account: id, identity: identity))]
        case .setServerAdmin(let id, let isAdmin):
            guard try account(id).isServerAdmin != isAdmin else { return [] }
            if !isAdmin { try keepAnAdmin(without: id) }
            return [.serverAdminSet(ServerAdminSet(account: id, isServerAdmin: isAdmin))]
        case .endSessions(let id):
            if let id { _ = try account(id) }
            return [.sessionsEnded(SessionsEnded(account: id))]
        case .noteSignIn(let id, let method):
            guard try !account(id).isDisabled else {
                throw DiagnosticError(
                    .credentialEnded, "The account \(name(of: id)) is disabled.",
                    remedy: "Ask an administrator of the server.")
            }
            return [.signedIn(SignedIn(account: id, method: method.bounded(AccessLimits.nameBytes)))]
        case .noteBlockedSignIn(let name, let failures):
            return [.signInBlocked(SignInBlocked(name: name.bounded(AccessLimits.nameBytes), failures: failures))]
        default: return []
        }
    }

    private func add(_ new: NewAccount) throws(DiagnosticError) -> DirectoryFact {
        guard accounts.count < AccessLimits.accounts else { throw .directoryLimit("accounts", AccessLimits.accounts) }
        try EntryText.checkName(new.name, "account")
        if let email = new.email { try EntryText.checkEmail(email) }
        try checkFree(name: new.name, email: new.email, except: nil)
        if let identity = new.identity { try checkFree(identity) }
        return .accountAdded(
            AccountAdded(
                account: nextID(.account), name: new.name, email: new.email, passwordReference: new.passwordReference,
                identity: new.identity, isServerAdmin: new.isServerAdmin))
    }

    private func change(
        _ id: EntryID, _ name: String, _ email: String?
    ) throws(DiagnosticError) -> [DirectoryFact] {
        let before = try account(id)
        guard before.name != name || before.email != email else { return [] }
        try EntryText.checkName(name, "account")
        if let email { try EntryText.checkEmail(email) }
        try checkFree(name: name, email: email, except: id)
        return [.accountChanged(AccountChanged(account: id, name: name, email: email))]
    }

    func account(_ id: EntryID) throws(DiagnosticError) -> Account {
        guard let account = accounts[id] else { throw .unknownEntry("account", id.description) }
        return account
    }

    private func checkFree(name: String, email: String?, except: EntryID?) throws(DiagnosticError) {
        if let other = account(named: name), other.id != except { throw .nameTaken("account", name) }
        if let email, let other = account(email: email), other.id != except { throw .nameTaken("mail address", email) }
    }

    private func checkFree(_ identity: LinkedIdentity) throws(DiagnosticError) {
        if account(identity) != nil { throw .nameTaken("identity", "\(identity.subject) at \(identity.issuer)") }
    }

    private func keepAnAdmin(without id: EntryID) throws(DiagnosticError) {
        let admins = serverAdmins
        guard admins.count == 1, admins[0].id == id else { return }
        throw DiagnosticError(
            .lastAdministrator, "\(name(of: id)) is the last administrator of the server.",
            remedy: "Make another account an administrator first.")
    }
}
