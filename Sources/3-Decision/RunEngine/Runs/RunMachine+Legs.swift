// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import PipelineModel

/// Legs: given their places, started, and ended.
extension Transition<RunMachine> {
    /// Starts legs of a job, in order, as far as `max-parallel` allows.
    mutating func admitLegs(of job: Int) {
        while true {
            let limit = state.jobs[job].maxParallel
            let next = state.jobs[job].nextLeg
            guard state.jobs[job].phase == .expanded, !state.jobs[job].isFailFastTripped,
                next < state.jobs[job].legs.upperBound,
                limit == 0 || state.jobs[job].activeLegs < limit
            else { return }
            admit(next)
            // A leg that could not be admitted at all has ended, and with it perhaps the job.
            if state.jobs[job].nextLeg == next { return }
        }
    }

    private mutating func admit(_ leg: Int) {
        guard let request = state.legs[leg].settings.concurrency else { return startLeg(leg) }
        let id = state.legs[leg].id
        if let holder = enclosingHolder(of: leg, group: request.group) {
            return endLeg(
                leg,
                JobOutcome(
                    .cancelled,
                    reason: Reason(
                        .concurrency,
                        "\(DiagnosticCode.concurrencyDeadlock): It would wait for ever: \(holder), of which it is a part, "
                            + "holds the concurrency group '\(request.group)'.")))
        }
        record(.groupAsked(GroupAsked(leg: id, request: request)))
        self.request(.acquireGroup(state.holder(id), request, isHeld: false))
    }

    /// The run or calling job around `leg` that has this very group.
    private func enclosingHolder(of leg: Int, group: String) -> String? {
        let folded = group.lowercased()
        var scope = state.jobs[state.legs[leg].job].scope
        while let caller = state.scopes[scope].caller {
            if state.legs[caller].group?.request.group.lowercased() == folded {
                return "the job \(state.legs[caller].id)"
            }
            scope = state.jobs[state.legs[caller].job].scope
        }
        return state.group?.request.group.lowercased() == folded ? "the run" : nil
    }

    /// Starts a leg that has all it needs but a place of the runner; a call needs none.
    mutating func startLeg(_ leg: Int) {
        let id = state.legs[leg].id
        let node = definition.node(of: state.legs[leg].job, in: state)
        if let template = node.call {
            record(.legStarted(LegStarted(leg: id, attempt: 1, deadline: nil)))
            openScope(caller: id, template: template)
            return enterScope(state.scopes.count - 1)
        }
        if state.occupied < state.capacity, state.queue.first == nil { return occupy(leg) }
        let text = "The runner is full: \(state.occupied) of \(state.capacity) jobs run."
        record(.legQueued(LegQueued(leg: id, reason: Reason(.capacity, text))))
    }

    private mutating func occupy(_ leg: Int) {
        let id = state.legs[leg].id
        let attempt = state.legs[leg].attempt
        record(.legStarted(LegStarted(leg: id, attempt: attempt, deadline: backstop(of: leg))))
        request(.startJob(id, attempt: attempt))
    }

    private func backstop(of leg: Int) -> Int64 {
        let settings = state.legs[leg].settings
        let runs = settings.timeoutMs + settings.cancelTimeoutMs
        return now + definition.settings.queueMs + runs + EngineLimits.backstopMs
    }

    /// Gives free places of the runner to those who wait longest.
    mutating func fillRunner() {
        while state.occupied < state.capacity, let leg = state.queue.first { occupy(leg) }
    }

    mutating func jobReported(_ id: JobID, attempt: Int, _ outcome: JobOutcome) {
        guard let leg = state.legIndexes[id], state.legs[leg].phase == .running, state.legs[leg].isOccupying,
            state.legs[leg].attempt == attempt
        else { return }
        let retries = definition.settings.jobRetry.interruptedRetries
        if let reason = outcome.reason, reason.kind == .interrupted, attempt <= retries,
            state.legs[leg].cancel == .none
        {
            record(.legRetried(LegRetried(leg: id, attempt: attempt + 1, reason: reason, deadline: backstop(of: leg))))
            return request(.startJob(id, attempt: attempt + 1))
        }
        endLeg(leg, outcome)
    }

    /// Ends a leg, and does what follows for its job.
    mutating func endLeg(_ leg: Int, _ outcome: JobOutcome) {
        let job = state.legs[leg].job
        finish(leg, outcome)
        if state.legs[leg].conclusion == .failure { tripFailFast(of: job, by: leg) }
        if state.jobs[job].openLegs == 0 {
            if state.jobs[job].phase == .expanded { closeJob(job) }
        } else {
            admitLegs(of: job)
        }
    }

    private mutating func finish(_ leg: Int, _ outcome: JobOutcome) {
        let forgives = outcome.conclusion == .failure && state.legs[leg].settings.continueOnError
        record(
            .legFinished(
                LegFinished(
                    leg: state.legs[leg].id, attempt: state.legs[leg].attempt, outcome: outcome,
                    conclusion: forgives ? .success : outcome.conclusion)))
        if let claim = state.legs[leg].group, claim.phase == .releasing {
            request(.releaseGroup(state.holder(state.legs[leg].id), group: claim.request.group))
        }
    }

    private mutating func tripFailFast(of job: Int, by leg: Int) {
        guard state.jobs[job].failFast, !state.jobs[job].isFailFastTripped, state.jobs[job].openLegs > 0 else { return }
        let id = state.legs[leg].id
        record(.failFastTripped(FailFastTripped(job: state.jobs[job].id, leg: id)))
        let reason = Reason(.failFast, "The job \(id) failed, and fail-fast is on.")
        stopLegs(of: job, .soft, reason)
    }

    /// Stops all legs of a job: first those that do not run, so that the end of a running one starts none of them.
    mutating func stopLegs(of job: Int, _ level: CancelLevel, _ reason: Reason) {
        for leg in state.jobs[job].legs where state.legs[leg].phase != .running { stopLeg(leg, level, reason) }
        for leg in state.jobs[job].legs where state.legs[leg].phase == .running { stopLeg(leg, level, reason) }
    }

    /// Cancels a job with all its legs.
    mutating func cancelLegs(of job: Int, _ level: CancelLevel, _ reason: Reason) {
        guard state.jobs[job].phase == .expanded else { return }
        stopLegs(of: job, level, reason)
        if state.jobs[job].phase == .expanded, state.jobs[job].openLegs == 0 { closeJob(job) }
    }

    /// Cancels a leg; where that ends its job, the job is ended too.
    mutating func cancelLeg(_ leg: Int, _ level: CancelLevel, _ reason: Reason) {
        let job = state.legs[leg].job
        let wasOpen = state.legs[leg].phase != .finished
        stopLeg(leg, level, reason)
        guard wasOpen, state.legs[leg].phase == .finished, state.jobs[job].phase == .expanded else { return }
        if state.jobs[job].openLegs == 0 { closeJob(job) } else { admitLegs(of: job) }
    }

    /// Ends a leg that does not run yet, asks a running one to end; its job is left to the caller.
    mutating func stopLeg(_ leg: Int, _ level: CancelLevel, _ reason: Reason) {
        switch state.legs[leg].phase {
        case .finished: return
        case .planned, .grouping, .queued:
            finish(leg, JobOutcome(.cancelled, reason: reason))
        case .running:
            guard state.legs[leg].cancel < level else { return }
            let id = state.legs[leg].id
            if let scope = state.legs[leg].innerScope {
                record(.legCancelling(LegCancelling(leg: id, level: level, reason: reason)))
                return cancelScope(scope, level, reason)
            }
            // A runner that gives no word is not waited for until the end of the job's own time.
            let patience = level == .force ? 0 : state.legs[leg].settings.cancelTimeoutMs
            let deadline = now + patience + EngineLimits.backstopMs
            record(.legCancelling(LegCancelling(leg: id, level: level, reason: reason, deadline: deadline)))
            request(.cancelJob(id, attempt: state.legs[leg].attempt, level, reason))
        }
    }

    /// The runner did not keep its own deadlines: first it is told to kill, then it is no longer waited for.
    mutating func endOverdueLegs() {
        while let (time, leg) = state.deadlines.first, time <= now {
            let id = state.legs[leg].id
            let reason = Reason(.timeout, "Its runner gave no word of it by its last deadline.")
            if state.legs[leg].cancel < .force {
                let deadline = now + EngineLimits.backstopMs
                record(.legCancelling(LegCancelling(leg: id, level: .force, reason: reason, deadline: deadline)))
                request(.cancelJob(id, attempt: state.legs[leg].attempt, .force, reason))
            } else {
                endLeg(leg, JobOutcome(.cancelled, reason: reason))
            }
        }
    }
}
