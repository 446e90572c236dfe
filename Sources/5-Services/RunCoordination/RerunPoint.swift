// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import EventJournal
internal import FileAccess
internal import PipelineModel
internal import RunEngine
internal import StepExecution
internal import StructuredData

/// Where a new attempt goes on in the middle of a job: what an earlier attempt's first steps left.
struct RerunPoint {
    let job: JobID
    /// Of the run: the one whose steps stand.
    let attempt: Int
    /// How many of the job's steps stand.
    let count: Int
    let takeover: JobTakeover
    let frames: [RecordFrame]
    /// `nil`: the workspace is the user's own tree, as it is.
    let snapshot: String?

    /// A job and a step as a user names them: `test/4`, `deploy/migrate/Run make`. Both may hold slashes.
    ///
    /// - Throws: where no beginning of the text is a job of the run.
    static func split(
        _ text: String, _ run: RunID, isJob: (JobID) -> Bool
    ) throws(DiagnosticError) -> (job: JobID, step: String) {
        var slash = text.endIndex
        while let next = text[..<slash].lastIndex(of: "/") {
            slash = next
            let job = JobID(String(text[..<slash]))
            let step = String(text[text.index(after: slash)...])
            if !step.isEmpty, isJob(job) { return (job, step) }
        }
        throw DiagnosticError(
            .rerunStepUnknown, "'\(text)' begins with no job of run \(run).",
            remedy: "Write it as job/step; `martlet why \(run)` shows both.")
    }

    /// - Parameter step: its number, its id or its name; among the job's own steps.
    init(_ ground: JobGround, job: JobID, attempt: Int, step: String) throws(DiagnosticError) {
        let stream = RunStore.stream(ground.run, attempt: attempt, job: job, jobAttempt: 1)
        let recorded = try ground.store.journaled { (journal) throws(JournalError) in try journal.events(of: stream) }
        var machine = MachineStream<JobMachine>(
            stream, definition: JobDefinition(job: job, planDigest: "", steps: []))
        let events = try machine.replay(recorded).map(\.event)
        let number = try Self.number(of: step, machine.state, ground, job, attempt)
        try self.init(ground, job: job, attempt: attempt, count: number - 1, machine.state, events)
    }

    private init(
        _ ground: JobGround, job: JobID, attempt: Int, count: Int, _ state: JobState, _ events: [JobEvent]
    ) throws(DiagnosticError) {
        self.job = job
        self.attempt = attempt
        self.count = count
        let results = (1...max(1, count)).prefix(count).compactMap { state.step(StepPath($0))?.result }
        guard results.count == count else {
            throw DiagnosticError(
                .snapshotMissing, "The job '\(job)' did not come that far in attempt \(attempt).",
                remedy: "Name a step that was begun: martlet why \(ground.run)")
        }
        var posts: [String] = []
        for case .postStepAdded(let added) in events where added.attempt.step.indexes[0] <= count {
            posts.append(added.id)
        }
        takeover = JobTakeover(attempt: attempt, results: results, postSteps: posts)
        var identity = ground.identity(of: job)
        identity.attempt = attempt
        frames = try SealedRecord(
            path: ground.store.jobFolder(ground.run, attempt, job) + "/record", key: ground.store.key,
            job: identity.text
        ).frames()
        snapshot = ground.record.isBound ? nil : frames.snapshot(after: count)
        guard snapshot != nil || ground.record.isBound || count == 0 else { throw WorkspaceSnapshots.missing() }
    }

    private static func number(
        of step: String, _ state: JobState, _ ground: JobGround, _ job: JobID, _ attempt: Int
    ) throws(DiagnosticError) -> Int {
        guard let planned = ground.record.plan.jobs.first(where: { $0.key == job.key }),
            case .steps(let steps) = planned.work
        else { throw unknown(step, job, ground.run) }
        var titles = StepTitles.of(steps.steps)
        StepNames(ground.store, ground.run, attempt: attempt, job).apply(to: &titles)
        let numbers = Array(1...max(1, steps.steps.count))
        if let number = Int(step), numbers.contains(number), !steps.steps.isEmpty { return number }
        if let number = numbers.first(where: { state.step(StepPath($0))?.id == step }) { return number }
        if let number = numbers.first(where: { titles[StepPath($0)] == step }) { return number }
        throw unknown(step, job, ground.run)
    }

    private static func unknown(_ step: String, _ job: JobID, _ run: RunID) -> DiagnosticError {
        DiagnosticError(
            .rerunStepUnknown, "The job '\(job)' has no step '\(step)' of its own.",
            remedy: "Name it by its number, its id or its name, as `martlet why \(run)` shows them.")
    }

    // MARK: at rest

    private static let sizeLimitBytes = 1 << 16

    private static func path(_ store: RunStore, _ run: RunID, _ attempt: Int) -> String {
        "\(store.folder(of: run))/rerun-\(attempt)"
    }

    /// Kept for the process that goes on with the new attempt after a crash.
    func save(_ ground: JobGround) throws(DiagnosticError) {
        let data: DataValue = [
            "job": .string(job.text), "attempt": .number(Double(attempt)), "step": .string("\(count + 1)"),
        ]
        try Files.replace(
            Self.path(ground.store, ground.run, ground.attempt), with: data.jsonText().utf8, mode: 0o600)
    }

    /// `nil` where the session's attempt begins its jobs with their first steps.
    static func load(_ ground: JobGround) throws(DiagnosticError) -> RerunPoint? {
        let path = path(ground.store, ground.run, ground.attempt)
        guard ground.attempt > 1, let bytes = try Files.readIfPresent(path, limit: sizeLimitBytes),
            let data = try? DataValue(json: bytes), let job = data["job"]?.string, let attempt = data["attempt"]?.int,
            let step = data["step"]?.string
        else { return nil }
        return try RerunPoint(ground, job: JobID(job), attempt: attempt, step: step)
    }
}
