// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import StructuredData

/// What happened to the directory.
package enum DirectoryFact: Hashable, Sendable {
    case accountAdded(AccountAdded)
    case accountChanged(AccountChanged)
    case accountDisabled(AccountDisabled)
    case accountEnabled(AccountEnabled)
    case accountRemoved(AccountRemoved)
    case passwordSet(PasswordSet)
    case identityLinked(IdentityLinked)
    case serverAdminSet(ServerAdminSet)
    case sessionsEnded(SessionsEnded)
    case signedIn(SignedIn)
    case signInBlocked(SignInBlocked)
    case tokenIssued(TokenIssued)
    case tokenRevoked(TokenRevoked)
    case projectAdded(ProjectAdded)
    case projectChanged(ProjectChanged)
    case projectRemoved(ProjectRemoved)
    case webhookSecretSet(WebhookSecretSet)
    case roleGranted(RoleGranted)
    case roleWithdrawn(RoleWithdrawn)
    case environmentSet(EnvironmentSet)
    case environmentRemoved(EnvironmentRemoved)
    case environmentFrozen(EnvironmentFrozen)
    case environmentThawed(EnvironmentThawed)
    case valueSet(ValueSet)
    case valueRemoved(ValueRemoved)
    case registrationIssued(RegistrationIssued)
    case registrationRevoked(RegistrationRevoked)
    case runnerRegistered(RunnerRegistered)
    case runnerChanged(RunnerChanged)
    case runnerRemoved(RunnerRemoved)
    case hookSet(HookSet)
    case hookStateSet(HookStateSet)
    case hookRemoved(HookRemoved)
    case channelSet(ChannelSet)
    case channelRemoved(ChannelRemoved)
    case notificationsSet(NotificationsSet)
    case deliveryAsked(DeliveryAsked)
    case acted(Acted)

    package var body: any DirectoryPayload {
        switch self {
        case .accountAdded(let body): body
        case .accountChanged(let body): body
        case .accountDisabled(let body): body
        case .accountEnabled(let body): body
        case .accountRemoved(let body): body
        case .passwordSet(let body): body
        case .identityLinked(let body): body
        case .serverAdminSet(let body): body
        case .sessionsEnded(let body): body
        case .signedIn(let body): body
        case .signInBlocked(let body): body
        case .tokenIssued(let body): body
        case .tokenRevoked(let body): body
        case .projectAdded(let body): body
        case .projectChanged(let body): body
        case .projectRemoved(let body): body
        case .webhookSecretSet(let body): body
        case .roleGranted(let body): body
        case .roleWithdrawn(let body): body
        case .environmentSet(let body): body
        case .environmentRemoved(let body): body
        case .environmentFrozen(let body): body
        case .environmentThawed(let body): body
        case .valueSet(let body): body
        case .valueRemoved(let body): body
        case .registrationIssued(let body): body
        case .registrationRevoked(let body): body
        case .runnerRegistered(let body): body
        case .runnerChanged(let body): body
        case .runnerRemoved(let body): body
        case .hookSet(let body): body
        case .hookStateSet(let body): body
        case .hookRemoved(let body): body
        case .channelSet(let body): body
        case .channelRemoved(let body): body
        case .notificationsSet(let body): body
        case .deliveryAsked(let body): body
        case .acted(let body): body
        }
    }

    package var typeName: String { type(of: body).typeName }
    package var version: Int { type(of: body).version }

    /// - Throws: ``DiagnosticCode/unknownDirectoryEvent``, ``DiagnosticCode/malformedDirectoryEvent``.
    package init(typeName: String, version: Int, payload: DataValue) throws(DiagnosticError) {
        guard let reader = Self.readers[typeName] else { throw .unknownDirectoryEvent(typeName, version: version) }
        self = try reader(version, payload)
    }

    /// Every type name that the directory's stream may hold.
    package static var typeNames: [String] { readers.keys.sorted() }

    private typealias Reader = @Sendable (Int, DataValue) throws(DiagnosticError) -> DirectoryFact

    private static func reader<Body: DirectoryPayload>(
        _ wrap: @escaping @Sendable (Body) -> DirectoryFact
    ) -> (String, Reader) {
        let read: Reader = { version, payload throws(DiagnosticError) in
            wrap(try Body.read(version: version, payload))
        }
        return (Body.typeName, read)
    }

    private static let readers: [String: Reader] = Dictionary(
        uniqueKeysWithValues: [
            reader(DirectoryFact.accountAdded),
            reader(DirectoryFact.accountChanged),
            reader(DirectoryFact.accountDisabled),
            reader(DirectoryFact.accountEnabled),
            reader(DirectoryFact.accountRemoved),
            reader(DirectoryFact.passwordSet),
            reader(DirectoryFact.identityLinked),
            reader(DirectoryFact.serverAdminSet),
            reader(DirectoryFact.sessionsEnded),
            reader(DirectoryFact.signedIn),
            reader(DirectoryFact.signInBlocked),
            reader(DirectoryFact.tokenIssued),
            reader(DirectoryFact.tokenRevoked),
            reader(DirectoryFact.projectAdded),
            reader(DirectoryFact.projectChanged),
            reader(DirectoryFact.projectRemoved),
            reader(DirectoryFact.webhookSecretSet),
            reader(DirectoryFact.roleGranted),
            reader(DirectoryFact.roleWithdrawn),
            reader(DirectoryFact.environmentSet),
            reader(DirectoryFact.environmentRemoved),
            reader(DirectoryFact.environmentFrozen),
            reader(DirectoryFact.environmentThawed),
            reader(DirectoryFact.valueSet),
            reader(DirectoryFact.valueRemoved),
            reader(DirectoryFact.registrationIssued),
            reader(DirectoryFact.registrationRevoked),
            reader(DirectoryFact.runnerRegistered),
            reader(DirectoryFact.runnerChanged),
            reader(DirectoryFact.runnerRemoved),
            reader(DirectoryFact.hookSet),
            reader(DirectoryFact.hookStateSet),
            reader(DirectoryFact.hookRemoved),
            reader(DirectoryFact.channelSet),
            reader(DirectoryFact.channelRemoved),
            reader(DirectoryFact.notificationsSet),
            reader(DirectoryFact.deliveryAsked),
            reader(DirectoryFact.acted),
        ])
}
