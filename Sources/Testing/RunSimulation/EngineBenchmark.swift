// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import RunEngine
internal import StructuredData

/// How long the machines take for a large run: decide, encode, and fold again.
package struct EngineBenchmark: Sendable {
    package var jobs: Int
    package var steps: Int
    package private(set) var inputs = 0
    package private(set) var events = 0
    package private(set) var bytes = 0
    package private(set) var decideMicroseconds = 0.0
    package private(set) var encodeMicroseconds = 0.0
    /// Of all streams, from events in memory.
    package private(set) var foldMilliseconds = 0.0

    /// A run of `jobs` jobs, each with `steps` steps, in which everything succeeds.
    package init(jobs: Int, steps: Int) {
        self.jobs = jobs
        self.steps = steps
    }

    package mutating func run() {
        let definition = RunDefinition(
            plan: Self.plan(jobs: jobs), planDigest: "bench", evaluator: SteadyEvaluator(),
            settings: RunSettings(capacity: 64))
        var log: [RunEvent] = []
        var jobLogs: [[JobEvent]] = []
        var state = RunMachine.initialState
        var ready: [JobID] = []
        var decision = step(RunMachine.self, .start(RunStart(run: RunID(1))), definition, &state)
        while true {
            for case .startJob(let job, _) in decision.effects { ready.append(job) }
            log += decision.events
            guard !ready.isEmpty else { break }
            let job = ready.removeFirst()
            jobLogs.append(runJob(job))
            decision = step(RunMachine.self, .jobFinished(job, attempt: 1, JobOutcome(.success)), definition, &state)
        }
        let started = ContinuousClock.now
        _ = RunMachine.replay(log)
        for events in jobLogs { _ = JobMachine.replay(events) }
        foldMilliseconds = (ContinuousClock.now - started) / .milliseconds(1)
    }

    private mutating func runJob(_ job: JobID) -> [JobEvent] {
        let definition = JobDefinition(
            job: job, planDigest: "bench", steps: (0..<steps).map { StepListing(id: "step\($0)") })
        var state = JobMachine.initialState
        var log = step(JobMachine.self, .start, definition, &state).events
        log += step(JobMachine.self, .prepared(failure: nil), definition, &state).events
        for number in 1...steps {
            let attempt = StepAttempt(step: StepPath(number))
            log += step(JobMachine.self, .reported(attempt, .started(deadline: nil)), definition, &state).events
            let result = StepResult(outcome: .success, exitCode: 0)
            log += step(JobMachine.self, .reported(attempt, .finished(result)), definition, &state).events
        }
        return log + step(JobMachine.self, .closed(JobClosure()), definition, &state).events
    }

    private mutating func step<M: Machine>(
        _ machine: M.Type, _ input: M.Input, _ definition: M.Definition, _ state: inout M.State
    ) -> Decision<M> {
        let started = ContinuousClock.now
        let decision = machine.step(input, now: 1, definition: definition, state: &state)
        let decided = ContinuousClock.now
        var bytes: [UInt8] = []
        for event in decision.events { event.payload.appendJSON(to: &bytes) }
        let encoded = ContinuousClock.now
        inputs += 1
        events += decision.events.count
        self.bytes += bytes.count
        decideMicroseconds += (decided - started) / .microseconds(1)
        encodeMicroseconds += (encoded - decided) / .microseconds(1)
        return decision
    }

    /// Layers of ten, each job needing two of the layer before.
    private static func plan(jobs count: Int) -> Plan {
        let jobs = (0..<count).map { index in
            var job = PlannedJob(key: JobKey("job\(index)"), work: .steps(PlannedSteps(runsOn: .null, steps: [])))
            if index >= 10 { job.needs = [JobKey("job\(index - 10)"), JobKey("job\(index / 10 * 10 - 10)")] }
            return job
        }
        return Plan(workflowPath: "bench.yml", workflowName: "bench", trigger: Trigger(event: "push"), jobs: jobs)
    }
}

private struct SteadyEvaluator: RunEvaluator {
    func runConcurrency() -> GroupVerdict { .none }
    func evaluate(_ question: JobQuestion) -> JobVerdict { .run(JobExpansion(legs: [JobLeg(name: question.key.text)])) }
    func callOutputs(_ question: CallQuestion) -> CallOutputs { .outputs(names: [], digest: nil) }
}
