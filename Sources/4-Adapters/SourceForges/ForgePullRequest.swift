// SPDX-License-Identifier: Apache-2.0

internal import StructuredData

/// A pull request, or a merge request, as far as its event tells.
package struct ForgePullRequest: Hashable, Sendable {
    package var number: Int
    package var title: String?
    package var headSHA: String
    /// The branch that is to be merged, in ``headRepository``; `nil`: not known (a polled one).
    package var headRef: String?
    /// `nil`: not known, or its fork was deleted.
    package var headRepository: ForgeRepository?
    /// The branch that it is to be merged into; `nil`: not known.
    package var baseRef: String?
    package var baseSHA: String?
    /// The code comes from another repository, or from nobody knows where.
    package var isFork: Bool
    package var isDraft: Bool
    package var isMerged: Bool
    /// The login of who opened it; `nil`: not known.
    package var author: String?
    package var association: AuthorAssociation?
    /// Where the code is to be had in the project's own repository, also that of a fork.
    package var fetchRef: String

    /// - Returns: `nil` where number, head or base are not what they should be.
    init?(_ payload: DataObject, forge: ForgeKind) {
        guard let request = payload["pull_request"], let number = request["number"]?.int ?? payload["number"]?.int,
            number > 0, let head = request["head"], let headSHA = head["sha"]?.string, GitNames.isCommit(headSHA)
        else { return nil }
        let headRef = head["ref"]?.string
        let baseRef = request["base"]?["ref"]?.string
        guard [headRef, baseRef].allSatisfy({ $0.map(GitNames.isShortRef) ?? true }) else { return nil }
        self.number = number
        self.headSHA = headSHA
        self.headRef = headRef
        self.baseRef = baseRef
        title = request["title"]?.string
        headRepository = ForgeRepository(payload: head["repo"])
        baseSHA = request["base"]?["sha"]?.string.flatMap { GitNames.isCommit($0) ? $0 : nil }
        isFork = Self.isFork(request, payload)
        isDraft = request["draft"]?.bool ?? false
        isMerged = request["merged"]?.bool ?? false
        author = request["user"]?["login"]?.string
        association = request["author_association"]?.string.flatMap { AuthorAssociation(rawValue: $0) }
        fetchRef = forge == .gitlab ? "refs/merge-requests/\(number)/head" : "refs/pull/\(number)/head"
    }

    /// Ids where both have one: a repository may have been renamed between the two.
    private static func isFork(_ request: DataValue, _ payload: DataObject) -> Bool {
        let base = request["base"]?["repo"] ?? payload["repository"]
        guard let head = request["head"]?["repo"], let base else { return true }
        if let headID = head["id"]?.int, let baseID = base["id"]?.int { return headID != baseID }
        guard let headName = head["full_name"]?.string, let baseName = base["full_name"]?.string else { return true }
        return headName.lowercased() != baseName.lowercased()
    }
}
