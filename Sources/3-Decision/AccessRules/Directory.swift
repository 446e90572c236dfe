// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// Everything that is administered: who there is, what they may do, and what is set up. The fold of the stream
/// `directory`.
package struct Directory: Hashable, Sendable {
    package internal(set) var accounts: [EntryID: Account] = [:]
    package internal(set) var tokens: [EntryID: IssuedToken] = [:]
    package internal(set) var projects: [EntryID: Project] = [:]
    package internal(set) var values: [ValueKey: StoredValue] = [:]
    package internal(set) var runners: [EntryID: Runner] = [:]
    package internal(set) var registrations: [EntryID: RunnerRegistration] = [:]
    package internal(set) var hooks: [EntryID: OutgoingHook] = [:]
    package internal(set) var channels: [EntryID: NotificationChannel] = [:]
    /// Sessions of an earlier generation are over, whoever's they are.
    package internal(set) var sessionsGeneration = 1
    /// How many events were folded.
    package internal(set) var version = 0

    var lastNumbers: [EntryID.Kind: Int] = [:]
    /// Versions of values that were removed, so that none is given twice.
    var lastVersions: [ValueKey: Int] = [:]
    /// What accounts, projects, hooks and channels were called when they were removed. (Tokens and runners come and go by
    /// thousands; their number has to do.)
    var formerNames: [EntryID: String] = [:]

    // Indexes of what is above.
    var accountsByName: [String: EntryID] = [:]
    var accountsByEmail: [String: EntryID] = [:]
    var accountsByIdentity: [LinkedIdentity: EntryID] = [:]
    var tokensBySHA256: [String: EntryID] = [:]
    var projectsByName: [String: EntryID] = [:]
    var runnersBySHA256: [String: EntryID] = [:]
    var runnersByName: [String: EntryID] = [:]
    var registrationsBySHA256: [String: EntryID] = [:]

    package init() {}

    // MARK: finding

    /// Names and addresses are compared without regard to case.
    package func account(named name: String) -> Account? {
        accountsByName[name.lowercased()].flatMap { accounts[$0] }
    }

    package func account(email: String) -> Account? {
        accountsByEmail[email.lowercased()].flatMap { accounts[$0] }
    }

    package func account(_ identity: LinkedIdentity) -> Account? {
        accountsByIdentity[identity].flatMap { accounts[$0] }
    }

    /// - Parameter sha256: of the whole token, in hexadecimal: a digest of a secret may be looked up as it is.
    package func token(sha256: String) -> IssuedToken? { tokensBySHA256[sha256].flatMap { tokens[$0] } }

    package func project(named name: String) -> Project? {
        projectsByName[name.lowercased()].flatMap { projects[$0] }
    }

    package func runner(sha256: String) -> Runner? { runnersBySHA256[sha256].flatMap { runners[$0] } }

    /// A registration token that can be used now.
    package func registration(sha256: String, now: Timestamp) -> RunnerRegistration? {
        registrationsBySHA256[sha256].flatMap { registrations[$0] }.flatMap { now < $0.offer.expiresAt ? $0 : nil }
    }

    package func environment(_ name: String, of project: EntryID) -> DeploymentEnvironment? {
        projects[project]?.environments[name.lowercased()]
    }

    /// The values that a job of an environment sees: the narrowest place wins. By name.
    package func values(
        _ kind: ValueKey.Kind, of project: EntryID, environment: String?
    ) -> [String: StoredValue] {
        var places: [ValuePlace] = [.server, .project(project)]
        if let environment { places.append(.environment(project, environment.lowercased())) }
        var found: [String: StoredValue] = [:]
        for place in places {
            for (key, value) in values where key.kind == kind && key.place == place { found[key.name] = value }
        }
        return found
    }

    package func tokens(of owner: EntryID) -> [IssuedToken] {
        tokens.values.filter { $0.owner == owner }.sorted { $0.id < $1.id }
    }

    /// The projects in which the account may see runs, by name.
    package func projects(visibleTo account: EntryID) -> [Project] {
        guard let person = accounts[account], !person.isDisabled else { return [] }
        return projects.values.filter { person.isServerAdmin || $0.roles[account] != nil }
            .sorted { $0.name.lowercased() < $1.name.lowercased() }
    }

    /// Who did something, for people: somebody's token with whose it is, `ada (laptop)`.
    package func told(_ actor: Actor) -> String {
        guard actor.kind == .token, let owner = actor.owner else { return actor.name }
        return "\(name(of: owner)) (\(actor.name))"
    }

    /// How an entry is called, also where it was removed; its id where nothing is known.
    package func name(of id: EntryID) -> String {
        let name: String? =
            switch id.kind {
            case .account: accounts[id]?.name
            case .token: tokens[id]?.name
            case .project: projects[id]?.name
            case .runner: runners[id]?.name
            case .registration: registrations[id].map { $0.offer.prefix + "…" }
            case .hook: hooks[id]?.settings.url
            case .channel: channels[id]?.settings.name
            }
        return name ?? formerNames[id] ?? id.description
    }

    /// Whether a project or a hook was there, and is no more. Numbers are never given again: one that is greater than all may be of an
    /// entry that another server has made a moment ago.
    package func isRemoved(_ id: EntryID) -> Bool {
        guard id < nextID(id.kind) else { return false }
        switch id.kind {
        case .project: return projects[id] == nil
        case .hook: return hooks[id] == nil
        case .account, .token, .runner, .registration, .channel: return false
        }
    }

    /// The id that the next entry of a kind gets.
    package func nextID(_ kind: EntryID.Kind) -> EntryID { EntryID(kind, (lastNumbers[kind] ?? 0) + 1) }

    /// Administrators of the server who can sign in.
    package var serverAdmins: [Account] { accounts.values.filter { $0.isServerAdmin && !$0.isDisabled } }

    /// Whether a session that began with these generations goes on.
    package func isSessionCurrent(_ account: EntryID, generation: Int, serverGeneration: Int) -> Bool {
        guard let person = accounts[account], !person.isDisabled else { return false }
        return person.sessionsGeneration == generation && sessionsGeneration == serverGeneration
    }
}
