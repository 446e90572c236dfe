// SPDX-License-Identifier: Apache-2.0

package import AccessRules
package import Diagnostics
internal import FileAccess
internal import NotificationRules
internal import RunCoordination
internal import SourceControl
internal import SourceForges
internal import Timekeeping
internal import TriggerIntake

/// What opens a project's remote and its forge, as somebody gives it.
package struct ConnectionSecrets: Sendable {
    package enum Given: Hashable, Sendable {
        /// Nothing is said of it.
        case nothing
        /// What was there goes.
        case none
        case text(String)
    }

    /// A password or token, of a remote over SSH a private key.
    package var credential: Given
    /// For telling the forge statuses.
    package var statusToken: Given

    package init(credential: Given, statusToken: Given) {
        self.credential = credential
        self.statusToken = statusToken
    }
}

/// The same, where it is kept.
package struct KeptConnection: Sendable {
    fileprivate enum Kept: Sendable {
        case unchanged
        case none
        case reference(String, isKey: Bool)
    }

    fileprivate var credential = Kept.unchanged
    fileprivate var statusToken = Kept.unchanged

    fileprivate func apply(to settings: inout ProjectSettings) {
        Self.apply(credential, to: &settings.credentialReference)
        Self.apply(statusToken, to: &settings.statusTokenReference)
    }

    private static func apply(_ kept: Kept, to reference: inout String?) {
        switch kept {
        case .unchanged: break
        case .none: reference = nil
        case .reference(let new, _): reference = new
        }
    }

    fileprivate var references: [String] {
        [credential, statusToken].compactMap { kept in
            if case .reference(let reference, _) = kept { reference } else { nil }
        }
    }
}

/// Who says what in a project's settings.
package struct ConnectionChange: Sendable {
    package var kept: KeptConnection
    /// Whether the remote's address is among what is said.
    package var namesRemote: Bool
    package var principal: Principal

    package init(_ kept: KeptConnection, namesRemote: Bool, by principal: Principal) {
        self.kept = kept
        self.namesRemote = namesRemote
        self.principal = principal
    }
}

/// How projects are connected to their remotes and forges.
extension Server {
    /// Seals what was given. What it returns is to be used, or forgotten.
    ///
    /// - Throws: ``DiagnosticCode/connectionSecretUnusable``.
    package func keep(_ secrets: ConnectionSecrets) throws(DiagnosticError) -> KeptConnection {
        var kept = KeptConnection()
        do throws(DiagnosticError) {
            kept.credential = try keep(secrets.credential, "credential", mayBeKey: true)
            kept.statusToken = try keep(secrets.statusToken, "statusToken", mayBeKey: false)
        } catch {
            forget(kept)
            throw error
        }
        return kept
    }

    private func keep(
        _ given: ConnectionSecrets.Given, _ name: String, mayBeKey: Bool
    ) throws(DiagnosticError) -> KeptConnection.Kept {
        guard case .text(let text) = given else { return given == .none ? .none : .unchanged }
        let isKey = text.contains("PRIVATE KEY-----")
        guard isKey ? mayBeKey : !text.isEmpty && text.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            throw DiagnosticError(
                .connectionSecretUnusable, "What was given as '\(name)' is no token or password: it has blanks in it.",
                remedy: mayBeKey
                    ? "Give one line without blanks, or the whole private key for a remote over SSH."
                    : "Give one line without blanks.")
        }
        return .reference(try references.keep(isKey ? text.asKeyFile : text), isKey: isKey)
    }

    package func forget(_ kept: KeptConnection) {
        for reference in kept.references { references.forget(reference) }
    }

    /// Puts into settings what was given with them, and looks whether all of it goes together: a secret goes to the places that it
    /// was given for and to no other, and who does not administer the server leads it to public places only.
    ///
    /// - Throws: ``DiagnosticCode/credentialElsewhere``, ``DiagnosticCode/connectionSecretUnusable``,
    ///   ``DiagnosticCode/addressRefused``, ``DiagnosticCode/forgeAddressUnusable``.
    package func connect(
        _ settings: inout ProjectSettings, before: ProjectSettings?, _ change: ConnectionChange
    ) throws(DiagnosticError) {
        change.kept.apply(to: &settings)
        let places = ProjectPlaces(settings)
        if settings.forge != .git, ["apiURL", "serverURL"].contains(where: { settings.options[$0] != nil }) {
            let address = try ProjectPlaces.address(settings)
            guard places.forge != nil else {
                throw DiagnosticError(
                    .forgeAddressUnusable, "'\(address.apiURL.prefix(200))' is no address of a forge's API.",
                    remedy: "Write it as https://host/path, the host in letters, digits, '-', '.' and '_'.")
            }
        }
        if case .reference(_, let isKey) = change.kept.credential { try Self.check(isKey: isKey, for: places) }
        let mayAll = directory.current.decision(change.principal, .manageServer, at: .server, now: .now()).isAllowed
        try Self.checkUses(settings, before, ofPlaces: mayAll)
        let kept = (before?.guardedPlaces ?? []).intersection(places.all)
        if mayAll {
            settings.guardedPlaces = change.namesRemote ? [] : kept
            return
        }
        let new = places.all.subtracting(before.map { ProjectPlaces($0).all } ?? [])
        for place in new.sorted() { _ = try addressRules.target(place + "/") }
        settings.guardedPlaces = kept.union(new)
    }

    private static func check(isKey: Bool, for places: ProjectPlaces) throws(DiagnosticError) {
        guard let remote = places.remote else {
            throw DiagnosticError(
                .connectionSecretUnusable, "A repository of this machine is opened without a credential.",
                remedy: "Leave it out.")
        }
        guard isKey != places.wantsKey else { return }
        throw DiagnosticError(
            .connectionSecretUnusable,
            isKey
                ? "A private key was given, and \(remote) is not asked over SSH."
                : "A remote over SSH, as \(remote), is opened with a private key; what was given is none.",
            remedy: isKey ? "Give a token or a password." : "Give the key's file as it is, without a passphrase.")
    }

    private struct SecretUse: Hashable {
        var reference: String
        var place: String
        /// The repository there; empty: any.
        var repository = ""
    }

    private static func uses(_ settings: ProjectSettings, ofPlaces: Bool) -> Set<SecretUse> {
        let places = ProjectPlaces(settings)
        var uses: Set<SecretUse> = []
        if let reference = settings.credentialReference, let place = places.remote {
            let repository = ofPlaces ? "" : settings.cloneURL.withoutRepositoryEnd
            uses.insert(SecretUse(reference: reference, place: place, repository: repository))
        }
        if let reference = tokenReference(settings), let place = places.forge {
            let api = (try? ProjectPlaces.address(settings))?.apiURL ?? ""
            let repository = ofPlaces ? "" : "\(TriggerProject.fullName(settings)) at \(api)"
            uses.insert(SecretUse(reference: reference, place: place, repository: repository))
        }
        return uses
    }

    /// - Parameter ofPlaces: whether a secret may open all of the place that it is kept for, not one repository of it only: whoever
    ///   administers the server gave it, perhaps, and knows what else it opens.
    private static func checkUses(
        _ settings: ProjectSettings, _ before: ProjectSettings?, ofPlaces: Bool
    ) throws(DiagnosticError) {
        guard let before else { return }
        let known = Set(before.references)
        let new = uses(settings, ofPlaces: ofPlaces).subtracting(uses(before, ofPlaces: ofPlaces))
            .filter { known.contains($0.reference) }
        guard let use = new.min(by: { ($0.place, $0.repository) < ($1.place, $1.repository) }) else { return }
        let isToken = use.reference == settings.statusTokenReference
        let name = isToken ? "statusToken" : "credential"
        throw DiagnosticError(
            .credentialElsewhere,
            "What is kept as '\(name)' was not given for "
                + "\(use.repository.isEmpty ? use.place : use.repository), and is not sent there.",
            remedy: isToken || settings.forge == .git
                ? "Give '\(name)' again with the new address, or null to have it forgotten."
                : "Give '\(name)' again with the new address, a 'statusToken' of its own, or null to have it forgotten."
        )
    }

    /// With what statuses are told: a key is for git only.
    static func tokenReference(_ settings: ProjectSettings) -> String? {
        settings.statusTokenReference
            ?? (ProjectPlaces(settings).wantsKey ? nil : settings.credentialReference)
    }

    /// Forgets what a project had, and has no more.
    package func forgetReplaced(of project: EntryID, before: ProjectSettings) {
        let now = Set(directory.current.projects[project]?.settings.references ?? [])
        for reference in before.references where !now.contains(reference) {
            references.forget(reference)
            try? Files.remove(Self.keyPath(store.root, project, reference))
        }
    }

    // MARK: use

    static func keyPath(_ root: String, _ project: EntryID, _ reference: String) -> String {
        "\(root)/projects/\(project)/\(reference).key"
    }

    /// What opens a project's remote; `nil`: nothing is needed.
    ///
    /// - Parameter root: of the store; git wants a key in a file.
    static func credential(
        _ project: Project, _ references: ReferencedSecrets, _ root: String
    ) throws(DiagnosticError) -> GitCredential? {
        guard let reference = project.settings.credentialReference,
            ProjectPlaces(project.settings).remote != nil
        else { return nil }
        let text = try references.text(reference)
        guard ProjectPlaces(project.settings).wantsKey else {
            return .token(text, user: project.settings.options["credentialUser"] ?? "x-access-token")
        }
        let path = keyPath(root, project.id, reference)
        if !Files.isFile(path) {
            try Trees.make(Files.directory(of: path), mode: 0o700)
            try Files.replace(path, with: text.utf8, mode: 0o600)
        }
        return GitCredential(.key(path: path, knownHosts: nil))
    }

    /// For addresses that people give who do not administer the server.
    var addressRules: AddressGuard { Self.addressRules(settings) }

    static func addressRules(_ settings: ServerSettings) -> AddressGuard {
        var rules = settings.telling.allowsPrivateHooks ? AddressGuard.allowingPrivate : AddressGuard()
        rules.schemes.insert("ssh")
        rules.ports.insert(22)
        return rules
    }
}

extension String {
    /// Of a repository's address: `.git` and a slash at its end say nothing.
    fileprivate var withoutRepositoryEnd: String {
        var text = self[...]
        for end in ["/", ".git"] where text.hasSuffix(end) { text = text.dropLast(end.count) }
        return String(text)
    }

    /// As ssh reads it: forms send other line ends, and what is pasted lacks the last one.
    fileprivate var asKeyFile: String {
        let text = String(String.UnicodeScalarView(unicodeScalars.filter { $0 != "\r" }))
        return text.hasSuffix("\n") ? text : text + "\n"
    }
}
