// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel

extension JobMachine {
    package static func apply(_ event: JobEvent, to state: inout JobState) {
        switch event {
        case .jobBegan(let body):
            state.phase = .preparing
            state.job = body.job
            state.attempt = body.attempt
            state.planDigest = body.planDigest
            state.deadline = body.deadline
        case .stepsListed(let body): apply(body, to: &state)
        case .jobPrepared(let body):
            state.phase = .running
            if let failure = body.failure { state.scopes[0].fail(failure) }
        case .stepScheduled(let body): apply(body, to: &state)
        case .stepHeld(let body): apply(body, to: &state)
        case .stepStarted(let body): apply(body, to: &state)
        case .stepExpanded(let body):
            guard let step = state.stepIndexes[body.attempt.step] else { return }
            state.steps[step].phase = .expanded
        case .stepCompleting(let body): apply(body, to: &state)
        case .stepCancelling(let body): apply(body, to: &state)
        case .stepRetried(let body): apply(body, to: &state)
        case .stepFinished(let body): apply(body, to: &state)
        case .waitBegan(let body): apply(body, to: &state)
        case .backgroundJoined(let body):
            guard let scope = state.scope(inside: body.parent) else { return }
            state.scopes[scope].background = []
            if let failure = body.failure { state.scopes[scope].fail(failure) }
        case .stepsAbandoned(let body): apply(body, to: &state)
        case .postStepAdded(let body):
            state.postSteps.insert(body.id, at: 0)
            state.postStepIDs.insert(body.id)
        case .jobCancelling(let body):
            state.cancel = body.level
            state.cancelReason = body.reason
            state.deadline = body.deadline
        case .jobClosing(let body):
            state.phase = .closing
            state.conclusion = body.conclusion
            state.reason = body.reason
        case .jobEnded(let body):
            state.phase = .finished
            state.outcome = body.outcome
            state.conclusion = body.outcome.conclusion
            state.reason = body.outcome.reason
        }
    }

    private static func apply(_ body: StepsListed, to state: inout JobState) {
        let parent = body.parent.flatMap { state.stepIndexes[$0] }
        if !body.continues {
            state.scopes.append(StepScope(parent: parent))
            if let parent { state.steps[parent].childScope = state.scopes.count - 1 }
        } else if body.parent == nil, state.phase == .running {
            state.postSteps = []
        }
        guard let scope = state.scope(inside: body.parent) else { return }
        for listing in body.steps {
            let number = state.scopes[scope].steps.count + 1
            let path = body.parent?.child(number) ?? StepPath(number)
            state.stepIndexes[path] = state.steps.count
            state.scopes[scope].steps.append(state.steps.count)
            state.steps.append(StepState(path: path, listing: listing, scope: scope))
        }
    }

    private static func apply(_ body: StepScheduled, to state: inout JobState) {
        guard let step = state.stepIndexes[body.attempt.step] else { return }
        if state.steps[step].phase == .planned { state.begin(step) }
        state.steps[step].phase = .scheduled
        state.steps[step].attempt = body.attempt.number
        state.steps[step].flags = body.flags
        if state.steps[step].listing.isBackground { state.scopes[state.steps[step].scope].backgroundCount += 1 }
        state.passHeld(state.steps[step].scope)
    }

    private static func apply(_ body: StepHeld, to state: inout JobState) {
        guard let step = state.stepIndexes[body.step] else { return }
        state.begin(step)
        state.steps[step].phase = .held
        state.steps[step].flags = body.flags
        state.scopes[state.steps[step].scope].held.append(step)
    }

    private static func apply(_ body: StepStarted, to state: inout JobState) {
        guard let step = state.stepIndexes[body.attempt.step] else { return }
        state.steps[step].phase = .running
        if state.steps[step].cancellation?.mode ?? .unlessConditionHolds < .soft {
            state.setDeadline(body.deadline, of: step)
        }
    }

    private static func apply(_ body: StepCompleting, to state: inout JobState) {
        guard let step = state.stepIndexes[body.attempt.step] else { return }
        state.steps[step].phase = .completing
        state.steps[step].aggregate = body.outcome
        state.steps[step].result = StepResult(outcome: body.outcome, reason: body.reason)
        state.setDeadline(nil, of: step)
        if let scope = state.steps[step].childScope { state.scopes[scope].isOver = true }
    }

    private static func apply(_ body: StepCancelling, to state: inout JobState) {
        guard let step = state.stepIndexes[body.attempt.step] else { return }
        state.steps[step].cancellation = StepCancellation(body.mode, body.reason)
        if body.mode >= .soft { state.setDeadline(body.deadline, of: step) }
        if let scope = state.steps[step].childScope, body.mode >= .soft { state.scopes[scope].isAbandoned = true }
    }

    private static func apply(_ body: StepRetried, to state: inout JobState) {
        guard let step = state.stepIndexes[body.attempt.step] else { return }
        state.steps[step].phase = .scheduled
        state.steps[step].attempt = body.attempt.number
        state.setDeadline(nil, of: step)
    }

    private static func apply(_ body: StepFinished, to state: inout JobState) {
        guard let step = state.stepIndexes[body.attempt.step] else { return }
        let scope = state.steps[step].scope
        let wasHeld = state.steps[step].phase == .held
        state.steps[step].phase = .finished
        state.steps[step].result = body.result
        state.setDeadline(nil, of: step)
        if state.steps[step].listing.isBackground {
            if !wasHeld { state.scopes[scope].backgroundCount -= 1 }
            state.scopes[scope].openBackground -= 1
            state.passHeld(scope)
            return
        }
        state.scopes[scope].foreground = nil
        for target in state.steps[step].targets where !state.steps[target].isCancelTarget {
            state.scopes[scope].background.removeAll { $0 == target }
        }
        switch body.result.conclusion {
        case .failure:
            state.scopes[scope].fail(
                body.result.reason ?? Reason(.exitCode, "The step \(state.steps[step].id) failed."))
        case .cancelled: state.scopes[scope].isCancelled = true
        case .success, .skipped: break
        }
    }

    private static func apply(_ body: WaitBegan, to state: inout JobState) {
        guard let step = state.stepIndexes[body.step] else { return }
        state.begin(step)
        state.steps[step].phase = .waiting
        state.steps[step].targets = body.targets.compactMap { state.stepIndexes[$0] }
        guard body.cancels else { return }
        for target in state.steps[step].targets { state.steps[target].isCancelTarget = true }
    }

    private static func apply(_ body: StepsAbandoned, to state: inout JobState) {
        guard let scope = state.scope(inside: body.parent) else { return }
        for step in state.scopes[scope].steps[state.scopes[scope].next...] {
            state.steps[step].phase = .finished
            state.steps[step].result = StepResult(outcome: .skipped, reason: body.reason)
        }
        state.scopes[scope].next = state.scopes[scope].steps.count
    }
}

extension StepScope {
    fileprivate mutating func fail(_ reason: Reason) {
        if !isFailed { failure = reason }
        isFailed = true
    }
}

extension JobState {
    fileprivate func scope(inside parent: StepPath?) -> Int? {
        guard let parent else { return scopes.isEmpty ? nil : 0 }
        return stepIndexes[parent].flatMap { steps[$0].childScope }
    }

    /// Moves its scope past a step whose turn has come.
    fileprivate mutating func begin(_ step: Int) {
        let scope = steps[step].scope
        scopes[scope].next += 1
        if steps[step].listing.isBackground {
            scopes[scope].background.append(step)
            scopes[scope].openBackground += 1
        } else {
            scopes[scope].foreground = step
        }
    }

    fileprivate mutating func passHeld(_ scope: Int) {
        scopes[scope].held.dropFirst { steps[$0].phase != .held }
    }

    fileprivate mutating func setDeadline(_ deadline: Int64?, of step: Int) {
        steps[step].deadline = deadline
        if let deadline { deadlines.insert(deadline, index: step) }
        deadlines.dropStale { steps[$1].deadline != $0 }
    }
}
