// SPDX-License-Identifier: Apache-2.0

package import PipelineModel

/// A job of a run on a server ended.
package struct JobChange: Sendable {
    package var run: RunID
    /// Of the run.
    package var attempt: Int
    package var project: String
    package var job: JobID
    /// Of the job within the run, from 1.
    package var number: Int
    /// As people see it.
    package var name: String
    package var conclusion: Conclusion
    package var reason: Reason?
    /// The name of the runner that had it; `nil`: none had it.
    package var runner: String?
    /// When that runner took it; milliseconds since the epoch.
    package var startedAt: Int64?
    package var at: Int64
    package var record: RunRecord
}

extension JobChange {
    /// The end of a job of a run that was told of.
    package init(_ change: RunChange, _ job: JobID, _ conclusion: Conclusion) {
        self.init(
            run: change.run, attempt: change.attempt, project: change.project, job: job, number: 1, name: job.text,
            conclusion: conclusion, reason: nil, runner: nil, startedAt: change.startedAt, at: change.at,
            record: change.record)
    }
}
