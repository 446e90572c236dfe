// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// What a forge is to show beside a commit.
package struct CommitStatus: Hashable, Sendable {
    package enum State: String, Hashable, Sendable, CaseIterable {
        /// Waits, for a runner or an approval.
        case pending
        case running
        case success
        case failure
        /// It could not be found out: a broken workflow, a lost runner.
        case error
        case cancelled
        /// Decided not to run. It counts as passed: a required status that never came would block for ever.
        case skipped
    }

    /// `owner/name`.
    package var repository: String
    package var sha: String
    package var state: State
    /// The name that branch protection knows it by; at most ``ForgeLimits/contextCharacters``.
    package var context: String
    /// A sentence, cut at ``ForgeLimits/descriptionCharacters``; of a skipped job the reason.
    package var description: String
    package var targetURL: String?
    /// The branch or tag; GitLab files the status under it.
    package var ref: String?
    package var startedAt: Timestamp?
    package var completedAt: Timestamp?
    /// What a check run shows on its page; statuses have none.
    package var output: CheckOutput?

    package init(
        repository: String, sha: String, state: State, context: String, description: String
    ) {
        self.repository = repository
        self.sha = sha
        self.state = state
        self.context = context
        self.description = description
    }

    var isFinal: Bool { state != .pending && state != .running }

    /// Says of a skipped job that it was skipped: most forges show it as a success.
    var shownDescription: String {
        let isSaid = description.lowercased().hasPrefix("skipped")
        let text = state == .skipped && !isSaid ? "Skipped: " + description : description
        return text.shortened(to: ForgeLimits.descriptionCharacters)
    }
}

/// The page of a check run.
package struct CheckOutput: Hashable, Sendable {
    package var title: String
    /// Markdown.
    package var summary: String
    /// Markdown, below the summary.
    package var text: String?
    package var annotations: [CheckAnnotation]

    package init(title: String, summary: String, text: String? = nil, annotations: [CheckAnnotation] = []) {
        self.title = title
        self.summary = summary
        self.text = text
        self.annotations = annotations
    }
}

/// A remark at a place of the code.
package struct CheckAnnotation: Hashable, Sendable {
    package enum Level: String, Hashable, Sendable {
        case notice
        case warning
        case failure
    }

    /// Relative to the repository's root.
    package var path: String
    /// From 1.
    package var startLine: Int
    package var endLine: Int
    /// From 1; kept only where both lines are the same.
    package var startColumn: Int?
    package var endColumn: Int?
    package var level: Level
    package var message: String
    package var title: String?

    package init(path: String, line: Int, level: Level, message: String, title: String? = nil) {
        self.path = path
        startLine = line
        endLine = line
        self.level = level
        self.message = message
        self.title = title
    }
}
