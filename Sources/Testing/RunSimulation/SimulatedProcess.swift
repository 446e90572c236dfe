// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import RunEngine

/// A step attempt in the whole world.
struct ProcessKey: Hashable, Sendable, CustomStringConvertible {
    var job: JobRun
    var step: StepAttempt

    var description: String { "\(job.job).\(job.attempt)/\(step)" }
}

/// A process of the simulated machine. It goes on when the coordinator crashes, until its supervisor kills it.
struct SimulatedProcess: Sendable {
    let key: ProcessKey
    let step: SimulatedStep
    let fails: Bool
    let startedAt: Int64
    /// The coordinator it was started under.
    let epoch: Int
    var endsAt: Int64
    var isAlive = true
    /// Raised whenever ``endsAt`` changes, so that an older end is passed over.
    var version = 0
    var cancellation: StepCancellation?

    /// What its executor makes of its end.
    var result: StepResult {
        guard let cancellation else {
            guard fails else { return StepResult(outcome: .success, exitCode: 0) }
            let reason = Reason(.exitCode, "The command ended with exit code 1.")
            return StepResult(
                outcome: .failure, conclusion: step.continueOnError ? .success : .failure, exitCode: 1, reason: reason)
        }
        if cancellation.reason.kind == .timeout {
            return StepResult(
                outcome: .failure, conclusion: step.continueOnError ? .success : .failure, reason: cancellation.reason)
        }
        return StepResult(outcome: .cancelled, reason: cancellation.reason)
    }
}
