// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel

/// Carries the steps of a job in order, where the job runs.
///
/// | of   | from                 | event          | to         | when                                                       |
/// |------|----------------------|----------------|------------|------------------------------------------------------------|
/// | job  | new                  | jobBegan       | preparing  | asked to start                                             |
/// | job  | preparing            | jobPrepared    | running    | the workspace is there, or it could not be made            |
/// | job  | preparing            | jobClosing     | closing    | cancelled by force                                         |
/// | job  | running              | jobClosing     | closing    | its last step is over                                      |
/// | job  | closing              | jobEnded       | finished   | its record is sealed                                       |
/// | step | planned              | stepScheduled  | scheduled  | its turn                                                   |
/// | step | planned              | stepHeld       | held       | its turn, in the background, and no place is free          |
/// | step | held                 | stepScheduled  | scheduled  | a place came free                                          |
/// | step | planned              | waitBegan      | waiting    | its turn, and it is a `wait` or `cancel`                   |
/// | step | scheduled            | stepStarted    | running    | its condition held                                         |
/// | step | scheduled            | stepExpanded   | expanded   | it is a composite action                                   |
/// | step | running              | stepExpanded   | expanded   | it is a composite action with a timeout                    |
/// | step | scheduled            | stepCompleting | completing | it is a composite action past a limit                      |
/// | step | running              | stepCompleting | completing | it is a composite action past a limit                      |
/// | step | expanded             | stepCompleting | completing | all inside it is over                                      |
/// | step | scheduled            | stepRetried    | scheduled  | cut off, and the policy allows another attempt             |
/// | step | running              | stepRetried    | scheduled  | cut off, and the policy allows another attempt             |
/// | step | scheduled            | stepRetried    | scheduled  | its failure was looked at, and it is to be tried again     |
/// | step | running              | stepRetried    | scheduled  | its failure was looked at, and it is to be tried again     |
/// | step | planned              | stepsAbandoned | finished   | forced, or the composite around it was cancelled           |
/// | step | held                 | stepFinished   | finished   | cancelled before a place came free                         |
/// | step | scheduled            | stepFinished   | finished   | skipped, or over, or cut off                               |
/// | step | running              | stepFinished   | finished   | over, or cut off                                           |
/// | step | completing           | stepFinished   | finished   | its outputs are evaluated                                  |
/// | step | waiting              | stepFinished   | finished   | what it waited for is over                                 |
package enum JobMachine: Machine {
    package typealias State = JobState
    package typealias Input = JobInput
    package typealias Event = JobEvent
    package typealias Effect = JobEffect
    package typealias Definition = JobDefinition

    package static var initialState: JobState { JobState() }

    package static func decide(_ input: JobInput, in transition: inout Transition<JobMachine>) {
        if case .start = input {
            if transition.state.phase == .new { transition.start() }
        } else if transition.state.phase != .new, transition.state.phase != .finished {
            transition.take(input)
        }
    }

    package static func wakeUp(of state: JobState) -> Int64? {
        guard state.phase == .preparing || state.phase == .running else { return nil }
        guard let step = state.deadlines.first?.time else { return state.deadline }
        return min(step, state.deadline ?? step)
    }

    package static func effects(of state: JobState) -> [JobEffect] {
        switch state.phase {
        case .new, .finished: return []
        case .preparing: return [.prepareJob(state.job, attempt: state.attempt)]
        case .closing: return [.finishJob(state.job, attempt: state.attempt, state.conclusion ?? .success)]
        case .running: break
        }
        var effects: [JobEffect] = []
        for step in state.steps {
            switch step.phase {
            case .scheduled, .running:
                effects.append(.startStep(step.stepAttempt, step.flags))
                if let cancellation = step.cancellation {
                    effects.append(.cancelStep(step.stepAttempt, cancellation))
                }
            case .completing:
                effects.append(
                    .completeStep(step.stepAttempt, outcome: step.aggregate ?? .success, step.result?.reason))
            case .planned, .held, .expanded, .waiting, .finished: break
            }
        }
        return effects
    }
}

extension Transition<JobMachine> {
    fileprivate mutating func take(_ input: JobInput) {
        switch input {
        case .start: break
        case .prepared(let failure): prepared(failure)
        case .reported(let attempt, let report):
            if let step = inFlight(attempt) { reported(step, report) }
        case .postStepAdded(let attempt, let id):
            // A second attempt of a step asks again for what its first one did.
            if inFlight(attempt) != nil, !state.postStepIDs.contains(id) {
                record(.postStepAdded(PostStepAdded(attempt: attempt, id: id)))
            }
        case .cancelRequested(let level, let reason): cancelJob(level, reason)
        case .closed(let closure): closed(closure)
        case .resumed(let evidence): resumed(evidence)
        case .timePassed: timePassed()
        }
    }

    fileprivate mutating func start() {
        let job = definition
        record(
            .jobBegan(
                JobBegan(
                    job: job.job, attempt: job.attempt, planDigest: job.planDigest, deadline: now + job.timeoutMs)))
        list(job.steps, parent: nil)
        request(.prepareJob(job.job, attempt: job.attempt))
    }

    /// Lists steps in pieces that fit an event.
    mutating func list(_ steps: [StepListing], parent: StepPath?, continues: Bool = false) {
        var continues = continues
        for chunk in steps.map(\.bounded).chunks(of: EngineLimits.listChunk * 3, weighing: \.weight) {
            record(.stepsListed(StepsListed(parent: parent, steps: chunk, continues: continues)))
            continues = true
        }
        if !continues { record(.stepsListed(StepsListed(parent: parent, steps: [], continues: false))) }
    }

    private mutating func prepared(_ failure: Reason?) {
        guard state.phase == .preparing else { return }
        record(.jobPrepared(JobPrepared(failure: failure)))
        if let failure {
            record(.stepsAbandoned(StepsAbandoned(parent: nil, reason: failure)))
        } else if let takeover = definition.takeover {
            take(over: takeover)
        }
        advance(0)
    }

    /// Results of an earlier attempt stand for the first steps.
    private mutating func take(over takeover: JobTakeover) {
        for (index, result) in takeover.results.enumerated() where index < definition.steps.count {
            let attempt = StepAttempt(step: StepPath(index + 1), number: 1)
            let flags = StatusFlags(isSuccess: !state.scopes[0].isFailed, isCancelled: state.cancel > .none)
            record(.stepScheduled(StepScheduled(attempt: attempt, flags: flags)))
            if index == 0 {
                for id in takeover.postSteps { record(.postStepAdded(PostStepAdded(attempt: attempt, id: id))) }
            }
            record(.stepFinished(StepFinished(attempt: attempt, result: result, takenFrom: takeover.attempt)))
        }
    }

    /// The step that an attempt in flight is of.
    private func inFlight(_ attempt: StepAttempt) -> Int? {
        guard state.phase == .running, let step = state.stepIndexes[attempt.step],
            state.steps[step].attempt == attempt.number
        else { return nil }
        switch state.steps[step].phase {
        case .scheduled, .running, .completing: return step
        case .planned, .held, .expanded, .waiting, .finished: return nil
        }
    }

    private mutating func closed(_ closure: JobClosure) {
        guard state.phase == .closing, let conclusion = state.conclusion else { return }
        let fails = closure.failure != nil && conclusion == .success
        record(
            .jobEnded(
                JobEnded(
                    outcome: JobOutcome(
                        fails ? .failure : conclusion, reason: fails ? closure.failure : state.reason,
                        outputNames: closure.outputNames, recordDigest: closure.recordDigest))))
    }

    /// The steps are over.
    mutating func closeJob() {
        var conclusion = Conclusion.success
        var reason: Reason?
        if state.cancel > .none {
            conclusion = .cancelled
            reason = state.cancelReason
        } else if state.scopes[0].isFailed {
            conclusion = .failure
            reason = state.scopes[0].failure
        }
        record(.jobClosing(JobClosing(conclusion: conclusion, reason: reason)))
        request(.finishJob(state.job, attempt: state.attempt, conclusion))
    }
}
