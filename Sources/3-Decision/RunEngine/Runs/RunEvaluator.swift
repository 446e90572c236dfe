// SPDX-License-Identifier: Apache-2.0

package import PipelineModel

/// Answers all that needs expressions while a run is decided. It holds the values of outputs, inputs and variables;
/// the machine holds names, results and digests only.
///
/// For given questions the answers are always the same: a replay never asks, a resumed run may ask again.
package protocol RunEvaluator: Sendable {
    /// The workflow's own `concurrency`.
    func runConcurrency() -> GroupVerdict

    /// Whether the job runs, and as what, now that all it needs is over.
    func evaluate(_ question: JobQuestion) -> JobVerdict

    /// Outputs of a called workflow, all of whose jobs are over.
    func callOutputs(_ question: CallQuestion) -> CallOutputs
}

package enum GroupVerdict: Hashable, Sendable {
    case none
    case group(GroupRequest)
    /// The expression could not be evaluated: the run fails.
    case invalid(Reason)
}

/// What is known when a job's turn has come.
package struct JobQuestion: Hashable, Sendable {
    package var key: JobKey
    /// The job in this run; legs are numbered below it. `deploy#1/migrate`
    package var job: JobID
    /// Results of the jobs it needs, in the order of its `needs`.
    package var needs: [NeedResult]
    package var status: JobStatusFlags

    package init(key: JobKey, job: JobID, needs: [NeedResult], status: JobStatusFlags) {
        self.key = key
        self.job = job
        self.needs = needs
        self.status = status
    }
}

/// One entry of the `needs` context, without its outputs.
package struct NeedResult: Hashable, Sendable {
    package var key: JobKey
    package var job: JobID
    /// As `needs.*.result` says it: after `continue-on-error`, over all legs.
    package var result: Conclusion
    /// Why, for the sentence of a skip.
    package var reason: Reason?

    package init(key: JobKey, job: JobID, result: Conclusion, reason: Reason? = nil) {
        self.key = key
        self.job = job
        self.result = result
        self.reason = reason
    }
}

/// What the status functions see in a job's condition: all jobs that it needs, directly and through others.
package struct JobStatusFlags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// A job before it failed: `failure()`.
    package static let failed = JobStatusFlags(rawValue: 1)
    /// A job before it was cancelled.
    package static let needCancelled = JobStatusFlags(rawValue: 2)
    /// A job before it was skipped: then `success()` is false.
    package static let skipped = JobStatusFlags(rawValue: 4)
    /// The run is being cancelled: `cancelled()`.
    package static let runCancelled = JobStatusFlags(rawValue: 8)

    /// What `success()` answers.
    package var isSuccess: Bool { isEmpty }
}

package enum JobVerdict: Hashable, Sendable {
    case skip(Reason)
    case run(JobExpansion)
    /// Something of it could not be evaluated: the job fails.
    case invalid(Reason)
}

/// A job whose condition held, with its matrix spread out.
package struct JobExpansion: Hashable, Sendable {
    /// In order; exactly one where there is no matrix.
    package var legs: [JobLeg]
    /// False: the one leg bears the job's own id.
    package var isMatrix: Bool
    package var failFast: Bool
    /// 0: no limit.
    package var maxParallel: Int

    package init(legs: [JobLeg], isMatrix: Bool = false, failFast: Bool = true, maxParallel: Int = 0) {
        self.legs = legs
        self.isMatrix = isMatrix
        self.failFast = failFast
        self.maxParallel = maxParallel
    }
}

/// One combination of a job's matrix, with what was evaluated for it. Its values stay with the evaluator.
package struct JobLeg: Hashable, Sendable {
    /// As shown: `test (ubuntu, 5.9)`.
    package var name: String
    /// Digest of the matrix values; `nil` without a matrix.
    package var matrixDigest: String?
    package var continueOnError = false
    package var timeoutMs = EngineLimits.jobTimeoutMs
    package var cancelTimeoutMs = EngineLimits.cancelTimeoutMs
    package var concurrency: GroupRequest?
    /// Why it cannot run here; `nil` where it can.
    package var unavailable: Reason?

    package init(name: String, matrixDigest: String? = nil) {
        self.name = name
        self.matrixDigest = matrixDigest
    }
}

package struct CallQuestion: Hashable, Sendable {
    package var key: JobKey
    /// The calling leg.
    package var job: JobID
    package var result: Conclusion
    /// Results of the called workflow's jobs, in the order of its file.
    package var jobs: [NeedResult]
}

package enum CallOutputs: Hashable, Sendable {
    /// Names of what was set, and a digest of the values.
    case outputs(names: [String], digest: String?)
    case invalid(Reason)
}
