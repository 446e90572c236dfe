// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import RunEngine

/// A bug put in on purpose, to show that the simulator would find it.
///
/// Those of the machines are made by changing what a machine decided before it is applied and recorded, which is what
/// a wrong `decide` would have done; nothing of it is in the machines themselves.
package enum SimulatedDefect: String, CaseIterable, Sendable {
    // Of the run machine.
    case ignoresANeed
    case ignoresMaxParallel
    case takesOnePlaceTooMany
    case ignoresFailFast
    case ignoresContinueOnError
    case forgetsEarlierJobs
    case asksNoGroup
    // Of the job machine.
    case reusesAttemptNumber
    case takesAnyAttemptsOutcome
    case forgetsBackgroundFailure
    case hidesFailureFromConditions
    case hidesCancellationFromConditions
    case forgetsItsDeadline
    // Of a coordinator.
    case actsBeforeRecording
    case startsAgainWithoutEvidence
    case leavesProcessesAlive
    case losesPartOfATransaction
    case dropsReleases
    case letsTimeGoBack

    /// Whether a machine decides wrongly, not its coordinator.
    package var isOfAMachine: Bool {
        switch self {
        case .ignoresANeed, .ignoresMaxParallel, .takesOnePlaceTooMany, .ignoresFailFast, .ignoresContinueOnError,
            .forgetsEarlierJobs, .asksNoGroup, .reusesAttemptNumber, .takesAnyAttemptsOutcome,
            .forgetsBackgroundFailure, .hidesFailureFromConditions, .hidesCancellationFromConditions,
            .forgetsItsDeadline:
            true
        case .actsBeforeRecording, .startsAgainWithoutEvidence, .leavesProcessesAlive, .losesPartOfATransaction,
            .dropsReleases, .letsTimeGoBack:
            false
        }
    }

    /// Makes the run machine decide as a wrong one would.
    var runTampering: Tampering<RunMachine>? {
        isOfAMachine ? Tampering(event: { self.changed($0) }, effect: { $0 }) : nil
    }

    /// Makes the job machine decide as a wrong one would.
    var jobTampering: Tampering<JobMachine>? {
        isOfAMachine ? Tampering(event: { self.changed($0) }, effect: { self.changed($0) }) : nil
    }

    /// What the run machine would have recorded in place of `event`.
    private func changed(_ event: RunEvent) -> RunEvent {
        switch (self, event) {
        case (.ignoresMaxParallel, .jobExpanded(var body)):
            body.maxParallel = 0
            return .jobExpanded(body)
        case (.takesOnePlaceTooMany, .runStarted(var body)):
            if body.capacity < Int.max { body.capacity += 1 }
            return .runStarted(body)
        case (.ignoresFailFast, .jobExpanded(var body)):
            body.failFast = false
            return .jobExpanded(body)
        case (.ignoresContinueOnError, .legFinished(var body)):
            body.conclusion = body.outcome.conclusion
            return .legFinished(body)
        case (.forgetsEarlierJobs, .jobFinished(var body)):
            body.lineage = JobStatusFlags(body.result)
            return .jobFinished(body)
        case (.asksNoGroup, .jobExpanded(var body)):
            for index in body.legs.indices { body.legs[index].concurrency = nil }
            return .jobExpanded(body)
        default: return event
        }
    }

    /// What the job machine would have recorded in place of `event`.
    private func changed(_ event: JobEvent) -> JobEvent {
        switch (self, event) {
        case (.reusesAttemptNumber, .stepRetried(var body)):
            body.attempt.number -= 1
            return .stepRetried(body)
        case (.forgetsBackgroundFailure, .backgroundJoined(var body)):
            body.failure = nil
            return .backgroundJoined(body)
        case (.hidesFailureFromConditions, .stepScheduled(var body)):
            body.flags.isSuccess = true
            return .stepScheduled(body)
        case (.hidesCancellationFromConditions, .stepScheduled(var body)):
            body.flags.isCancelled = false
            return .stepScheduled(body)
        case (.forgetsItsDeadline, .stepStarted(var body)):
            body.deadline = nil
            return .stepStarted(body)
        default: return event
        }
    }
    private func changed(_ effect: JobEffect) -> JobEffect {
        switch (self, effect) {
        case (.reusesAttemptNumber, .startStep(var attempt, let flags)):
            attempt.number = 1
            return .startStep(attempt, flags)
        case (.hidesFailureFromConditions, .startStep(let attempt, var flags)):
            flags.isSuccess = true
            return .startStep(attempt, flags)
        case (.hidesCancellationFromConditions, .startStep(let attempt, var flags)):
            flags.isCancelled = false
            return .startStep(attempt, flags)
        default: return effect
        }
    }
}
