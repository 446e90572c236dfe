// SPDX-License-Identifier: Apache-2.0

package import PipelineModel

/// What can happen to a run.
package enum RunInput: Hashable, Sendable {
    case start(RunStart)
    /// The arbiter's answers; `nil` is the run's own claim.
    case groupGranted(JobID?)
    /// Something newer took its place: a waiting claim ends, a held one is to be cancelled.
    case groupSuperseded(JobID?, by: String)
    /// It would wait for itself.
    case groupRefused(JobID?, Reason)
    case groupReleased(JobID?)
    /// A job machine's last word, or what its runner found in its place.
    case jobFinished(JobID, attempt: Int, JobOutcome)
    case cancelRequested(CancelTarget, CancelLevel, Reason)
    case capacityChanged(Int)
    case timePassed
}

package enum CancelTarget: Hashable, Sendable {
    case run
    /// A job with all its legs, or one leg.
    case job(JobID)
}

package struct RunStart: Hashable, Sendable {
    package var run: RunID
    /// From 1.
    package var attempt: Int
    package var takeover: RunTakeover?

    package init(run: RunID, attempt: Int = 1, takeover: RunTakeover? = nil) {
        self.run = run
        self.attempt = attempt
        self.takeover = takeover
    }
}

/// What a run asks to have done. Each may be asked for more than once: the names make it the same thing.
package enum RunEffect: Hashable, Sendable {
    /// Start the job's machine, or go on with it, or give its outcome again.
    case startJob(JobID, attempt: Int)
    case cancelJob(JobID, attempt: Int, CancelLevel, Reason)
    /// Also asked of a group that is held already, after a crash.
    case acquireGroup(GroupHolder, GroupRequest, isHeld: Bool)
    case releaseGroup(GroupHolder, group: String)
}
