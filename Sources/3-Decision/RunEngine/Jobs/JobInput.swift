// SPDX-License-Identifier: Apache-2.0

package import PipelineModel

/// What can happen to a job.
package enum JobInput: Hashable, Sendable {
    case start
    /// The workspace and all else a first step needs is there, or why it is not.
    case prepared(failure: Reason?)
    /// A report that does not answer to what is in flight is passed over.
    case reported(StepAttempt, StepReport)
    /// A step's action asked for a step after the last, which run in reverse order of asking.
    case postStepAdded(StepAttempt, id: String)
    case cancelRequested(CancelLevel, Reason)
    /// The job's outputs are evaluated and sealed, its workspace is swept.
    case closed(JobClosure)
    /// After a crash: what the executor found of every attempt in flight. One that is not named is unknown.
    case resumed([StepAttempt: StepEvidence])
    case timePassed
}

/// What an executor found of a step attempt after a crash, once everything left over of it was killed.
package enum StepEvidence: Hashable, Sendable {
    /// No receipt, and receipts cannot have been lost: it never ran.
    case notStarted
    /// What it had said, the last word last. Without a `finished`, `skipped` or `expanded` it was cut off.
    case reported([StepReport])
    /// A receipt, or a reboot since, and no outcome. A failure, as which `continue-on-error` may take it.
    case interrupted(Reason, continuesOnError: Bool = false)
}

package struct JobClosure: Hashable, Sendable {
    package var outputNames: [String]
    package var recordDigest: String?
    /// Why its outputs could not be evaluated: then the job fails.
    package var failure: Reason?

    package init(outputNames: [String] = [], recordDigest: String? = nil, failure: Reason? = nil) {
        self.outputNames = outputNames
        self.recordDigest = recordDigest
        self.failure = failure
    }
}

/// What a job asks to have done.
package enum JobEffect: Hashable, Sendable {
    case prepareJob(JobID, attempt: Int)
    /// Evaluate the step's condition, environment and inputs, and run it if the condition holds.
    case startStep(StepAttempt, StatusFlags)
    case cancelStep(StepAttempt, StepCancellation)
    /// All steps inside a composite step are over: evaluate its outputs and `continue-on-error`, report it finished.
    case completeStep(StepAttempt, outcome: Conclusion, Reason?)
    /// Evaluate outputs, seal the record, sweep the workspace.
    case finishJob(JobID, attempt: Int, Conclusion)
}

/// How a step attempt is to be ended, and why.
package struct StepCancellation: Hashable, Sendable {
    package enum Mode: String, Hashable, Sendable, Comparable {
        /// Test its condition again, and those of the composite steps around it, with `cancelled()` true: if all
        /// hold, leave it alone; else as ``soft``.
        case unlessConditionHolds
        /// SIGINT, after 7.5 seconds SIGTERM, after 2.5 more SIGKILL, to the whole tree.
        case soft
        /// SIGKILL to the whole tree.
        case force

        private var rank: Int {
            switch self {
            case .unlessConditionHolds: 0
            case .soft: 1
            case .force: 2
            }
        }

        package static func < (left: Mode, right: Mode) -> Bool { left.rank < right.rank }
    }

    package var mode: Mode
    /// Of kind ``Reason/Kind/timeout`` the outcome is a failure, else it is cancelled.
    package var reason: Reason

    package init(_ mode: Mode, _ reason: Reason) {
        self.mode = mode
        self.reason = reason.bounded
    }
}
