// SPDX-License-Identifier: Apache-2.0

package import PipelineModel

/// What lists show of a run: its newest attempt.
package struct RunRow: Hashable, Sendable {
    package enum State: String, Hashable, Sendable, CaseIterable {
        /// Nothing of it has begun, or what has not ended waits for people.
        case waiting
        case running
        case finished
    }

    package var run: RunID
    package var attempt: Int
    package var project: String
    /// Path of the workflow's file.
    package var workflowPath: String
    package var workflow: String
    /// What `run-name` came to; empty: nothing.
    package var title: String
    package var event: String
    /// `refs/heads/main`; empty outside a repository.
    package var ref: String
    package var sha: String
    /// Who pushed, or asked for it.
    package var actor: String
    /// The first line of the commit's message.
    package var subject: String
    package var state: State
    package var conclusion: Conclusion?
    /// A job that should have run was not to be had.
    package var hasUnavailable = false
    /// What failed first, in a sentence; or why it waits.
    package var sentence: String
    /// Milliseconds since the epoch.
    package var createdAt: Int64
    package var finishedAt: Int64?
    /// When the newest attempt began; `nil`: it did not, or that is not known.
    package var beganAt: Int64?

    /// Nothing went wrong, and not all of it could run: no success.
    package var isIncomplete: Bool { hasUnavailable && (conclusion == .success || conclusion == .skipped) }

    package init(
        run: RunID, attempt: Int, project: String, workflowPath: String, workflow: String, event: String,
        createdAt: Int64
    ) {
        self.run = run
        self.attempt = attempt
        self.project = project
        self.workflowPath = workflowPath
        self.workflow = workflow
        self.event = event
        self.createdAt = createdAt
        title = ""
        ref = ""
        sha = ""
        actor = ""
        subject = ""
        state = .waiting
        sentence = ""
    }
}

/// A run and when it ended.
package struct RunEnd: Hashable, Sendable {
    package var run: RunID
    package var project: String
    package var workflowPath: String
    /// Milliseconds since the epoch; `nil`: it is not over.
    package var finishedAt: Int64?
}

/// Which runs a list has: the newest first.
package struct RunQuery: Hashable, Sendable {
    /// Only these projects; `nil`: all.
    package var projects: [String]?
    package var workflowPath: String?
    /// The workflow's name.
    package var workflow: String?
    package var ref: String?
    package var sha: String?
    package var event: String?
    package var state: RunRow.State?
    package var conclusion: Conclusion?
    /// `true`: runs that are incomplete; `false`: only such for which every job was to be had.
    package var isIncomplete: Bool?
    package var actor: String?
    /// Runs before this one: where the page before ended.
    package var before: RunID?
    package var limit: Int

    package static let maximumLimit = 200

    package init(limit: Int = 50) { self.limit = limit }
}
