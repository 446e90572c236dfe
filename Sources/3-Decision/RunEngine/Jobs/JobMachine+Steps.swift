// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import PipelineModel

/// Steps: begun in order, and ended.
extension Transition<JobMachine> {
    /// Begins what is next in a scope, until something in the foreground runs or the scope is over.
    mutating func advance(_ scope: Int) {
        while state.phase == .running, !state.scopes[scope].isOver, state.scopes[scope].foreground == nil {
            if state.scopes[scope].next == state.scopes[scope].steps.count {
                if state.scopes[scope].openBackground > 0 { return }
                if join(scope) { continue }
                return endScope(scope)
            }
            if state.cancel == .force || state.scopes[scope].isAbandoned {
                let reason = state.cancelReason ?? Reason(.cancelled, "The step around it was cancelled.")
                record(.stepsAbandoned(StepsAbandoned(parent: path(of: scope), reason: reason)))
                continue
            }
            begin(state.scopes[scope].steps[state.scopes[scope].next])
        }
    }

    private func path(of scope: Int) -> StepPath? { state.scopes[scope].parent.map { state.steps[$0].path } }

    private func flags(of scope: Int) -> StatusFlags {
        StatusFlags(isSuccess: !state.scopes[scope].isFailed, isCancelled: state.cancel > .none)
    }

    private mutating func begin(_ step: Int) {
        let listing = state.steps[step].listing
        switch listing.kind {
        case .run:
            let scope = state.steps[step].scope
            let flags = flags(of: scope)
            if listing.isBackground, state.scopes[scope].backgroundCount >= definition.backgroundLimit {
                let reason = Reason(
                    .capacity, "As many background steps run as may: \(definition.backgroundLimit).")
                return record(.stepHeld(StepHeld(step: state.steps[step].path, flags: flags, reason: reason)))
            }
            schedule(step, flags)
        case .wait(let ids): wait(step, for: targets(of: step) { ids.contains($0) }, cancels: false)
        case .waitAll: wait(step, for: targets(of: step) { _ in true }, cancels: false)
        case .cancel(let ids): wait(step, for: targets(of: step) { ids.contains($0) }, cancels: true)
        }
    }

    private mutating func schedule(_ step: Int, _ flags: StatusFlags) {
        let attempt = state.steps[step].stepAttempt
        record(.stepScheduled(StepScheduled(attempt: attempt, flags: flags)))
        request(.startStep(attempt, flags))
    }

    /// Background steps of the same scope that were begun, by id.
    private func targets(of step: Int, _ isNamed: (String) -> Bool) -> [Int] {
        state.scopes[state.steps[step].scope].background.filter { isNamed(state.steps[$0].id) }
    }

    private mutating func wait(_ step: Int, for targets: [Int], cancels: Bool) {
        let path = state.steps[step].path
        record(.waitBegan(WaitBegan(step: path, targets: targets.map { state.steps[$0].path }, cancels: cancels)))
        if cancels {
            let reason = Reason(.cancelled, "The step \(state.steps[step].id) cancelled it.")
            for target in targets { cancelStep(target, .soft, reason) }
        }
        // Over at once: `advance`, which called this, goes on; a file of thousands of waits must not recurse.
        if let result = waitResult(step) {
            record(.stepFinished(StepFinished(attempt: state.steps[step].stepAttempt, result: result)))
        }
    }

    /// Ends a `wait` or `cancel` once all that it names is over.
    private mutating func endWait(_ step: Int) {
        if let result = waitResult(step) { finish(step, result) }
    }

    /// `nil` while it has to wait. A cancelled one ends as a success.
    private func waitResult(_ step: Int) -> StepResult? {
        guard state.steps[step].phase == .waiting,
            state.steps[step].targets.allSatisfy({ state.steps[$0].phase == .finished })
        else { return nil }
        var result = StepResult(outcome: .success)
        let failed = state.steps[step].targets.first { state.steps[$0].result?.conclusion == .failure }
        if let failed, case .run = state.steps[failed].listing.kind, !isCancel(step) {
            result.outcome = .failure
            result.conclusion = .failure
            result.reason = Reason(.needs, "The background step \(state.steps[failed].id) failed.")
        }
        return result
    }

    private func isCancel(_ step: Int) -> Bool {
        if case .cancel = state.steps[step].listing.kind { true } else { false }
    }

    /// What the executor says of an attempt in flight.
    mutating func reported(_ step: Int, _ report: StepReport) {
        switch report {
        case .skipped(let reason):
            guard state.steps[step].phase == .scheduled else { return }
            finish(step, StepResult(outcome: .skipped, reason: reason))
        case .started(let deadline):
            guard state.steps[step].phase == .scheduled else { return }
            record(.stepStarted(StepStarted(attempt: state.steps[step].stepAttempt, deadline: deadline)))
        case .expanded(let steps):
            guard state.steps[step].phase != .completing else { return }
            expand(step, steps)
        case .finished(let result):
            finish(step, judged(step, result))
        case .again(let reason):
            guard state.steps[step].phase == .running || state.steps[step].phase == .scheduled else { return }
            let attempt = state.steps[step].stepAttempt
            let next = StepAttempt(step: attempt.step, number: attempt.number + 1)
            record(.stepRetried(StepRetried(attempt: next, reason: reason)))
            request(.startStep(next, state.steps[step].flags))
        }
    }

    /// The outcome as it counts: a timeout is a failure, and so is a cancellation that nobody asked for.
    private func judged(_ step: Int, _ result: StepResult) -> StepResult {
        guard result.outcome == .cancelled else { return result }
        var judged = result
        let cancellation = state.steps[step].cancellation
        if let reason = cancellation?.reason, reason.kind == .timeout {
            judged.reason = reason
        } else if cancellation != nil || state.cancel > .none {
            return result
        }
        judged.outcome = .failure
        judged.conclusion = result.conclusion == .success ? .success : .failure
        return judged
    }

    private mutating func expand(_ step: Int, _ inner: [ExpandedStep]) {
        let path = state.steps[step].path
        if let reason = excess(path, inner.count) { return complete(step, .failure, reason) }
        record(.stepExpanded(StepExpanded(attempt: state.steps[step].stepAttempt)))
        list(inner.map { StepListing(id: $0.id, isBackground: $0.isBackground) }, parent: path)
        if let scope = state.steps[step].childScope { advance(scope) }
    }

    private func excess(_ path: StepPath, _ count: Int) -> Reason? {
        if path.indexes.count > EngineLimits.compositeDepth {
            return Reason(
                .invalid,
                "\(DiagnosticCode.compositeTooDeep): Composite actions are nested more than "
                    + "\(EngineLimits.compositeDepth) deep.")
        }
        if state.steps.count + count > EngineLimits.jobSteps {
            return Reason(
                .invalid, "\(DiagnosticCode.jobTooLarge): The job has more than \(EngineLimits.jobSteps) steps.")
        }
        return nil
    }

    private mutating func complete(_ step: Int, _ outcome: Conclusion, _ reason: Reason?) {
        let attempt = state.steps[step].stepAttempt
        record(.stepCompleting(StepCompleting(attempt: attempt, outcome: outcome, reason: reason)))
        request(.completeStep(attempt, outcome: outcome, reason?.bounded))
    }

    /// Ends a step, and does what follows in its scope.
    mutating func finish(_ step: Int, _ result: StepResult) {
        record(.stepFinished(StepFinished(attempt: state.steps[step].stepAttempt, result: result)))
        let scope = state.steps[step].scope
        if state.steps[step].listing.isBackground {
            releaseHeld(scope)
            if let foreground = state.scopes[scope].foreground { endWait(foreground) }
        }
        advance(scope)
    }

    /// Gives free places to the background steps that wait longest.
    private mutating func releaseHeld(_ scope: Int) {
        while state.scopes[scope].backgroundCount < definition.backgroundLimit,
            let step = state.scopes[scope].held.first
        {
            schedule(step, state.steps[step].flags)
        }
    }

    /// - Returns: whether there is more to begin: steps to run after the last.
    private mutating func join(_ scope: Int) -> Bool {
        if !state.scopes[scope].background.isEmpty {
            let failed = state.scopes[scope].background.first { state.steps[$0].result?.conclusion == .failure }
            let failure = failed.map { Reason(.needs, "The background step \(state.steps[$0].id) failed.") }
            record(.backgroundJoined(BackgroundJoined(parent: path(of: scope), failure: failure)))
        }
        guard scope == 0, !state.postSteps.isEmpty else { return false }
        list(state.postSteps.map { StepListing(id: $0) }, parent: nil, continues: true)
        return true
    }

    private mutating func endScope(_ scope: Int) {
        guard let parent = state.scopes[scope].parent else { return closeJob() }
        var outcome = Conclusion.success
        var reason: Reason?
        if state.scopes[scope].isFailed {
            outcome = .failure
            reason = state.scopes[scope].failure
        } else if state.scopes[scope].isCancelled || state.scopes[scope].isAbandoned {
            outcome = .cancelled
        }
        if let cancellation = state.steps[parent].cancellation, cancellation.mode >= .soft {
            outcome = cancellation.reason.kind == .timeout ? .failure : outcome == .failure ? .failure : .cancelled
            reason = cancellation.reason
        }
        complete(parent, outcome, reason)
    }
}
