// SPDX-License-Identifier: Apache-2.0

import PipelineModel
import RunEngine
import Testing

/// Steps that are tried again, jobs that go on after steps that stand, and what runs after the last step.
@Suite struct JobContinuationTests {
    private func steps(_ ids: String...) -> [StepListing] { ids.map { StepListing(id: $0) } }

    @Test func aStepWhoseFailureWasLookedAtIsTriedAgainAsOftenAsSomebodyWants() {
        var job = JobScenario(steps("a", "b"))
        job.report("1/1", .started(deadline: nil))
        job.report("1/1", .again(Reason(.retry, "again")))
        job.report("1/2", .started(deadline: 1_500_000))
        job.report("1/2", .again(Reason(.retry, "again")))
        #expect(job.started == ["1/1", "1/2", "1/3"])
        // Of an attempt that is past nothing counts.
        job.report("1/2", .again(Reason(.retry, "again")))
        job.finish("1/3")
        #expect(job.started == ["1/1", "1/2", "1/3", "2/1"])
        job.report("1/3", .again(Reason(.retry, "too late")))
        #expect(job.step("1")?.phase == .finished)
    }

    @Test func aJobThatIsTakenOverGoesOnAfterTheStepsThatStand() throws {
        let results = [StepResult(outcome: .success), StepResult(outcome: .failure, reason: Reason(.exitCode, "1"))]
        var job = JobScenario(
            steps("a", "b", "c"),
            takeover: JobTakeover(attempt: 1, results: results, postSteps: ["__post_1", "__post_2"]))
        #expect(job.started == ["3/1"])
        #expect(job.flags("3/1") == StatusFlags(isSuccess: false))
        job.finish("3/1")
        // What the steps that stand asked for runs after the last, the newest first.
        #expect(job.started == ["3/1", "4/1"])
        #expect(job.step("4")?.id == "__post_2" && job.step("5")?.id == "__post_1")
        let taken = job.events.compactMap { event -> Int? in
            if case .stepFinished(let finished) = event { finished.takenFrom } else { nil }
        }
        #expect(taken == [1, 1])
        var folded = JobMachine.initialState
        for event in job.events { JobMachine.apply(event, to: &folded) }
        #expect(folded == job.state)
        let finished = StepFinished(attempt: StepAttempt(step: StepPath(1)), result: results[0], takenFrom: 2)
        #expect(try StepFinished(data: finished.data) == finished)
    }

    @Test func aPostStepIsAskedForOnce() {
        var job = JobScenario(steps("a"))
        job.feed(.postStepAdded(StepAttempt(step: StepPath(1)), id: "__post_1"))
        job.feed(.postStepAdded(StepAttempt(step: StepPath(1)), id: "__post_1"))
        job.finish("1/1")
        job.feed(.postStepAdded(StepAttempt(step: StepPath(2)), id: "__post_1"))
        job.finish("2/1")
        #expect(job.started == ["1/1", "2/1"])
    }
}
