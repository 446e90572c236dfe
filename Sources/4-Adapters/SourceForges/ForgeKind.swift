// SPDX-License-Identifier: Apache-2.0

/// Where a project's code is kept, as far as its webhooks and its API differ.
package enum ForgeKind: String, Hashable, Sendable, CaseIterable {
    /// github.com, GitHub Enterprise Cloud and Server.
    case github
    /// gitlab.com and instances of one's own.
    case gitlab
    /// Gitea and Forgejo (so also Codeberg).
    case gitea
    /// A git remote that has no API: it is polled, or its `post-receive` hook tells.
    case git

    /// As people write it.
    package var title: String {
        switch self {
        case .github: "GitHub"
        case .gitlab: "GitLab"
        case .gitea: "Gitea or Forgejo"
        case .git: "a git remote"
        }
    }
}
