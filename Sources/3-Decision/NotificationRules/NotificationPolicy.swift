// SPDX-License-Identifier: Apache-2.0

package import PatternMatching
package import Timekeeping

/// Who is told of what, when.
package struct NotificationPolicy: Hashable, Sendable {
    /// Stays the same when the policy is changed.
    package var id: String
    package var changes: Set<StateChange>
    /// Patterns as `branches` of a workflow has them; empty is all.
    package var projects = FilterPatternList([])
    /// Of workflows' files or names.
    package var workflows = FilterPatternList([])
    package var branches = FilterPatternList([])
    package var routes: [Route]
    /// What is still failing is told of together, so long after the first of it; `nil` is each for itself.
    package var digestInterval: Timestamp.Span?
    package var quietHours: QuietHours?

    package enum Route: Hashable, Sendable {
        /// Who made the change.
        case author
        /// So long after it broke (or began to wait) without a fix (or an answer).
        case owners(after: Timestamp.Span)
        /// A channel by the name that the server's settings give it.
        case channel(String)
    }

    package init(id: String, changes: Set<StateChange>, routes: [Route]) {
        self.id = id
        self.changes = changes
        self.routes = routes
    }

    func covers(_ news: RunNews, _ change: StateChange) -> Bool {
        let subject = news.subject
        return changes.contains(change) && !projects.filtersOut([subject.project])
            && !branches.filtersOut([subject.branch])
            && !workflows.filtersOut([subject.workflow, news.labels.workflow].compactMap { $0 })
    }

    /// When something that is due may be told.
    func release(_ due: Timestamp, passes: Bool) -> Timestamp {
        guard let quietHours, !passes else { return due }
        return quietHours.release(due)
    }

    /// Whether the quiet hours let a change through.
    func passes(_ news: RunNews, _ change: StateChange) -> Bool {
        quietHours?.brokenDefaultBranchPasses == true && change == .broke && news.isDefaultBranch
    }
}
