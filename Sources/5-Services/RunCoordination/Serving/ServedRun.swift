// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import EventJournal
internal import FileAccess
internal import JobDispatch
internal import PipelineModel
internal import RunEngine
internal import RunnerProtocol
internal import StructuredData
internal import WorkflowPlanning

/// One run attempt on a server: its machine, its values, and where each of its jobs is.
final class ServedRun {
    /// A job that the run machine has started, until its outcome is recorded.
    struct Job {
        var number: Int
        /// The stream of its machine: how many events the journal has.
        var events = 0
        /// Outcome lines that were kept.
        var outcomes = 0
        /// A step of it has begun: it cannot be given to another.
        var hasBegun = false
        /// The environment that it is for.
        var environment: String?
        /// What it waits for before its environment; `nil`: nothing.
        var gate: String?
        /// What it waits for where its runner carries it out, by the runner's word; `nil`: nothing.
        var wait: String?
        /// How often that was recorded.
        var waitCount = 0
        var cancellation: LeaseCancellation?
        /// It asks for itself what it has to hear.
        var isAttended = false
        /// When it was last told to the runner.
        var cancellationToldAt: Int64 = 0
        var startedAt: [StepAttempt: Int64] = [:]

        /// Of a job whose steps go on it says nothing.
        var waitReason: Reason? { hasBegun ? nil : wait.map { Reason(.capacity, $0) } }
    }

    let run: RunID
    let attempt: Int
    let record: RunRecord
    let evaluator: PlanEvaluator
    let store: RunStore
    private let values: ValuesRecord
    private var unwritten: [DataValue] = []
    /// Of outputs that were kept since values were last written.
    private var unwrittenBytes: UInt64 = 0
    var machine: MachineStream<RunMachine>
    var jobs: [JobID: Job] = [:]
    var times = RunTimes()
    /// Events of its dispatch stream.
    var dispatchVersion = 0
    var point: ServedPoint?
    /// It was taken back once to what is recorded of it, to be ended.
    var hasRetreated = false
    /// Its project is no more, and it was told so.
    var isStray = false

    /// Milliseconds that a job may take besides its own timeout: before its environment and in the queue. Each has a
    /// limit of its own; this is past both.
    private static let waitMs: Int64 = 32 * 24 * 3_600_000

    init(store: RunStore, run: RunID, attempt: Int, record: RunRecord) {
        self.run = run
        self.attempt = attempt
        self.record = record
        self.store = store
        values = ValuesRecord(store: store, run: run, attempt: attempt)
        let github = GitHubContext(
            repository: record.repository, plan: record.plan, payload: record.payload, run: run, attempt: attempt
        ).object
        evaluator = PlanEvaluator(
            PlanEvaluator.Facts(
                plan: record.plan, github: github, vars: record.vars, runners: .any,
                selectedMatrix: record.selectedMatrix))
        machine = MachineStream(
            RunStore.stream(run, attempt: attempt),
            definition: RunDefinition(
                plan: record.plan, planDigest: ContentDigest.of(record.plan.data), evaluator: evaluator,
                settings: RunSettings(queueMs: Self.waitMs)))
    }

    var project: String { record.project ?? "" }

    func place(of job: JobID) -> JobTimes.Place {
        JobTimes.Place(project: project, workflow: record.plan.workflowPath, job: job.text)
    }

    var isOver: Bool { machine.state.phase == .finished }

    /// Nothing is left to be done about it.
    var isSettled: Bool { isOver && RunMachine.effects(of: machine.state).isEmpty }

    /// What events name by digest is there before they are.
    func writeValues() throws(DiagnosticError) {
        unwritten += evaluator.takeUnwritten()
        try values.append(unwritten)
        unwritten = []
        unwrittenBytes = 0
    }

    /// Of outputs and other values of a run's jobs.
    private static let valueBytes: UInt64 = 256 << 20
    /// Of one job's outputs.
    private static let outputBytes: UInt64 = 32 << 20

    /// Keeps what a job handed on.
    ///
    /// - Returns: `false` where the run has no room for it.
    func keep(outputs: DataObject, of job: JobID) -> Bool {
        let size = UInt64(DataValue.object(outputs).jsonText().utf8.count)
        guard size <= Self.outputBytes, values.sizeBytes + unwrittenBytes + size <= Self.valueBytes else {
            return false
        }
        unwrittenBytes += size
        evaluator.keep(outputs: outputs, of: job)
        return true
    }

    /// Folds what the journal has of it.
    func restore(_ recorded: [RecordedEvent]) throws(DiagnosticError) {
        point = try ServedPoint.load(store, run, attempt: attempt)
        evaluator.restore(try values.load())
        for (event, time) in try machine.replay(recorded) { times.note(event, at: time) }
    }

    func work(_ job: JobID, _ number: Int) -> JobTry { JobTry(run: run, attempt: attempt, job: job, number: number) }

    /// As people see it.
    func name(of job: JobID) -> String { machine.state.leg(job)?.settings.name ?? job.text }

    private func needs(of leg: JobID) -> [NeedResult] {
        guard let planned = record.plan.jobs.first(where: { $0.key == leg.key }) else { return [] }
        let prefix = leg.parent.map { $0.text + "/" } ?? ""
        return planned.needs.compactMap { key in
            let id = JobID(prefix + key.localID)
            guard let job = machine.state.job(id), let result = job.result else { return nil }
            return NeedResult(key: key, job: id, result: result, reason: job.reason)
        }
    }

    /// The labels that a job asks for.
    func labels(of job: JobID) -> [String] {
        guard case .steps(let steps)? = record.plan.jobs.first(where: { $0.key == job.key })?.work else { return [] }
        // What could not be evaluated was refused when the leg was planned.
        return evaluator.labels(of: job, steps.runsOn, needs: needs(of: job))
    }

    func environment(of job: JobID) -> String? {
        guard case .steps(let steps)? = record.plan.jobs.first(where: { $0.key == job.key })?.work else { return nil }
        return evaluator.environment(of: job, steps.environment, needs: needs(of: job))
    }

    /// What a runner is given.
    func content(of job: JobID, secrets: JobSecrets) -> JobContent? {
        guard let leg = machine.state.leg(job) else { return nil }
        let needs = needs(of: job)
        var part = record
        part.plan = record.plan.part(of: job)
        for (name, value) in secrets.variables { part.vars[name] = .string(value) }
        let point = point.flatMap { $0.job == job ? JobContent.Point(attempt: $0.attempt, step: $0.step) : nil }
        return JobContent(
            record: part, planDigest: machine.definition.planDigest, leg: leg.settings, needs: needs,
            values: evaluator.values(for: job, needs: needs), secrets: secrets.secrets, token: secrets.token,
            isDebug: secrets.isDebug, point: point)
    }
}
