// SPDX-License-Identifier: Apache-2.0

/// What is known of the repository that a run is for, at the moment it starts.
public struct RepositoryState: Hashable, Sendable {
    /// The working tree's top folder, absolute; outside a repository the folder where the command was given.
    public var root: String
    /// False outside a git repository: then there is no ref, no commit and no history.
    public var isRepository: Bool
    /// `owner/name`: from the remote's address, else `local/` and the folder's name.
    public var fullName: String
    /// `https://github.com`, or the host of the remote.
    public var serverURL: String
    /// `refs/heads/main`; on a detached head the tag that points there, else `nil`.
    public var ref: String?
    /// The commit's id, 40 hex digits; 40 zeros before the first commit.
    public var sha: String
    public var defaultBranch: String
    public var headCommit: CommitInfo?
    /// The configured author's name: who "pushes".
    public var actor: String

    public init(root: String) {
        self.root = root
        isRepository = false
        let name = root.split(separator: "/").last.map(String.init) ?? "workspace"
        fullName = "local/\(name)"
        serverURL = "https://github.com"
        sha = String(repeating: "0", count: 40)
        defaultBranch = "main"
        actor = "local"
    }

    public var owner: String { fullName.split(separator: "/").first.map(String.init) ?? "local" }
    public var name: String { fullName.split(separator: "/").last.map(String.init) ?? "workspace" }
}

public struct CommitInfo: Hashable, Sendable {
    public var id: String
    public var message: String
    public var authorName: String
    public var authorEmail: String
    /// ISO 8601, with offset.
    public var timestamp: String

    public init(id: String, message: String, authorName: String, authorEmail: String, timestamp: String) {
        self.id = id
        self.message = message
        self.authorName = authorName
        self.authorEmail = authorEmail
        self.timestamp = timestamp
    }
}
