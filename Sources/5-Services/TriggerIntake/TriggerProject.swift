// SPDX-License-Identifier: Apache-2.0

package import RunCoordination
package import SourceForges
package import StructuredData

/// What triggers need to know of a project.
package struct TriggerProject: Sendable {
    /// What happens to a pull request of somebody else's copy.
    package enum ForkPolicy: String, Hashable, Sendable, CaseIterable {
        case ignore
        /// Its runs wait for an approval, as ``TriggerProject/approval`` says.
        case ask
        case run
    }

    /// The directory's id of it, `prj_1`; without slashes.
    package var id: String
    package var forge: ForgeKind
    /// `owner/name`.
    package var fullName: String
    /// What people open: `https://github.com`, without a slash at its end.
    package var serverURL: String
    /// What git fetches from.
    package var cloneURL: String
    package var defaultBranch: String
    package var runnerGroup = ""
    package var vars = DataObject()
    package var forks = ForkPolicy.ask
    package var approval = ForkTrust.Setting.firstTimeContributors
    package var forkSandbox = SandboxSettings()
    package var isPaused = false
    /// Its address was given by somebody who does not administer the server: git is not led on to another one.
    package var isGuarded = false
    /// `nil`: it is not polled.
    package var pollSeconds: Int?
    /// Whether a poll looks at pull requests, too.
    package var pollsRequests = false
    /// `nil`: schedules go on for ever.
    package var schedulesRestAfterDays: Int?
    /// As people know it here.
    package var name: String
    /// Names of its environments, for inputs of the type `environment`; `nil`: any is taken.
    package var environments: [String]?

    package init(
        id: String, forge: ForgeKind, fullName: String, serverURL: String, cloneURL: String
    ) {
        self.id = id
        self.forge = forge
        self.fullName = fullName
        name = fullName
        self.serverURL = serverURL
        self.cloneURL = cloneURL
        defaultBranch = "main"
    }

    /// As a payload of the forge names it.
    package var forgeRepository: ForgeRepository { repository }

    var repository: ForgeRepository {
        ForgeRepository(
            fullName: fullName, cloneURL: "\(serverURL)/\(fullName).git", webURL: "\(serverURL)/\(fullName)",
            defaultBranch: defaultBranch)
    }

    var defaultRef: String { "refs/heads/" + defaultBranch }
}
