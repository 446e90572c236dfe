// SPDX-License-Identifier: Apache-2.0

import PipelineModel
import RunEngine

/// One of every event, with every field set: what the golden files hold.
enum EventSamples {
    private static let reason = Reason(
        .condition, "The condition was false.", expression: "github.ref == 'x'", values: ["github.ref → 'y'"])
    private static let leg = JobID("deploy#1/test#2")
    private static let outcome = JobOutcome(
        .failure, reason: reason, outputNames: ["version"], recordDigest: "sha256:aa")
    private static let request = GroupRequest(group: "prod", cancelsInProgress: true, queue: .max)

    private static var settings: JobLeg {
        var leg = JobLeg(name: "test (linux, 6.3)", matrixDigest: "sha256:bb")
        leg.continueOnError = true
        leg.timeoutMs = 60_000
        leg.cancelTimeoutMs = 1_000
        leg.concurrency = request
        leg.unavailable = reason
        return leg
    }

    private static var taken: TakenJob {
        let scenario = ended
        var taken = TakenJob(job: JobID("test"), result: .success, reason: reason, isComplete: false)
        taken.expansion = JobExpansion(legs: [settings], isMatrix: true, failFast: false, maxParallel: 2)
        taken.legs = scenario.state.legs.map { TakenLeg(leg: $0, runAttempt: 1) }
        return taken
    }

    private static var ended: Scenario {
        var scenario = Scenario(["test": .init(legs: 1)])
        scenario.start()
        scenario.end("test#1")
        return scenario
    }

    static let run: [RunEvent] = [
        .runStarted(
            RunStarted(
                run: RunID(7), attempt: 2, planDigest: "sha256:cc", capacity: 4, previousAttempt: 1,
                rerun: [JobID("test#2")])),
        .resultsTakenOver(ResultsTakenOver(attempt: 1, jobs: [taken])),
        .jobsListed(JobsListed(caller: JobID("deploy#1"), jobs: ["plan", "test"], continues: true)),
        .jobExpanded(
            JobExpanded(
                job: JobID("deploy#1/test"),
                expansion: JobExpansion(legs: [], isMatrix: true, failFast: false, maxParallel: 2), legs: [settings],
                continues: true)),
        .legQueued(LegQueued(leg: leg, reason: reason)),
        .legStarted(LegStarted(leg: leg, attempt: 2, deadline: 1_800_000_000_123)),
        .legCancelling(LegCancelling(leg: leg, level: .force, reason: reason, deadline: 1_800_000_000_123)),
        .legRetried(LegRetried(leg: leg, attempt: 2, reason: reason, deadline: 1_800_000_000_123)),
        .legFinished(LegFinished(leg: leg, attempt: 2, outcome: outcome, conclusion: .success, takenFrom: 1)),
        .failFastTripped(FailFastTripped(job: JobID("deploy#1/test"), leg: leg)),
        .jobFinished(
            JobFinished(
                job: JobID("test"), result: .skipped, reason: reason,
                lineage: [.failed, .needCancelled, .skipped, .runCancelled], isUnavailable: true)),
        .waitingJobCancelled(WaitingJobCancelled(job: JobID("test"), reason: reason)),
        .groupAsked(GroupAsked(leg: leg, request: request)),
        .groupHeld(GroupHeld(leg: leg)),
        .groupReleased(GroupReleased(leg: leg)),
        .runCancelling(RunCancelling(level: .soft, reason: reason)),
        .capacityChanged(CapacityChanged(capacity: 3)),
        .runFinished(RunFinished(conclusion: .cancelled, reason: reason, hasUnavailable: true)),
    ]

    private static let attempt = StepAttempt(step: StepPath([3, 1]), number: 2)
    private static let flags = StatusFlags(isSuccess: true, isCancelled: true)

    private static var result: StepResult {
        var result = StepResult(outcome: .failure, conclusion: .success, exitCode: 2, reason: reason)
        result.outputNames = ["version"]
        result.recordDigest = "sha256:dd"
        result.logLines = 42
        result.logDigest = "sha256:ee"
        return result
    }

    static let job: [JobEvent] = [
        .jobBegan(JobBegan(job: leg, attempt: 2, planDigest: "sha256:cc", deadline: 1_800_000_000_123)),
        .stepsListed(
            StepsListed(
                parent: StepPath(3),
                steps: [
                    StepListing(id: "a", isBackground: true), StepListing(id: "b", kind: .wait(["a"])),
                    StepListing(id: "c", kind: .waitAll), StepListing(id: "d", kind: .cancel(["a"])),
                ], continues: true)),
        .jobPrepared(JobPrepared(failure: reason)),
        .stepScheduled(StepScheduled(attempt: attempt, flags: flags)),
        .stepHeld(StepHeld(step: StepPath(4), flags: flags, reason: reason)),
        .stepStarted(StepStarted(attempt: attempt, deadline: 1_800_000_000_123)),
        .stepExpanded(StepExpanded(attempt: attempt)),
        .stepCompleting(StepCompleting(attempt: attempt, outcome: .failure, reason: reason)),
        .stepCancelling(
            StepCancelling(
                attempt: attempt, mode: .unlessConditionHolds, reason: reason, deadline: 1_800_000_000_123)),
        .stepRetried(StepRetried(attempt: attempt, reason: reason)),
        .stepFinished(StepFinished(attempt: attempt, result: result)),
        .waitBegan(WaitBegan(step: StepPath(5), targets: [StepPath(4)], cancels: true)),
        .backgroundJoined(BackgroundJoined(parent: StepPath(3), failure: reason)),
        .stepsAbandoned(StepsAbandoned(parent: StepPath(3), reason: reason)),
        .postStepAdded(PostStepAdded(attempt: attempt, id: "post")),
        .jobCancelling(JobCancelling(level: .soft, reason: reason, deadline: 1_800_000_000_123)),
        .jobClosing(JobClosing(conclusion: .failure, reason: reason)),
        .jobEnded(JobEnded(outcome: outcome)),
    ]
}
