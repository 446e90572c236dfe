// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel

/// Cancelling: of the run, of a job with all its legs, of the jobs that a call runs.
extension Transition<RunMachine> {
    mutating func cancelRun(_ level: CancelLevel, _ reason: Reason) {
        guard state.phase != .finished, state.cancel < level else { return }
        record(.runCancelling(RunCancelling(level: level, reason: reason)))
        if state.phase == .waiting { return endScope(0, as: .cancelled, reason) }
        // Legs that come to light while this runs were judged with the cancellation in sight.
        for job in 0..<state.jobs.count where state.jobs[job].phase == .expanded {
            if isCalling(job) {
                // What it calls is judged job by job; a leg that did not start its call does not any more.
                for leg in state.jobs[job].legs where state.legs[leg].innerScope == nil { stopLeg(leg, level, reason) }
                if state.jobs[job].openLegs == 0 { closeJob(job) }
            } else if level == .force || !outlives(job) {
                cancelLegs(of: job, level, reason)
            }
        }
        if level == .force { for scope in state.scopes.indices { abandon(scope, reason) } }
    }

    private func isCalling(_ job: Int) -> Bool { definition.node(of: job, in: state).call != nil }

    /// Whether the job's condition holds although the run is being cancelled, as `always()` does.
    private func outlives(_ job: Int) -> Bool {
        let node = definition.node(of: job, in: state)
        if case .run = definition.evaluator.evaluate(question(job, node)) { return true }
        return false
    }

    mutating func cancelJob(_ id: JobID, _ level: CancelLevel, _ reason: Reason) {
        if let leg = state.legIndexes[id] { return cancelLeg(leg, level, reason) }
        guard let job = state.jobIndexes[id] else { return }
        switch state.jobs[job].phase {
        case .finished: break
        case .waiting:
            if state.jobs[job].cancelReason != nil { return }
            record(.waitingJobCancelled(WaitingJobCancelled(job: id, reason: reason)))
        case .expanded: cancelLegs(of: job, level, reason)
        }
    }

    /// Cancels all jobs of a called workflow.
    mutating func cancelScope(_ scope: Int, _ level: CancelLevel, _ reason: Reason) {
        for job in state.scopes[scope].jobs { cancelLegs(of: job, level, reason) }
        abandon(scope, reason)
    }

    /// Ends the jobs of a scope that were not judged yet.
    private mutating func abandon(_ scope: Int, _ reason: Reason) {
        for job in state.scopes[scope].jobs where state.jobs[job].phase == .waiting {
            endJob(job, as: .cancelled, reason)
        }
    }
}
