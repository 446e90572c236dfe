// SPDX-License-Identifier: Apache-2.0

import PipelineModel
import RunEngine

/// A run driven by hand: a plan of few words, answers from a table.
struct Scenario {
    struct Rule: Sendable {
        var needs: [String] = []
        /// `always`, `success`, `failure` or `cancelled`.
        var condition = "success"
        var legs = 0
        var failFast = true
        var maxParallel = 0
        var continueOnError = false
        var group: String?
        var isCall = false
        var isUnavailable = false
        var timeoutMs: Int64?
    }

    struct Answers: RunEvaluator {
        var rules: [String: Rule]
        var runGroup: GroupRequest?

        func runConcurrency() -> GroupVerdict { runGroup.map { .group($0) } ?? .none }

        func evaluate(_ question: JobQuestion) -> JobVerdict {
            guard let rule = rules[question.key.text] else { return .invalid(Reason(.invalid, "no rule")) }
            let status = question.status
            let holds =
                switch rule.condition {
                case "always": true
                case "failure": status.contains(.failed) && !status.contains(.runCancelled)
                case "cancelled": status.contains(.runCancelled)
                default: status.isSuccess
                }
            guard holds else { return .skip(Reason(.condition, "\(rule.condition)() is false")) }
            let legs = (1...max(1, rule.legs)).map { number in
                var leg = JobLeg(name: "\(question.key) \(number)", matrixDigest: rule.legs > 0 ? "\(number)" : nil)
                leg.continueOnError = rule.continueOnError
                leg.concurrency = rule.group.map { GroupRequest(group: $0) }
                if let timeoutMs = rule.timeoutMs { leg.timeoutMs = timeoutMs }
                return leg
            }
            return .run(
                JobExpansion(
                    legs: legs, isMatrix: rule.legs > 0, failFast: rule.failFast, maxParallel: rule.maxParallel))
        }

        func callOutputs(_ question: CallQuestion) -> CallOutputs { .outputs(names: [], digest: nil) }
    }

    let definition: RunDefinition
    var state = RunMachine.initialState
    var events: [RunEvent] = []
    var effects: [RunEffect] = []
    var now: Int64 = 1_000_000

    /// - Parameter rules: in the order of the file; an inner job's name is `caller/inner`.
    init(_ rules: KeyValuePairs<String, Rule>, runGroup: GroupRequest? = nil, capacity: Int = .max) {
        let jobs = rules.map { name, rule in
            let work: PlannedWork =
                rule.isCall
                ? .call(PlannedCall(reference: "./called.yml")) : .steps(PlannedSteps(runsOn: .null, steps: []))
            var job = PlannedJob(key: JobKey(name), work: work)
            let prefix = JobKey(name).caller.map { "\($0)/" } ?? ""
            job.needs = rule.needs.map { JobKey(prefix + $0) }
            if rule.isUnavailable {
                job.isIncluded = false
                job.reason = Reason(.unavailable, "No runner here has the label.")
            }
            return job
        }
        let plan = Plan(workflowPath: "ci.yml", workflowName: "ci", trigger: Trigger(event: "push"), jobs: jobs)
        let table = Dictionary(uniqueKeysWithValues: rules.map { ($0.key, $0.value) })
        definition = RunDefinition(
            plan: plan, planDigest: "digest", evaluator: Answers(rules: table, runGroup: runGroup),
            settings: RunSettings(capacity: capacity))
    }

    mutating func feed(_ input: RunInput) {
        let decision = RunMachine.step(input, now: now, definition: definition, state: &state)
        events += decision.events
        effects += decision.effects
    }

    mutating func start(_ takeover: RunTakeover? = nil, attempt: Int = 1) {
        state = RunMachine.initialState
        events = []
        feed(.start(RunStart(run: RunID(1), attempt: attempt, takeover: takeover)))
    }

    mutating func end(_ job: String, _ conclusion: Conclusion = .success) {
        feed(.jobFinished(JobID(job), attempt: state.leg(JobID(job))?.attempt ?? 1, JobOutcome(conclusion)))
    }

    mutating func cancel(_ level: CancelLevel = .soft) {
        feed(.cancelRequested(.run, level, Reason(.cancelled, "asked")))
    }

    var running: [String] { state.legs.filter { $0.phase == .running && $0.innerScope == nil }.map(\.id.text) }
    func result(_ job: String) -> Conclusion? { state.job(JobID(job))?.result }
    func leg(_ id: String) -> RunLeg? { state.leg(JobID(id)) }
}

/// A job driven by hand.
struct JobScenario {
    let definition: JobDefinition
    var state = JobMachine.initialState
    var events: [JobEvent] = []
    var effects: [JobEffect] = []
    var now: Int64 = 1_000_000

    init(
        _ steps: [StepListing], timeoutMs: Int64 = 600_000, retries: Int = 0, backgroundLimit: Int = 10,
        prepareFailure: Reason? = nil, takeover: JobTakeover? = nil
    ) {
        var definition = JobDefinition(job: JobID("build"), planDigest: "digest", steps: steps)
        definition.timeoutMs = timeoutMs
        definition.stepRetry = RetryPolicy(interruptedRetries: retries)
        definition.backgroundLimit = backgroundLimit
        definition.takeover = takeover
        self.definition = definition
        feed(.start)
        feed(.prepared(failure: prepareFailure))
    }

    mutating func feed(_ input: JobInput) {
        let decision = JobMachine.step(input, now: now, definition: definition, state: &state)
        events += decision.events
        effects += decision.effects
    }

    mutating func report(_ attempt: String, _ report: StepReport) {
        if let attempt = StepAttempt(attempt) { feed(.reported(attempt, report)) }
    }

    mutating func finish(_ attempt: String, _ outcome: Conclusion = .success, conclusion: Conclusion? = nil) {
        report(attempt, .finished(StepResult(outcome: outcome, conclusion: conclusion)))
    }

    mutating func passTime() {
        now = JobMachine.wakeUp(of: state) ?? now
        feed(.timePassed)
    }

    /// Step attempts that were asked to start, in order.
    var started: [String] {
        effects.compactMap { if case .startStep(let attempt, _) = $0 { attempt.description } else { nil } }
    }

    func flags(_ attempt: String) -> StatusFlags? {
        for case .startStep(let other, let flags) in effects where other.description == attempt { return flags }
        return nil
    }

    var cancelled: [String] {
        effects.compactMap { effect in
            if case .cancelStep(let attempt, let how) = effect { "\(attempt) \(how.mode)" } else { nil }
        }
    }

    func step(_ step: String) -> StepState? { StepPath(step).flatMap { state.step($0) } }
    var conclusion: Conclusion? { state.conclusion }
}
