// SPDX-License-Identifier: Apache-2.0

import PipelineModel
import RunEngine
import Testing

@Suite struct JobMachineTests {
    private func steps(_ ids: String...) -> [StepListing] { ids.map { StepListing(id: $0) } }

    @Test func stepsRunInOrderAndSeeTheFailuresBeforeThem() {
        var job = JobScenario(steps("a", "b", "c"))
        #expect(job.started == ["1/1"])
        job.finish("1/1", .failure)
        #expect(job.flags("2/1") == StatusFlags(isSuccess: false))
        job.report("2/1", .skipped(Reason(.condition, "success() is false")))
        job.finish("3/1")
        #expect(job.conclusion == .failure)
        job.feed(.closed(JobClosure()))
        #expect(job.state.outcome?.conclusion == .failure)
    }

    @Test func aFailureThatIsForgivenIsNone() {
        var job = JobScenario(steps("a", "b"))
        job.finish("1/1", .failure, conclusion: .success)
        #expect(job.flags("2/1") == StatusFlags(isSuccess: true))
        job.finish("2/1")
        #expect(job.conclusion == .success)
    }

    @Test func theStepsOfACompositeActionHaveAStatusOfTheirOwn() {
        var job = JobScenario(steps("a", "composite", "c"))
        job.finish("1/1", .failure)
        job.report("2/1", .expanded(steps: [ExpandedStep(id: "x"), ExpandedStep(id: "y")]))
        #expect(job.flags("2.1/1") == StatusFlags(isSuccess: true))
        job.finish("2.1/1", .failure)
        #expect(job.flags("2.2/1") == StatusFlags(isSuccess: false))
        job.finish("2.2/1")
        #expect(job.effects.contains { if case .completeStep(_, .failure, _) = $0 { true } else { false } })
        job.finish("2/1", .failure)
        #expect(job.step("3")?.phase == .scheduled)
    }

    @Test func anOutcomeOfAnotherAttemptIsPassedOver() {
        var job = JobScenario(steps("a", "b"), retries: 1)
        job.feed(.resumed([StepAttempt(step: StepPath(1)): .interrupted(Reason(.interrupted, "cut off"))]))
        #expect(job.started == ["1/1", "1/2"])
        job.finish("1/1", .failure)
        #expect(job.step("1")?.phase == .scheduled)
        job.finish("1/2")
        #expect(job.started == ["1/1", "1/2", "2/1"])
    }

    @Test func anInterruptedStepIsAFailureUnlessARetryWasAskedFor() {
        var job = JobScenario(steps("a", "b"))
        job.report("1/1", .started(deadline: nil))
        job.feed(.resumed([:]))
        #expect(job.step("1")?.result?.reason?.kind == .interrupted)
        #expect(job.flags("2/1") == StatusFlags(isSuccess: false))
    }

    @Test func resumingAsksAgainForWhatNeverRanAndTakesWhatIsKnown() {
        var job = JobScenario(steps("a", "b"))
        job.feed(.resumed([StepAttempt(step: StepPath(1)): .notStarted]))
        #expect(job.started == ["1/1", "1/1"])
        job.feed(.resumed([StepAttempt(step: StepPath(1)): .reported([.finished(StepResult(outcome: .success))])]))
        #expect(job.started == ["1/1", "1/1", "2/1"])
    }

    @Test func aStepPastItsTimeoutIsToldThenKilledThenNotWaitedFor() {
        var job = JobScenario(steps("a", "b"))
        job.report("1/1", .started(deadline: job.now + 5_000))
        for _ in 0..<3 { job.passTime() }
        #expect(job.cancelled == ["1/1 soft", "1/1 force"])
        #expect(job.step("1")?.result?.outcome == .failure)
        #expect(job.started.last == "2/1")
    }

    @Test func aTimedOutCompositeEndsItsInside() {
        var job = JobScenario(steps("a", "b"))
        job.report("1/1", .started(deadline: job.now + 5_000))
        job.report("1/1", .expanded(steps: [ExpandedStep(id: "x"), ExpandedStep(id: "y")]))
        job.passTime()
        #expect(job.cancelled == ["1.1/1 soft"])
        job.finish("1.1/1", .failure)
        #expect(job.step("1.2")?.result?.outcome == .skipped)
        job.finish("1/1", .failure)
        #expect(job.started.last == "2/1")
    }

    @Test func aJobPastItsTimeoutIsCancelledAndAlwaysStepsRunUntilItIsForced() {
        var job = JobScenario(steps("a", "b", "c"), timeoutMs: 10_000)
        job.report("1/1", .started(deadline: nil))
        job.passTime()
        #expect(job.cancelled == ["1/1 unlessConditionHolds"])
        job.finish("1/1", .cancelled)
        #expect(job.flags("2/1")?.isCancelled == true)
        job.passTime()
        #expect(job.cancelled.last == "2/1 force")
        job.finish("2/1", .cancelled)
        #expect(job.step("3")?.phase == .finished)
        #expect(job.conclusion == .cancelled)
        #expect(job.state.reason?.kind == .timeout)
    }

    @Test func postStepsRunInReverseAfterTheLast() {
        var job = JobScenario(steps("a", "b"))
        job.feed(.postStepAdded(StepAttempt(step: StepPath(1)), id: "post-a"))
        job.finish("1/1")
        job.feed(.postStepAdded(StepAttempt(step: StepPath(2)), id: "post-b"))
        job.finish("2/1", .failure)
        #expect(job.step("3")?.id == "post-b")
        job.finish("3/1")
        #expect(job.step("4")?.id == "post-a")
        job.finish("4/1")
        #expect(job.conclusion == .failure)
    }

    @Test func aJobThatCannotBePreparedFailsWithoutAStep() {
        let job = JobScenario(steps("a"), prepareFailure: Reason(.setup, "No space left."))
        #expect(job.started.isEmpty)
        #expect(job.conclusion == .failure)
        #expect(job.step("1")?.result?.outcome == .skipped)
    }

    @Test func aJobWithoutStepsSucceeds() {
        #expect(JobScenario([]).conclusion == .success)
    }

    @Test func compositesNestOnlySoDeep() {
        var job = JobScenario(steps("a"))
        var path = "1"
        while job.step(path)?.phase == .scheduled {
            job.report("\(path)/1", .started(deadline: nil))
            job.report("\(path)/1", .expanded(steps: [ExpandedStep(id: "inner")]))
            path += ".1"
        }
        #expect(path.split(separator: ".").count == EngineLimits.compositeDepth + 2)
        #expect(
            job.effects.contains {
                guard case .completeStep(_, .failure, let reason) = $0 else { return false }
                return reason?.text.hasPrefix("MRT0605") == true
            })
    }
}

/// What the public runner's tests say of background steps.
@Suite struct BackgroundStepTests {
    private let server = StepListing(id: "server", isBackground: true)
    private let next = StepListing(id: "next")

    private func control(_ kind: StepListing.Kind) -> StepListing { StepListing(id: "control", kind: kind) }

    @Test func aBackgroundStepRunsBesideWhatFollows() {
        #expect(JobScenario([server, next]).started == ["1/1", "2/1"])
    }

    @Test func waitingBlocksUntilItIsOver() {
        var job = JobScenario([server, control(.wait(["server"])), next])
        #expect(job.step("2")?.phase == .waiting)
        job.finish("1/1")
        #expect(job.started == ["1/1", "3/1"])
    }

    @Test func itsFailureCountsWhereItIsWaitedFor() {
        var job = JobScenario([server, next, control(.waitAll)])
        job.finish("1/1", .failure)
        // Not yet: nobody waited.
        #expect(job.flags("2/1")?.isSuccess == true)
        job.finish("2/1")
        #expect(job.conclusion == .failure)
    }

    @Test func itsFailureCountsAtTheEndWithoutAWait() {
        var job = JobScenario([server, next])
        job.finish("2/1")
        #expect(job.conclusion == nil)
        job.finish("1/1", .failure)
        #expect(job.conclusion == .failure)
    }

    @Test func cancellingItIsNoFault() {
        var job = JobScenario([server, control(.cancel(["server"]))])
        #expect(job.cancelled == ["1/1 soft"])
        job.finish("1/1", .cancelled)
        #expect(job.conclusion == .success)
    }

    @Test func aFailureBeforeTheCancelTookEffectCounts() {
        var job = JobScenario([server, control(.cancel(["server"]))])
        job.finish("1/1", .failure)
        #expect(job.step("2")?.result?.conclusion == .success)
        #expect(job.conclusion == .failure)
    }

    @Test func controlStepsRunEvenAfterAFailure() {
        var job = JobScenario([server, next, control(.wait(["server"]))])
        job.finish("2/1", .failure)
        #expect(job.step("3")?.phase == .waiting)
        job.finish("1/1")
        #expect(job.step("3")?.result?.conclusion == .success)
        #expect(job.conclusion == .failure)
    }

    @Test func noMoreThanTheLimitRunAtATime() {
        var job = JobScenario((1...3).map { StepListing(id: "s\($0)", isBackground: true) }, backgroundLimit: 2)
        #expect(job.started == ["1/1", "2/1"])
        #expect(job.step("3")?.phase == .held)
        job.finish("1/1")
        #expect(job.started == ["1/1", "2/1", "3/1"])
    }
}
