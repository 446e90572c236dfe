// SPDX-License-Identifier: Apache-2.0

package import PipelineModel
package import Timekeeping

/// A run, as far as it matters for whether it stays.
package struct KeptRun: Hashable, Sendable {
    /// Why it stays, whatever its age and the room on the disk.
    package enum Hold: Hashable, Sendable {
        case underWay
        /// Somebody has to let it go on.
        case waits
        /// It is what was last deployed to this environment.
        case deployed(String)
    }

    package var run: RunID
    package var project: String
    /// What tells it from runs of other pipelines of its project: the workflow's path.
    package var pipeline: String
    /// `nil`: it is not over.
    package var finishedAt: Timestamp?
    package var hold: Hold?
    package var hasLogs: Bool
    package var hasWorkspace: Bool

    package init(
        _ run: RunID, project: String, pipeline: String, finishedAt: Timestamp?, hold: Hold? = nil,
        hasLogs: Bool = true, hasWorkspace: Bool = false
    ) {
        self.run = run
        self.project = project
        self.pipeline = pipeline
        self.finishedAt = finishedAt
        self.hold = hold
        self.hasLogs = hasLogs
        self.hasWorkspace = hasWorkspace
    }
}
