// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import EventJournal
internal import FileAccess
package import JobDispatch
package import PipelineModel
internal import RunEngine
package import RunnerProtocol
package import StructuredData
package import ThreadExecution
internal import Timekeeping

/// Drives all runs of a server: inputs to their machines, events to the journal, jobs to runners, outcomes back as inputs. One
/// thread; inputs that come while a batch is written are decided in the next, so that one commit serves many.
package actor RunCoordinator {
    /// What a coordinator needs of the rest of the server.
    package struct Surroundings: Sendable {
        package var store: RunStore
        package var feed: LiveFeed
        /// Milliseconds since the epoch.
        package var now: @Sendable () -> Int64
        /// How long a runner that says nothing keeps its jobs, in milliseconds.
        package var leaseMs = RunnerLimits.leaseMs
        /// Secrets of a job that is about to be given away, for its environment if it has one.
        package var secrets: @Sendable (RunRecord, JobID, String?) throws(DiagnosticError) -> JobSecrets
        /// Whether a job may go on to its environment; asked once each time that it comes there.
        package var enter: @Sendable (EnvironmentVisit) async -> EnvironmentAnswer
        /// Whether what is of a project is decided here; another server may do so.
        package var isHome: @Sendable (_ project: String) -> Bool = { _ in true }
        /// Whether another server decides about a project.
        package var isElsewhere: @Sendable (_ project: String) -> Bool = { _ in false }
        /// Tells runners that wait at other servers that there is something for them here; `nil`: there are no others.
        package var call: (@Sendable (_ runners: [String]) -> Void)?
        /// A run began, changed its state, or ended.
        package var changed: @Sendable (RunChange) -> Void
        package var jobEnded: @Sendable (JobChange) -> Void = { _ in }
        /// Something happened that is counted.
        package var noted: @Sendable (ServingNote) -> Void = { _ in }
        /// Something went wrong that nobody waits for.
        package var report: @Sendable (DiagnosticError) -> Void
        /// It cannot go on in this process.
        package var failed: @Sendable (DiagnosticError) -> Void = { _ in }

        package init(
            store: RunStore, feed: LiveFeed, now: @escaping @Sendable () -> Int64 = { Timestamp.now().milliseconds },
            secrets: @escaping @Sendable (RunRecord, JobID, String?) throws(DiagnosticError) -> JobSecrets = {
                (_, _, _) throws(DiagnosticError) in JobSecrets()
            },
            enter: @escaping @Sendable (EnvironmentVisit) async -> EnvironmentAnswer = { _ in .pass("") },
            changed: @escaping @Sendable (RunChange) -> Void = { _ in },
            report: @escaping @Sendable (DiagnosticError) -> Void = { _ in }
        ) {
            self.store = store
            self.feed = feed
            self.now = now
            self.secrets = secrets
            self.enter = enter
            self.changed = changed
            self.report = report
        }
    }

    struct Arrival {
        let run: RunID
        let input: RunInput
        /// Told once what came of it is on the disk.
        let done: CheckedContinuation<Void, any Error>?
    }

    /// A poll that waits for something to say.
    struct Waiter {
        let id: Int
        let request: PollRequest
        let deadline: Int64
        let continuation: CheckedContinuation<PollAnswer, Never>
    }

    let surroundings: Surroundings
    let intake: ProgressIntake
    private let thread = SerialThread(name: "runs")
    var runs: [RunID: ServedRun] = [:]
    var dispatch: DispatchTable
    /// By project: groups of different projects are different.
    private var arbiters: [String: GroupArbiter] = [:]
    var deployments = DeploymentBook()
    var jobTimes = JobTimes()
    private var arrivals: [Arrival] = []
    private var willDrain = false
    var waiters: [String: Waiter] = [:]
    /// Runners whose next poll is not to wait: another server has something for them.
    var roused: Set<String> = []
    var nextWaiter = 0
    /// Jobs that speak for themselves, and wait for something to hear.
    var attendants: [LeaseKey: Attendant] = [:]
    private(set) var now: Int64 = 0
    /// The journal is not this process's any more: nothing more is decided.
    private(set) var failure: DiagnosticError?
    private var unrecorded: RunBatch?
    /// Why a batch waits to be recorded; `nil`: none does.
    private(set) var stall: DiagnosticError?
    var isStopping = false
    /// Why no job is given away; `nil`: they are.
    var refusal: String?
    /// Runners for one job that have had it, and since when they have none.
    var spentRunners: [String: Int64] = [:]
    /// Runners that were heard of at the last look.
    var connectedRunners: Set<String> = []

    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    package init(_ surroundings: Surroundings) {
        self.surroundings = surroundings
        dispatch = DispatchTable(leaseMs: surroundings.leaseMs)
        intake = ProgressIntake(store: surroundings.store, feed: surroundings.feed, noted: surroundings.noted)
    }

    var store: RunStore { surroundings.store }

    // MARK: what is asked of it

    /// Makes a run, and returns once its beginning is on the disk.
    package func begin(_ record: RunRecord) async throws -> RunID {
        try checkHealthy()
        try checkHome(record)
        let run = try store.newRun()
        try record.save(in: store, run)
        let served = ServedRun(store: store, run: run, attempt: 1, record: record)
        runs[run] = served
        try await take(.start(RunStart(run: run, attempt: 1)), of: run)
        return run
    }

    /// Makes a run that waits for somebody to let it begin.
    package func hold(_ record: RunRecord, _ reason: String) throws(DiagnosticError) -> RunID {
        try checkHealthy()
        try checkHome(record)
        let run = try store.newRun()
        // First: a record without it would begin at the next start.
        try HeldRun.save(reason, store, run)
        try record.save(in: store, run)
        let served = ServedRun(store: store, run: run, attempt: 1, record: record)
        changed(served, .held(reason))
        return run
    }

    /// Lets a held run begin, or ends it without a step.
    ///
    /// - Returns: `false` where it is not held.
    package func release(_ run: RunID, isApproved: Bool, reason: String) async throws -> Bool {
        try checkHealthy()
        guard runs[run] == nil, try isHeld(run) else { return false }
        let record = try RunRecord.load(from: store, run)
        try checkHome(record)
        // First: one that is here and cannot be rejected would be neither held nor begun.
        if isApproved { HeldRun.allow(store, run) } else { try HeldRun.reject(store, run) }
        runs[run] = ServedRun(store: store, run: run, attempt: 1, record: record)
        let start = RunInput.start(RunStart(run: run, attempt: 1))
        if isApproved {
            try await take(start, of: run)
        } else {
            // Both in one turn, and so in one transaction: nobody ever sees it begun and not yet cancelled.
            give(start, to: run)
            try await take(.cancelRequested(.run, .force, Reason(.cancelled, reason)), of: run)
        }
        HeldRun.forget(store, run)
        return true
    }

    /// Whether a run waits for somebody to let it begin.
    func isHeld(_ run: RunID) throws(DiagnosticError) -> Bool {
        guard try HeldRun.load(store, run) != nil else { return false }
        let stream = RunStore.stream(run, attempt: 1)
        let summary = try store.journaled { (journal) throws(JournalError) in try journal.summary(of: stream) }
        guard summary?.version ?? 0 > 0 else { return true }
        // The server ended between its beginning and this.
        HeldRun.forget(store, run)
        return false
    }

    /// - Returns: `false` where the run is not under way.
    package func cancel(_ run: RunID, isForced: Bool, reason: String) async throws -> Bool {
        guard let served = runs[run], !served.isOver else {
            // One that waits to be let begin never does.
            return try await release(run, isApproved: false, reason: reason)
        }
        try await take(.cancelRequested(.run, isForced ? .force : .soft, Reason(.cancelled, reason)), of: run)
        return true
    }

    /// Ends everything of a project, at once.
    package func cancelAll(of project: String, _ text: String) {
        for (run, served) in runs where served.project == project && !served.isOver {
            give(.cancelRequested(.run, .force, Reason(.cancelled, text)), to: run)
        }
    }

    /// Ends what began while its project was being removed, or was not ended then.
    package func cancelStrays(of projects: Set<String>) {
        for (run, served) in runs
        where !served.isStray && !served.isOver && !served.project.isEmpty && !projects.contains(served.project) {
            served.isStray = true
            give(.cancelRequested(.run, .force, Reason(.cancelled, "Its project was removed.")), to: run)
        }
    }

    /// Runs that are under way.
    package var active: [RunID] { runs.keys.sorted() }

    /// Forgets what is known of a project that another server is to have.
    ///
    /// - Returns: `false` where a run of it is under way: then nothing is forgotten.
    package func letGo(of project: String) -> Bool {
        guard !runs.values.contains(where: { $0.project == project }) else { return false }
        arbiters[project] = nil
        deployments.forget(project)
        return true
    }

    package func isActive(_ run: RunID) -> Bool { runs[run].map { !$0.isOver } ?? false }

    /// Whether it takes work.
    package var isHealthy: Bool { isRecording && !isStopping }

    func checkHealthy() throws(DiagnosticError) {
        if let cannot = failure ?? stall { throw cannot }
        if isStopping {
            throw DiagnosticError(
                .serverStopping, "The server is about to stop.", remedy: "Try again in a few seconds.")
        }
    }

    /// - Throws: ``DiagnosticCode/homeAway``
    func checkHome(_ record: RunRecord) throws(DiagnosticError) {
        guard let project = record.project, !surroundings.isHome(project) else { return }
        throw DiagnosticError(
            .homeAway, "Another server does what is of this project now.", remedy: "Try again.")
    }

    /// Gives a run an input, and returns once what came of it is on the disk.
    func take(_ input: RunInput, of run: RunID) async throws {
        if let cannot = failure ?? stall { throw cannot }
        try await withCheckedThrowingContinuation { done in
            arrive(Arrival(run: run, input: input, done: done))
        }
    }

    /// Gives a run an input that nobody waits for.
    func give(_ input: RunInput, to run: RunID) { arrive(Arrival(run: run, input: input, done: nil)) }

    private func arrive(_ arrival: Arrival) {
        arrivals.append(arrival)
        guard !willDrain else { return }
        willDrain = true
        // A hop: what others have asked for meanwhile is in the same batch.
        Task { self.drain() }
    }

    // MARK: deciding

    private func drain() {
        willDrain = false
        // What could not be recorded comes first.
        if let batch = unrecorded { settle(batch) }
        while isRecording, !arrivals.isEmpty {
            let inputs = arrivals
            arrivals.removeAll(keepingCapacity: true)
            settle(decide(inputs))
        }
        if let failure {
            for arrival in arrivals { arrival.done?.resume(throwing: failure) }
            arrivals = []
        }
        serveWaiters()
    }

    private var isRecording: Bool { failure == nil && unrecorded == nil }

    private func decide(_ inputs: [Arrival]) -> RunBatch {
        now = max(now, surroundings.now())
        var batch = RunBatch()
        var later: [Arrival] = []
        for arrival in inputs {
            // All of a run's inputs, or none: what belongs together is recorded together.
            guard !batch.isFull || batch.runs.contains(arrival.run) else {
                later.append(arrival)
                continue
            }
            batch.take(arrival)
            guard let run = runs[arrival.run] else { continue }
            let decision = run.machine.decide(arrival.input, now: now)
            batch.note(decision.effects, of: run)
            if !decision.events.isEmpty {
                batch.note(decision.events, run.machine.append(decision.events), of: run)
            }
        }
        arrivals = later + arrivals
        return batch
    }

    /// Records a batch, and does what follows. What cannot be recorded now, for the disk is full or slow, is recorded at a
    /// later beat, and nothing more is decided before it: the machines are ahead of the journal, and wait for it.
    private func settle(_ decided: RunBatch) {
        var batch = decided
        do throws(DiagnosticError) {
            try record(&batch)
        } catch {
            if stall == nil { surroundings.report(error) }
            for arrival in batch.arrivals { arrival.done?.resume(throwing: error) }
            batch.arrivals = batch.arrivals.map { Arrival(run: $0.run, input: $0.input, done: nil) }
            if error.diagnostic.code.isPassingForJournal {
                (unrecorded, stall) = (batch, error)
            } else {
                // Somebody else writes what this process does: it is not the one any more.
                (unrecorded, failure) = (nil, error)
                surroundings.failed(error)
            }
            return
        }
        (unrecorded, stall) = (nil, nil)
        for (run, fault) in batch.faults { retreat(run, fault) }
        for arrival in batch.arrivals { arrival.done?.resume() }
        for (run, events) in batch.events { for event in events { tell(event, of: run, at: now) } }
        for (run, effect) in batch.effects { perform(effect, of: run) }
        for run in Set(batch.arrivals.map(\.run)) { settle(run) }
    }

    // MARK: doing

    func perform(_ effect: RunEffect, of run: ServedRun) {
        switch effect {
        case .startJob(let job, let number): start(job, number, of: run)
        case .cancelJob(let job, let number, let level, let reason): cancel(job, number, level, reason, of: run)
        case .acquireGroup(let holder, let request, let isHeld):
            answer(arbiters[run.project, default: GroupArbiter()].acquire(holder, request, isHeld: isHeld))
        case .releaseGroup(let holder, let group):
            answer(arbiters[run.project, default: GroupArbiter()].release(holder, group: group))
            give(.groupReleased(holder.job), to: run.run)
        }
    }

    private func answer(_ answers: [GroupArbiter.Answer]) {
        for answer in answers {
            let holder = answer.holder
            switch answer.verdict {
            case .granted: give(.groupGranted(holder.job), to: holder.run)
            case .superseded(let newer): give(.groupSuperseded(holder.job, by: "run \(newer)"), to: holder.run)
            case .refused(let reason): give(.groupRefused(holder.job, reason), to: holder.run)
            }
        }
    }

    private func start(_ job: JobID, _ number: Int, of run: ServedRun) {
        // Asked again: it is on its way.
        guard run.jobs[job]?.number != number else { return }
        run.jobs[job] = ServedRun.Job(number: number)
        admit(job, number, of: run)
    }

    func demand(_ job: JobID, _ number: Int, of run: ServedRun) -> JobDemand {
        let isGoingOn = number == 1 && run.point?.job == job
        return JobDemand(
            run.work(job, number), labels: run.labels(of: job), group: run.record.runnerGroup, project: run.project,
            // Of a process that has only just begun nothing was decided yet.
            queuedAt: max(now, surroundings.now()),
            runner: isGoingOn ? run.point?.runner : nil, expectedMs: jobTimes.expected(at: run.place(of: job)))
    }

    private func cancel(_ job: JobID, _ number: Int, _ level: CancelLevel, _ reason: Reason, of run: ServedRun) {
        guard run.jobs[job]?.number == number else { return }
        let work = run.work(job, number)
        if dispatch.withdraw(work) || run.jobs[job]?.gate != nil {
            // It was nobody's yet.
            give(.jobFinished(job, attempt: number, JobOutcome(.cancelled, reason: reason)), to: run.run)
        } else if let lease = dispatch.leases[work] {
            run.jobs[job]?.cancellation = LeaseCancellation(
                lease: lease.key, isForced: level == .force, reason: reason.text)
            run.jobs[job]?.cancellationToldAt = 0
            if waiters[lease.runner] == nil { surroundings.call?([lease.runner]) }
        }
    }

    /// The job's end is recorded: whoever has it has it no more.
    func forget(_ job: JobID, of run: ServedRun) {
        guard let known = run.jobs.removeValue(forKey: job) else { return }
        let work = run.work(job, known.number)
        dispatch.withdraw(work)
        if let lease = dispatch.release(work) { intake.close(lease.key) }
    }

    private func settle(_ run: RunID) {
        guard let served = runs[run], served.isSettled else { return }
        runs[run] = nil
        surroundings.feed.close(run)
    }

    // MARK: time

    /// To be called about once a second: deadlines of machines, leases whose runners are silent, polls that waited long enough.
    package func tick() {
        now = max(now, surroundings.now())
        if unrecorded != nil { drain() }
        // What is decided now would only be piled up behind it.
        guard unrecorded == nil else { return serveWaiters() }
        for run in runs.values {
            if let time = RunMachine.wakeUp(of: run.machine.state), time <= now { give(.timePassed, to: run.run) }
        }
        for lease in dispatch.overdue(at: now) {
            let name = runnerName(lease.runner)
            let who = lease.isElsewhere ? "Its pod in the cluster of the runner" : "Its runner"
            lose(lease, "\(who) '\(name)' was not heard of for \(dispatch.leaseMs / 1000) s.")
        }
        endOverdueJobs()
        lookForLostRunners()
        serveWaiters()
    }

    /// Why a job waits for a runner; `nil` where it does not.
    package func waitingReason(of job: JobID, in run: RunID) -> Reason? {
        guard let served = runs[run], let known = served.jobs[job] else { return nil }
        if let gate = known.gate { return Reason(.approval, gate) }
        return waitingReason(of: served.work(job, known.number), at: max(now, surroundings.now())) ?? known.waitReason
    }

    private func waitingReason(of work: JobTry, at now: Int64) -> Reason? {
        guard let reason = dispatch.waitingReason(of: work, at: now) else { return nil }
        return refusal.map { Reason(.capacity, $0) } ?? reason
    }

    /// Why each job of a run that waits for a runner does so.
    package func waitingReasons(in run: RunID) -> [JobID: Reason] {
        guard let served = runs[run] else { return [:] }
        let now = max(now, surroundings.now())
        var reasons: [JobID: Reason] = [:]
        for (job, known) in served.jobs {
            reasons[job] =
                known.gate.map { Reason(.approval, $0) }
                ?? waitingReason(of: served.work(job, known.number), at: now) ?? known.waitReason
        }
        return reasons
    }

    /// Nothing more is given away, and polls are answered at once.
    package func stop() {
        isStopping = true
        for (runner, waiter) in waiters {
            waiters[runner] = nil
            waiter.continuation.resume(returning: PollAnswer(leaseMs: dispatch.leaseMs))
        }
        serveAttendants()
    }
}
