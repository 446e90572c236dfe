// SPDX-License-Identifier: Apache-2.0

/// What an author is to a repository, in GitHub's words (`author_association`).
package enum AuthorAssociation: String, Hashable, Sendable, CaseIterable {
    case owner = "OWNER"
    /// Of the organisation.
    case member = "MEMBER"
    /// Invited to the repository.
    case collaborator = "COLLABORATOR"
    /// Something of theirs was merged before.
    case contributor = "CONTRIBUTOR"
    case firstTimeContributor = "FIRST_TIME_CONTRIBUTOR"
    /// New to all of GitHub.
    case firstTimer = "FIRST_TIMER"
    /// A placeholder for somebody without an account.
    case mannequin = "MANNEQUIN"
    case none = "NONE"

    /// Belongs to the project: could change its code without a pull request, or nearly.
    package var isMember: Bool { [.owner, .member, .collaborator].contains(self) }
    package var hasContributed: Bool { isMember || self == .contributor }

    /// As a sentence calls them.
    var title: String {
        switch self {
        case .owner: "an owner"
        case .member: "a member"
        case .collaborator: "a collaborator"
        case .contributor: "a contributor"
        case .firstTimeContributor: "a first-time contributor"
        case .firstTimer: "new to the forge"
        case .mannequin, .none: "not known to the project"
        }
    }
}
