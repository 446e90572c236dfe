// SPDX-License-Identifier: Apache-2.0

import PipelineModel
import RunEngine
import Testing

@Suite struct RunMachineTests {
    @Test func aJobStartsAsSoonAsItsOwnNeedsAreDone() {
        var run = Scenario(["slow": .init(), "fast": .init(), "after": .init(needs: ["fast"])])
        run.start()
        #expect(run.running == ["slow", "fast"])
        run.end("fast")
        // No barrier: slow still runs.
        #expect(run.running == ["slow", "after"])
    }

    @Test func aFailureSkipsWhatNeedsItAndEverythingBehind() {
        var run = Scenario([
            "a": .init(), "b": .init(needs: ["a"]), "c": .init(needs: ["b"]),
            "clean": .init(needs: ["b"], condition: "always"), "d": .init(needs: ["clean"]),
            "report": .init(needs: ["c"], condition: "failure"),
        ])
        run.start()
        run.end("a", .failure)
        #expect(run.result("b") == .skipped)
        #expect(run.result("c") == .skipped)
        #expect(run.running == ["clean", "report"])
        run.end("clean")
        // What it needs succeeded, but a job before that did not: success() sees them all.
        #expect(run.result("d") == .skipped)
        run.end("report")
        #expect(run.state.conclusion == .failure)
    }

    @Test func aFailedLegCancelsTheOthersWithFailFast() {
        var run = Scenario(["test": .init(legs: 3, maxParallel: 2)])
        run.start()
        #expect(run.running == ["test#1", "test#2"])
        run.end("test#1", .failure)
        #expect(run.leg("test#3")?.conclusion == .cancelled)
        #expect(run.leg("test#3")?.reason?.kind == .failFast)
        #expect(run.leg("test#2")?.cancel == .soft)
        run.end("test#2", .cancelled)
        #expect(run.state.conclusion == .failure)
    }

    /// The simulator found it: ending one leg used to start the next.
    @Test func failFastStartsNoLegWhileItEndsThem() {
        var run = Scenario([
            "call": .init(legs: 4, maxParallel: 2, isCall: true), "call/job": .init(group: "one"),
        ])
        run.start()
        run.feed(.groupGranted(JobID("call#1/job")))
        run.end("call#1/job", .failure)
        #expect(run.leg("call#3")?.innerScope == nil)
        #expect(run.state.phase == .finished)
    }

    @Test func withoutFailFastEveryLegRuns() {
        var run = Scenario(["test": .init(legs: 3, failFast: false, maxParallel: 1)])
        run.start()
        run.end("test#1", .failure)
        #expect(run.running == ["test#2"])
        run.end("test#2")
        run.end("test#3")
        #expect(run.result("test") == .failure)
    }

    @Test func aJobThatMayFailCountsAsASuccess() {
        var run = Scenario(["lint": .init(continueOnError: true), "build": .init(needs: ["lint"])])
        run.start()
        run.end("lint", .failure)
        #expect(run.leg("lint")?.outcome == .failure)
        #expect(run.result("lint") == .success)
        #expect(run.running == ["build"])
        run.end("build")
        #expect(run.state.conclusion == .success)
    }

    @Test func jobsWaitForAPlaceOfTheRunner() {
        var run = Scenario(["a": .init(), "b": .init(), "c": .init()], capacity: 1)
        run.start()
        #expect(run.running == ["a"])
        #expect(run.leg("b")?.phase == .queued)
        run.end("a")
        #expect(run.running == ["b"])
        run.feed(.capacityChanged(2))
        #expect(run.running == ["b", "c"])
    }

    @Test func cancellingLeavesWhatAsksToRunOnCancel() {
        var run = Scenario([
            "build": .init(), "test": .init(needs: ["build"]), "clean": .init(needs: ["build"], condition: "always"),
            "watch": .init(condition: "always"),
        ])
        run.start()
        run.cancel()
        #expect(run.leg("build")?.cancel == .soft)
        #expect(run.leg("watch")?.cancel == CancelLevel.none)
        run.end("build", .cancelled)
        #expect(run.result("test") == .skipped)
        #expect(Set(run.running) == ["clean", "watch"])
        run.cancel(.force)
        #expect(run.leg("clean")?.cancel == .force)
        run.end("clean", .cancelled)
        run.end("watch", .cancelled)
        #expect(run.state.conclusion == .cancelled)
    }

    @Test func aJobCancelledWhileItWaitsEndsWhenItsNeedsDo() {
        var run = Scenario([
            "a": .init(), "b": .init(needs: ["a"]), "c": .init(needs: ["b"], condition: "failure"),
        ])
        run.start()
        run.feed(.cancelRequested(.job(JobID("b")), .soft, Reason(.cancelled, "asked")))
        #expect(run.result("b") == nil)
        run.end("a", .failure)
        #expect(run.result("b") == .cancelled)
        #expect(run.running == ["c"])
    }

    @Test func aCallRunsItsJobsForEachLeg() {
        var run = Scenario([
            "deploy": .init(legs: 2, isCall: true), "deploy/plan": .init(),
            "deploy/apply": .init(needs: ["plan"]), "after": .init(needs: ["deploy"]),
        ])
        run.start()
        #expect(run.running == ["deploy#1/plan", "deploy#2/plan"])
        run.end("deploy#1/plan")
        #expect(run.running == ["deploy#2/plan", "deploy#1/apply"])
        run.end("deploy#1/apply")
        run.end("deploy#2/plan")
        run.end("deploy#2/apply")
        #expect(run.result("deploy") == .success)
        #expect(run.running == ["after"])
    }

    @Test func anUnavailableJobIsSaidSoAndTheOthersRun() {
        var run = Scenario(["mac": .init(isUnavailable: true), "linux": .init(), "both": .init(needs: ["mac"])])
        run.start()
        #expect(run.result("mac") == .skipped)
        #expect(run.state.job(JobID("mac"))?.reason?.kind == .unavailable)
        run.end("linux")
        #expect(run.state.conclusion == .success)
        #expect(run.state.hasUnavailable)
    }

    @Test func aJobWaitsForItsGroupAndGivesItBack() {
        var run = Scenario(["deploy": .init(group: "prod")])
        run.start()
        #expect(run.leg("deploy")?.phase == .grouping)
        #expect(run.running.isEmpty)
        run.feed(.groupGranted(JobID("deploy")))
        #expect(run.running == ["deploy"])
        run.end("deploy")
        let holder = GroupHolder(run: RunID(1), attempt: 1, job: JobID("deploy"))
        #expect(run.effects.last == .releaseGroup(holder, group: "prod"))
        // The run is over, but not done until the arbiter knows.
        #expect(run.state.phase == .finished)
        #expect(RunMachine.effects(of: run.state).count == 1)
        run.feed(.groupReleased(JobID("deploy")))
        #expect(RunMachine.effects(of: run.state).isEmpty)
    }

    @Test func aJobThatWouldWaitForItsOwnRunIsCancelledAndSaysWhy() {
        var run = Scenario(["deploy": .init(group: "Prod")], runGroup: GroupRequest(group: "prod"))
        run.start()
        run.feed(.groupGranted(nil))
        #expect(run.result("deploy") == .cancelled)
        #expect(run.leg("deploy")?.reason?.text.hasPrefix("MRT0606") == true)
    }

    @Test func aRunnerThatFallsSilentIsNotWaitedForForEver() {
        var run = Scenario(["hang": .init(timeoutMs: 60_000)])
        run.start()
        run.now = RunMachine.wakeUp(of: run.state) ?? 0
        run.feed(.timePassed)
        #expect(run.leg("hang")?.cancel == .force)
        run.now = RunMachine.wakeUp(of: run.state) ?? 0
        run.feed(.timePassed)
        #expect(run.state.phase == .finished)
        #expect(run.leg("hang")?.reason?.kind == .timeout)
        #expect(RunMachine.wakeUp(of: run.state) == nil)
    }

    @Test func wordOfAnotherAttemptIsPassedOver() {
        var run = Scenario(["a": .init()])
        run.start()
        run.feed(.jobFinished(JobID("a"), attempt: 2, JobOutcome(.failure)))
        #expect(run.running == ["a"])
        run.end("a")
        run.end("a", .failure)
        #expect(run.state.conclusion == .success)
    }

    @Test func aThousandSkippedJobsInAChainAreOneDecision() {
        let names = (0..<1_000).map { "j\($0)" }
        let jobs = names.enumerated().map { index, name in
            var job = PlannedJob(key: JobKey(name), work: .steps(PlannedSteps(runsOn: .null, steps: [])))
            if index > 0 { job.needs = [JobKey(names[index - 1])] }
            return job
        }
        let rules = Dictionary(uniqueKeysWithValues: names.map { ($0, Scenario.Rule()) })
        let plan = Plan(workflowPath: "ci.yml", workflowName: "ci", trigger: Trigger(event: "push"), jobs: jobs)
        let definition = RunDefinition(
            plan: plan, planDigest: "d", evaluator: Scenario.Answers(rules: rules, runGroup: nil))
        var state = RunMachine.initialState
        _ = RunMachine.step(.start(RunStart(run: RunID(1))), now: 0, definition: definition, state: &state)
        let end = RunInput.jobFinished(JobID("j0"), attempt: 1, JobOutcome(.failure))
        let decision = RunMachine.step(end, now: 0, definition: definition, state: &state)
        #expect(decision.events.count == 1_002)
        #expect(state.phase == .finished)
    }
}
