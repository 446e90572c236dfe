// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import PipelineModel
package import RunCoordination
package import SourceForges

/// What an occasion means for one workflow file.
package struct WorkflowVerdict: Sendable {
    package enum Outcome: Sendable {
        /// Ready to begin.
        case run(PlannedRun)
        /// Its triggers or filters, or words in the commit's message, rule it out.
        case notTriggered(Reason)
        /// The file cannot be read as a workflow, or not be planned.
        case unreadable([Diagnostic])
    }

    package var path: String
    /// The workflow's; its path where it has none.
    package var name: String
    package var event: String
    /// The commit that a forge shows it beside: of a pull request its head.
    package var commit: String
    package var outcome: Outcome
    /// Whether it names the event, so that only a filter ruled it out.
    package var isFiltered = false

    package init(path: String, name: String, event: String, commit: String, outcome: Outcome) {
        self.path = path
        self.name = name
        self.event = event
        self.commit = commit
        self.outcome = outcome
    }
}

/// A run that may begin.
package struct PlannedRun: Sendable {
    package var record: RunRecord
    /// Of code of another repository; whoever begins the run holds it where an approval is needed.
    package var fork: ForkTrust?
    /// A sentence: why it was started.
    package var reason: String

    /// ``RunRecord/origin``.
    package var origin: String { record.origin ?? "" }
}
