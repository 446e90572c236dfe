// SPDX-License-Identifier: Apache-2.0

/// What happened: the facts that triggers and filters are held against.
package struct TriggerFacts: Sendable {
    /// `push`, `pull_request`, …
    package var event: String
    /// The full reference of a push or tag; for a pull request its own.
    package var ref: String?
    /// The branch that a pull request aims at.
    package var baseBranch: String?
    /// The event's activity type: `opened`, `published`; `nil`: any.
    package var activity: String?
    /// Paths that changed, relative to the root; `nil`: not known, and path filters let everything pass.
    package var changedPaths: [String]?
    /// Inputs of a dispatch, as the user gave them.
    package var inputs: [String: String] = [:]

    package init(event: String, ref: String? = nil) {
        self.event = event
        self.ref = ref
    }

    /// Changed paths that one filter is held against, as on GitHub: past this many the filter lets the run pass.
    package static let changedPathLimit = 300
}
