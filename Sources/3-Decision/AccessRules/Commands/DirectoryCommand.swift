// SPDX-License-Identifier: Apache-2.0

/// What somebody asks of the directory.
package enum DirectoryCommand: Hashable, Sendable {
    case addAccount(NewAccount)
    case changeAccount(EntryID, name: String, email: String?)
    case disableAccount(EntryID, reason: String?)
    case enableAccount(EntryID)
    case removeAccount(EntryID)
    /// - reference: where the hash is kept.
    case setPassword(EntryID, reference: String)
    case linkIdentity(EntryID, LinkedIdentity)
    case setServerAdmin(EntryID, Bool)
    /// `nil`: everybody's.
    case endSessions(EntryID?)
    case noteSignIn(EntryID, method: String)
    case noteBlockedSignIn(name: String, failures: Int)

    case issueToken(TokenRequest)
    case revokeToken(EntryID, reason: String?)

    /// - admin: who gets the role `admin` in it.
    case addProject(ProjectSettings, admin: EntryID?)
    case changeProject(EntryID, ProjectSettings)
    case removeProject(EntryID)
    case setWebhookSecret(EntryID, reference: String)
    case grantRole(project: EntryID, account: EntryID, Role)
    case withdrawRole(project: EntryID, account: EntryID)

    case setEnvironment(EntryID, EnvironmentRules)
    case removeEnvironment(EntryID, String)
    case freezeEnvironment(EntryID, String, Freeze)
    case thawEnvironment(EntryID, String)
    case setValue(ValueKey, digest: String)
    case removeValue(ValueKey)

    case issueRegistration(RegistrationOffer, sha256: String)
    case revokeRegistration(EntryID)
    /// - registration: `nil` for the server's own runner.
    case registerRunner(RunnerTraits, sha256: String, registration: EntryID?)
    case changeRunner(EntryID, RunnerTraits, isDisabled: Bool)
    case removeRunner(EntryID, reason: String?)

    /// `nil`: a new one.
    case setHook(EntryID?, HookSettings)
    case setHookState(EntryID, OutgoingHook.State, reason: String?)
    case removeHook(EntryID)
    /// `nil`: a new one.
    case setChannel(EntryID?, ChannelSettings)
    case removeChannel(EntryID)

    /// - version: of the document, from 1.
    case noteNotifications(EntryID, version: Int)
    /// - delivery: `nil`: a test.
    case noteDelivery(hook: EntryID, delivery: String?)
    case note(Acted)
}

package struct NewAccount: Hashable, Sendable {
    package var name: String
    package var email: String?
    package var passwordReference: String?
    package var identity: LinkedIdentity?
    package var isServerAdmin: Bool

    package init(
        name: String, email: String? = nil, passwordReference: String? = nil, identity: LinkedIdentity? = nil,
        isServerAdmin: Bool = false
    ) {
        self.name = name
        self.email = email
        self.passwordReference = passwordReference
        self.identity = identity
        self.isServerAdmin = isServerAdmin
    }
}

/// A token that was minted and is to be known.
package struct TokenRequest: Hashable, Sendable {
    package var owner: TokenOwner
    package var name: String
    package var prefix: String
    package var sha256: String
    package var grant: TokenGrant

    package init(owner: TokenOwner, name: String, prefix: String, sha256: String, grant: TokenGrant) {
        self.owner = owner
        self.name = name
        self.prefix = prefix
        self.sha256 = sha256
        self.grant = grant
    }
}
