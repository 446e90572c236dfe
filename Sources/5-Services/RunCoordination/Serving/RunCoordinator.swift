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
        /// A run began, changed its state, or ended.
        package var changed: @Sendable (RunChange) -> Void
        package var jobEnded: @Sendable (JobChange) -> Void = { _ in }
        /// Something happened that is counted.
        package var noted: @Sendable (ServingNote) -> Void = { _ in }
        /// Something went wrong that nobody waits for.
        package var report: @Sendable (DiagnosticError) -> Void

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

    private struct Arrival {
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
    private var arrivals: [Arrival] = []
    private var willDrain = false
    var waiters: [String: Waiter] = [:]
    var nextWaiter = 0
    private(set) var now: Int64 = 0
    /// The journal cannot be written: nothing more is decided until the server has been restarted.
    private(set) var failure: DiagnosticError?
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
        guard runs[run] == nil, try HeldRun.load(store, run) != nil else { return false }
        let record = try RunRecord.load(from: store, run)
        runs[run] = ServedRun(store: store, run: run, attempt: 1, record: record)
        try await take(.start(RunStart(run: run, attempt: 1)), of: run)
        HeldRun.forget(store, run)
        guard !isApproved else { return true }
        try await take(.cancelRequested(.run, .force, Reason(.cancelled, reason)), of: run)
        return true
    }

    /// - Returns: `false` where the run is not under way.
    package func cancel(_ run: RunID, isForced: Bool, reason: String) async throws -> Bool {
        guard let served = runs[run], !served.isOver else { return false }
        try await take(.cancelRequested(.run, isForced ? .force : .soft, Reason(.cancelled, reason)), of: run)
        return true
    }

    /// Runs that are under way.
    package var active: [RunID] { runs.keys.sorted() }

    package func isActive(_ run: RunID) -> Bool { runs[run].map { !$0.isOver } ?? false }

    /// Whether it takes work.
    package var isHealthy: Bool { failure == nil && !isStopping }

    func checkHealthy() throws(DiagnosticError) {
        if let failure { throw failure }
        if isStopping {
            throw DiagnosticError(
                .serverStopping, "The server is about to stop.", remedy: "Try again in a few seconds.")
        }
    }

    /// Gives a run an input, and returns once what came of it is on the disk.
    func take(_ input: RunInput, of run: RunID) async throws {
        if let failure { throw failure }
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
        while failure == nil, !arrivals.isEmpty {
            let batch = arrivals
            arrivals.removeAll(keepingCapacity: true)
            do throws(DiagnosticError) {
                let work = try decide(batch)
                for arrival in batch { arrival.done?.resume() }
                for (run, events) in work.events { for event in events { tell(event, of: run, at: now) } }
                for (run, effect) in work.effects { perform(effect, of: run) }
                for run in Set(batch.map(\.run)) { settle(run) }
            } catch {
                // What was decided and not recorded is forgotten with this process: its state is ahead of the journal.
                failure = error
                surroundings.report(error)
                for arrival in batch { arrival.done?.resume(throwing: error) }
            }
        }
        if let failure {
            for arrival in arrivals { arrival.done?.resume(throwing: failure) }
            arrivals = []
        }
        serveWaiters()
    }

    private struct Work {
        var effects: [(ServedRun, RunEffect)] = []
        var events: [(ServedRun, [RunEvent])] = []
    }

    /// Decides a batch and records it in one transaction.
    private func decide(_ batch: [Arrival]) throws(DiagnosticError) -> Work {
        now = max(now, surroundings.now())
        var work = Work()
        var appends: [StreamID: StreamAppend] = [:]
        var touched: [RunID: ServedRun] = [:]
        for arrival in batch {
            guard let run = runs[arrival.run] else { continue }
            let decision = run.machine.decide(arrival.input, now: now)
            work.effects += decision.effects.map { (run, $0) }
            guard !decision.events.isEmpty else { continue }
            touched[run.run] = run
            let append = run.machine.append(decision.events)
            if var known = appends[append.stream] {
                known.events += append.events
                known.wakeUp = append.wakeUp
                appends[append.stream] = known
            } else {
                appends[append.stream] = append
            }
            work.events.append((run, decision.events))
        }
        for run in touched.values { try run.writeValues() }
        var all = Array(appends.values) + (try deploymentAppends(work.events))
        if let ends = RunEnd.append(work.events, at: now) { all.append(ends) }
        for start in stride(from: 0, to: all.count, by: JournalLimits.appendsPerTransaction) {
            let part = Array(all[start..<min(start + JournalLimits.appendsPerTransaction, all.count)])
            let time = Timestamp(milliseconds: now)
            _ = try store.journaled { (journal) throws(JournalError) in try journal.append(part, now: time) }
        }
        return work
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
            run.work(job, number), labels: run.labels(of: job), group: run.record.runnerGroup, queuedAt: now,
            runner: isGoingOn ? run.point?.runner : nil)
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
        }
    }

    // MARK: telling

    private func tell(_ event: RunEvent, of run: ServedRun, at time: Int64) {
        run.times.note(event, at: time)
        switch event {
        case .runStarted:
            publish(
                .runStarted(
                    run.run, attempt: run.attempt, workflow: run.record.plan.workflowName, title: run.record.title,
                    digest: run.machine.definition.planDigest), of: run)
            changed(run, .began)
        case .groupAsked(let asked) where asked.leg == nil:
            let text = "It waits for the concurrency group '\(asked.request.group)'."
            publish(.runWaiting(Reason(.concurrency, text)), of: run)
        case .legStarted(let started) where !isCall(started.leg, of: run):
            publish(
                .jobWaiting(
                    started.leg, name: run.name(of: started.leg), Reason(.capacity, "It waits for a runner.")),
                of: run)
        case .legFinished(let finished):
            let lease = lease(of: finished.leg, of: run)
            forget(finished.leg, of: run)
            guard !isCall(finished.leg, of: run) else { return }
            if finished.takenFrom == nil { ended(finished, of: run, lease, at: time) }
            publish(
                .jobFinished(
                    finished.leg, name: run.name(of: finished.leg), finished.conclusion, finished.outcome.reason,
                    durationMs: run.times.duration(of: finished.leg, until: time)), of: run)
        case .jobFinished(let finished):
            guard run.machine.state.job(finished.job)?.legCount == 0 else { return }
            publish(
                .jobFinished(
                    finished.job, name: run.name(of: finished.job), finished.result, finished.reason, durationMs: 0),
                of: run)
        case .runFinished(let finished):
            let outcome = RunOutcome(
                run: run.run, conclusion: finished.conclusion, reason: finished.reason,
                hasUnavailable: finished.hasUnavailable, durationMs: time - (run.times.startedAt ?? time),
                isInterrupted: false)
            publish(.runFinished(outcome), of: run)
            changed(run, .finished(finished.conclusion))
        default: break
        }
    }

    func publish(_ update: RunUpdate, of run: ServedRun) {
        surroundings.feed.publish(update.object, on: .run(run.run))
    }

    /// - Parameter at: milliseconds since the epoch; `nil`: now.
    func changed(_ run: ServedRun, _ kind: RunChange.Kind, at time: Int64? = nil) {
        let change = RunChange(
            run: run.run, attempt: run.attempt, project: run.project, kind: kind, at: time ?? now, record: run.record,
            startedAt: run.times.startedAt)
        surroundings.changed(change)
        var object: DataObject = [
            "type": .string(kind.name), "run": .number(Double(run.run.number)),
            "attempt": .number(Double(run.attempt)), "project": .string(run.project),
            "workflow": .string(run.record.plan.workflowName),
        ]
        if case .finished(let conclusion) = kind { object["conclusion"] = .string(conclusion.rawValue) }
        surroundings.feed.publish(object, on: .overview)
    }

    private func ended(_ finished: LegFinished, of run: ServedRun, _ lease: DispatchLease?, at time: Int64) {
        let leg = finished.leg
        surroundings.jobEnded(
            JobChange(
                run: run.run, attempt: run.attempt, project: run.project, job: leg,
                number: run.machine.state.leg(leg)?.attempt ?? 1, name: run.name(of: leg),
                conclusion: finished.conclusion, reason: finished.outcome.reason,
                runner: lease.map { dispatch.runners[$0.runner]?.offering.name ?? $0.runner },
                startedAt: lease?.since, at: time, record: run.record))
    }

    private func lease(of job: JobID, of run: ServedRun) -> DispatchLease? {
        run.jobs[job].flatMap { dispatch.leases[run.work(job, $0.number)] }
    }

    func isCall(_ leg: JobID, of run: ServedRun) -> Bool {
        guard case .call? = run.record.plan.jobs.first(where: { $0.key == leg.key })?.work else { return false }
        return true
    }

    /// The job's end is recorded: whoever has it has it no more.
    private func forget(_ job: JobID, of run: ServedRun) {
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
        for run in runs.values {
            if let time = RunMachine.wakeUp(of: run.machine.state), time <= now { give(.timePassed, to: run.run) }
        }
        for lease in dispatch.overdue(at: now) {
            let name = dispatch.runners[lease.runner]?.offering.name ?? lease.runner
            lose(lease, "Its runner '\(name)' was not heard of for \(dispatch.leaseMs / 1000) s.")
        }
        lookForLostRunners()
        serveWaiters()
    }

    /// Why a job waits for a runner; `nil` where it does not.
    package func waitingReason(of job: JobID, in run: RunID) -> Reason? {
        guard let served = runs[run], let known = served.jobs[job] else { return nil }
        if let gate = known.gate { return Reason(.approval, gate) }
        return waitingReason(of: served.work(job, known.number), at: max(now, surroundings.now()))
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
                ?? waitingReason(of: served.work(job, known.number), at: now)
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
    }
}

/// A run on a server began, waits or ended.
package struct RunChange: Sendable {
    package enum Kind: Hashable, Sendable {
        case began
        /// It waits for somebody to let it begin.
        case held(String)
        /// A job of it waits before its environment.
        case gated(JobID, environment: String)
        /// A runner has a job of it.
        case running
        case finished(Conclusion)

        var name: String {
            switch self {
            case .began: "runBegan"
            case .held: "runHeld"
            case .gated: "jobGated"
            case .running: "runRunning"
            case .finished: "runFinished"
            }
        }
    }

    package var run: RunID
    package var attempt: Int
    package var project: String
    package var kind: Kind
    /// Milliseconds since the epoch.
    package var at: Int64
    package var record: RunRecord
    /// When the attempt began; milliseconds since the epoch.
    package var startedAt: Int64?

    package init(
        run: RunID, attempt: Int, project: String, kind: Kind, at: Int64, record: RunRecord, startedAt: Int64? = nil
    ) {
        self.run = run
        self.attempt = attempt
        self.project = project
        self.kind = kind
        self.at = at
        self.record = record
        self.startedAt = startedAt
    }
}
