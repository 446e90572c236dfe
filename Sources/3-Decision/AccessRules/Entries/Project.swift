// SPDX-License-Identifier: Apache-2.0

package import StructuredData
package import Timekeeping

/// A repository whose workflows run here.
package struct Project: Hashable, Sendable {
    package let id: EntryID
    package var settings: ProjectSettings
    package var roles: [EntryID: Role] = [:]
    /// By name in lower case.
    package var environments: [String: DeploymentEnvironment] = [:]
    /// Where the secret that its webhooks are signed with is kept: the newest first, two while it is replaced.
    package var webhookSecrets: [String] = []
    package var addedAt: Timestamp

    package var name: String { settings.name }
}

/// What a project's administrator sets.
package struct ProjectSettings: Hashable, Sendable, DataRepresentable {
    package enum Forge: String, Hashable, Sendable, CaseIterable {
        case github
        case gitlab
        case gitea
        /// A repository without a forge: it is polled.
        case git
    }

    /// What happens to a pull request of somebody else's copy.
    package enum ForkPolicy: String, Hashable, Sendable, CaseIterable {
        case ignore
        /// Runs wait until somebody approves them.
        case ask
        /// Runs, without secrets.
        case run
    }

    /// Who may see the status page and the badge.
    package enum StatusVisibility: String, Hashable, Sendable, CaseIterable {
        case members
        case signedIn
        case everyone
    }

    package var name: String
    package var forge: Forge
    package var cloneURL: String
    package var defaultBranch: String
    package var forkPolicy: ForkPolicy
    package var statusVisibility: StatusVisibility
    package var isPaused: Bool
    /// Anything else that a project's pages set, by name.
    package var options: [String: String]
    /// Where what opens the remote is kept; `nil`: nothing is needed.
    package var credentialReference: String?
    /// Where the token is kept with which the forge is told statuses; `nil`: the credential does for that, too.
    package var statusTokenReference: String?
    /// Places that somebody gave who does not administer the server: it goes there by the rules for addresses of hooks only.
    package var guardedPlaces: Set<String>

    package init(
        name: String, forge: Forge, cloneURL: String, defaultBranch: String = "main"
    ) {
        self.name = name
        self.forge = forge
        self.cloneURL = cloneURL
        self.defaultBranch = defaultBranch
        forkPolicy = .ask
        statusVisibility = .members
        isPaused = false
        options = [:]
        guardedPlaces = []
    }

    /// Everything of it that is kept beside the directory.
    package var references: [String] { [credentialReference, statusTokenReference].compactMap { $0 } }

    package var data: DataValue {
        var object = DataObject()
        for (key, value) in options.sorted(by: { $0.key < $1.key }) { object[key] = .string(value) }
        let guarded = guardedPlaces.sorted().map(DataValue.string)
        return .present([
            "name": .string(name), "forge": .string(forge.rawValue), "clone": .string(cloneURL),
            "branch": .string(defaultBranch), "forks": .string(forkPolicy.rawValue),
            "status": .string(statusVisibility.rawValue), "paused": .flag(isPaused), "options": .object(object),
            "credential": credentialReference.map(DataValue.string),
            "statusToken": statusTokenReference.map(DataValue.string),
            "guarded": guarded.isEmpty ? nil : .array(guarded),
        ])
    }

    /// A policy that is not known is the strictest.
    package init(data: DataValue) throws(DataShapeError) {
        name = try data.string("name")
        forge = data["forge"]?.string.flatMap(Forge.init(rawValue:)) ?? .git
        cloneURL = try data.string("clone")
        defaultBranch = data["branch"]?.string ?? "main"
        forkPolicy = data["forks"]?.string.map { ForkPolicy(rawValue: $0) ?? .ignore } ?? .ask
        statusVisibility = data["status"]?.string.flatMap(StatusVisibility.init(rawValue:)) ?? .members
        isPaused = data.bool("paused")
        options = [:]
        for (key, value) in data["options"]?.object ?? [:] { options[key] = value.string }
        credentialReference = data["credential"]?.string
        statusTokenReference = data["statusToken"]?.string
        guardedPlaces = Set((data["guarded"]?.array ?? []).compactMap(\.string))
    }
}
