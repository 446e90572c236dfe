// SPDX-License-Identifier: Apache-2.0

package import PipelineModel
internal import RunEngine

/// A job attempt: what a supervisor, a stream of events and a log belong to.
package struct JobRun: Hashable, Sendable {
    package var job: JobID
    package var attempt: Int

    package init(job: JobID, attempt: Int) { (self.job, self.attempt) = (job, attempt) }
}

/// Something that will happen at a virtual time.
indirect enum Happening: Sendable {
    case toRun(RunInput, epoch: Int)
    case toJob(JobRun, JobInput, epoch: Int)
    case processEnded(Int, version: Int)
    /// Supervisors notice, each in its own time, that their coordinator is gone.
    case leftoverKilled(Int)
    case resumed
    case secondResume
    case cancelRun(CancelLevel)
    case cancelJob(Int)
    case outsiderLeaves(GroupHolder, String)
    case capacity(Int)
    case tick(epoch: Int)

    /// Addressed to a coordinator that may be gone by then; -1 reaches whichever is there.
    static let anyEpoch = -1
}
