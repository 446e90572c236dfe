// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel

/// Cancelling, deadlines, and what a crash left.
extension Transition<JobMachine> {
    mutating func cancelJob(_ level: CancelLevel, _ reason: Reason) {
        guard state.phase == .preparing || state.phase == .running, state.cancel < level else { return }
        // Once it is forced, each step has a deadline of its own.
        let deadline = level == .soft ? now + definition.cancelTimeoutMs : nil
        record(.jobCancelling(JobCancelling(level: level, reason: reason, deadline: deadline)))
        if state.phase == .preparing {
            guard level == .force else { return }
            record(.stepsAbandoned(StepsAbandoned(parent: nil, reason: reason)))
            return closeJob()
        }
        // The job's timeout is no timeout of the step: the step is cancelled.
        let reason = reason.kind == .timeout ? Reason(.cancelled, reason.text) : reason
        for step in activeSteps(of: 0) {
            if level == .force {
                cancelStep(step, .force, reason)
            } else if state.steps[step].listing.isBackground {
                cancelStep(step, .soft, reason)
            } else {
                retest(step, reason)
            }
        }
        advance(0)
    }

    private func activeSteps(of scope: Int) -> [Int] {
        state.scopes[scope].background.filter { state.steps[$0].phase != .finished }
            + (state.scopes[scope].foreground.map { [$0] } ?? [])
    }

    /// Tells the executor to test the conditions of what runs in the foreground again; cancels the background.
    private mutating func retest(_ step: Int, _ reason: Reason) {
        guard let scope = state.steps[step].childScope else {
            return cancelStep(step, .unlessConditionHolds, reason)
        }
        for inner in activeSteps(of: scope) {
            if state.steps[inner].listing.isBackground {
                cancelStep(inner, .soft, reason)
            } else {
                retest(inner, reason)
            }
        }
    }

    /// Cancels a step that was begun, and all inside it.
    mutating func cancelStep(_ step: Int, _ mode: StepCancellation.Mode, _ reason: Reason) {
        switch state.steps[step].phase {
        case .planned, .waiting, .completing, .finished: return
        case .held: return finish(step, StepResult(outcome: .cancelled, reason: reason))
        case .scheduled, .running, .expanded: break
        }
        if let before = state.steps[step].cancellation, before.mode >= mode { return }
        let attempt = state.steps[step].stepAttempt
        let isExpanded = state.steps[step].phase == .expanded
        // A composite has no process of its own: what is inside it has the deadlines.
        let deadline = isExpanded || mode == .unlessConditionHolds ? nil : now + EngineLimits.killBackstopMs
        record(.stepCancelling(StepCancelling(attempt: attempt, mode: mode, reason: reason, deadline: deadline)))
        guard isExpanded, let scope = state.steps[step].childScope else {
            return request(.cancelStep(attempt, StepCancellation(mode, reason)))
        }
        for inner in activeSteps(of: scope) { cancelStep(inner, mode, reason) }
        advance(scope)
    }

    mutating func timePassed() {
        while state.phase == .running, let (time, step) = state.deadlines.first, time <= now { overdue(step) }
        guard let deadline = state.deadline, deadline <= now else { return }
        switch (state.phase, state.cancel) {
        case (.preparing, .none), (.running, .none):
            let seconds = definition.timeoutMs / 1_000
            let limit = seconds % 60 == 0 ? "\(seconds / 60) minutes" : "\(seconds) seconds"
            cancelJob(.soft, Reason(.timeout, "The job ran longer than \(limit)."))
        case (.preparing, .soft), (.running, .soft):
            cancelJob(.force, state.cancelReason ?? Reason(.cancelled, "Its time to cancel is over."))
        default: break
        }
    }

    /// A step ran past its deadline: it is told to end, then killed, then no longer waited for.
    private mutating func overdue(_ step: Int) {
        let reason = Reason(.timeout, "The step ran longer than its timeout.")
        switch state.steps[step].cancellation?.mode {
        case nil, .unlessConditionHolds: cancelStep(step, .soft, reason)
        case .soft: cancelStep(step, .force, state.steps[step].cancellation?.reason ?? reason)
        case .force:
            let text = "Its executor gave no word of it after it was killed."
            let kind = state.steps[step].cancellation?.reason.kind ?? .timeout
            let outcome: Conclusion = kind == .timeout ? .failure : .cancelled
            finish(step, StepResult(outcome: outcome, reason: Reason(kind, text)))
        }
    }

    /// Takes up, after a crash, what was in flight: nothing that has an outcome is started again.
    mutating func resumed(_ evidence: [StepAttempt: StepEvidence]) {
        switch state.phase {
        case .new, .finished: return
        case .preparing: return request(.prepareJob(state.job, attempt: state.attempt))
        case .closing:
            return request(.finishJob(state.job, attempt: state.attempt, state.conclusion ?? .success))
        case .running: break
        }
        // Only what was in flight at the crash: a step that this very input begins has its effect already.
        for step in state.steps.indices.filter({ state.steps[$0].isInFlight }) where state.steps[step].isInFlight {
            let attempt = state.steps[step].stepAttempt
            if state.steps[step].phase == .completing {
                let reason = state.steps[step].result?.reason
                request(.completeStep(attempt, outcome: state.steps[step].aggregate ?? .success, reason))
            } else {
                takeUp(step, evidence[attempt] ?? .interrupted(Reason(.interrupted, "Nothing is known of its end.")))
            }
        }
    }

    private mutating func takeUp(_ step: Int, _ evidence: StepEvidence) {
        let attempt = state.steps[step].stepAttempt
        switch evidence {
        case .notStarted where state.steps[step].phase == .scheduled:
            request(.startStep(attempt, state.steps[step].flags))
            if let cancellation = state.steps[step].cancellation { request(.cancelStep(attempt, cancellation)) }
        case .notStarted:
            interrupted(step, Reason(.interrupted, "It had started, and its receipt is lost."))
        case .reported(let reports):
            for report in reports { reported(step, report) }
            guard state.steps[step].isInFlight, state.steps[step].attempt == attempt.number,
                state.steps[step].phase != .completing
            else { return }
            interrupted(step, Reason(.interrupted, "It was cut off before its outcome was known."))
        case .interrupted(let reason, let continuesOnError):
            interrupted(step, reason, continuesOnError: continuesOnError)
        }
    }

    private mutating func interrupted(_ step: Int, _ reason: Reason, continuesOnError: Bool = false) {
        let number = state.steps[step].attempt
        if number <= definition.stepRetry.interruptedRetries, state.cancel == .none,
            state.steps[step].cancellation == nil
        {
            let next = StepAttempt(step: state.steps[step].path, number: number + 1)
            record(.stepRetried(StepRetried(attempt: next, reason: reason)))
            return request(.startStep(next, state.steps[step].flags))
        }
        var result = StepResult(outcome: .failure, reason: reason)
        if continuesOnError { result.conclusion = .success }
        finish(step, result)
    }
}

extension StepState {
    fileprivate var isInFlight: Bool { phase == .scheduled || phase == .running || phase == .completing }
}
