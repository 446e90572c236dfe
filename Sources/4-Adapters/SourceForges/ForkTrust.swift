// SPDX-License-Identifier: Apache-2.0

/// Whether the code of a pull request may run before somebody of the project has looked at it.
package struct ForkTrust: Hashable, Sendable {
    /// Whose pull requests from forks wait for approval.
    package enum Setting: String, Hashable, Sendable, CaseIterable {
        case always
        /// All but those of people who belong to the project.
        case neverForMembers = "never-for-members"
        /// Those of people of whom nothing was merged before.
        case firstTimeContributors = "first-time-contributors"
    }

    package var isApprovalNeeded: Bool
    /// A sentence.
    package var reason: String

    /// What is not known counts against trust: a fork that is gone, an association that nobody told.
    ///
    /// - Parameter association: where the server found out more than the payload has (``MembershipLookup``).
    package init(_ request: ForgePullRequest, _ setting: Setting, association: AuthorAssociation? = nil) {
        let author = request.author.map { "'\($0.shortened(to: 60))'" } ?? "its author"
        guard request.isFork else {
            isApprovalNeeded = false
            reason = "The pull request comes from a branch of the repository itself, so no approval is needed."
            return
        }
        let place = request.headRepository.map { "the fork \($0.fullName)" } ?? "a fork that is not known"
        guard let found = association ?? request.association else {
            isApprovalNeeded = true
            reason =
                "The pull request comes from \(place), and the forge does not say what \(author) is to the project."
            return
        }
        switch setting {
        case .always: isApprovalNeeded = true
        case .neverForMembers: isApprovalNeeded = !found.isMember
        case .firstTimeContributors: isApprovalNeeded = !found.hasContributed
        }
        let rule: String
        switch setting {
        case .always: rule = "runs of every fork wait for approval"
        case .neverForMembers:
            rule =
                isApprovalNeeded
                ? "runs of people outside the project wait for approval" : "runs of its members need no approval"
        case .firstTimeContributors:
            rule =
                isApprovalNeeded
                ? "first-time contributors' runs wait for approval" : "only first-time contributors' runs need approval"
        }
        reason = "The pull request comes from \(place); \(author) is \(found.title), and \(rule)."
    }
}
