// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import ScheduleRules
package import SourceForges
package import StructuredData

/// One event on one commit: what the workflows of the commit are held against.
package struct Occasion: Sendable {
    /// What tells it from other occasions, however often it is told.
    package enum Key: Hashable, Sendable {
        /// A push is one run a workflow, ref and commit, whoever told of it first.
        case push(ref: String, commit: String)
        /// So is a pull request's new head.
        case request(number: Int, head: String)
        /// Any other is a delivery's own.
        case delivery(id: String, index: Int)

        func text(_ path: String, _ event: String) -> String {
            switch self {
            case .push(let ref, let commit): "push:\(path):\(ref):\(commit)"
            case .request(let number, let head): "\(event):\(path):\(number):\(head)"
            case .delivery(let id, let index): "\(event):\(path):\(index):\(id)"
            }
        }

        /// The workflow of a text that ``text(_:_:)`` made for a delivery; `nil`: it is not of that one.
        static func path(of text: String, delivery id: String) -> String? {
            guard text.hasSuffix(":" + id), let event = text.firstIndex(of: ":") else { return nil }
            let rest = text[text.index(after: event)...].dropLast(id.count + 1)
            guard let colon = rest.lastIndex(of: ":"), Int(rest[rest.index(after: colon)...]) != nil else { return nil }
            return String(rest[..<colon])
        }
    }

    /// `push`, `pull_request`, …
    package var event: String
    package var key: Key
    /// `opened`, `published`; `nil`: any.
    package var activity: String?
    /// What `github.ref` is.
    package var ref: String?
    /// What branch filters look at, where that is another.
    package var filterRef: String?
    /// The branch that a pull request aims at.
    package var baseBranch: String?
    package var payload: DataObject
    /// The login of who did it.
    package var actor: String?
    package var inputs: [String: String] = [:]
    /// Of the named workflow only these jobs and what they need; empty: all.
    package var jobs: Set<String> = []
    /// A workflow that somebody named; others are not looked at, and what is wrong with it is an error.
    package var workflow: String?
    /// Of a schedule: the file and its line.
    package var schedule: ScheduleLine?
    /// Of `workflow_run`: the name of the workflow that ran.
    package var finishedWorkflow: String?
    package var chainDepth = 0
    /// Of code of another repository: whether it may run before somebody has looked at it.
    package var fork: ForkTrust?
    /// The words in a commit's message that keep it from starting anything.
    package var skipMarker: String?
    /// Asked only where a filter wants to know; `nil`: not known.
    package var changedPaths: @Sendable () throws(DiagnosticError) -> [String]? = { () throws(DiagnosticError) in nil }

    package init(_ event: String, key: Key, ref: String?, payload: DataObject) {
        self.event = event
        self.key = key
        self.ref = ref
        self.payload = payload
    }
}
