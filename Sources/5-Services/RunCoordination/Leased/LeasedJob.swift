// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import EventJournal
internal import FileAccess
package import PipelineModel
package import ProcessControl
package import RunEngine
package import RunnerProtocol
internal import StepExecution
package import StructuredData
internal import Synchronization
internal import Timekeeping

/// Drives one job of a run that a server has given to this runner: the job machine, its journal, its executor. One thread,
/// one loop. What the run machine would be told is kept for the server.
package final class LeasedJob {
    /// What others may say to it, from any thread.
    package enum Word: Sendable {
        case cancel(isForced: Bool, reason: String)
        /// The job is not this runner's any more: its processes end at once, and nothing more is recorded.
        case abandon
    }

    /// What a job came to.
    package struct End: Hashable, Sendable {
        package var outcome: JobOutcome
        package var outputs: DataObject

        package init(outcome: JobOutcome, outputs: DataObject) {
            self.outcome = outcome
            self.outputs = outputs
        }
    }

    package let work: JobTry
    private let content: JobContent
    private let ground: JobGround
    private var session: JobSession?
    private var arrivals: [JobInput] = []
    private var wakeUp: (time: Int64, token: PollerLoop.Token)?
    private(set) var now: Int64 = 0
    private var failure: DiagnosticError?
    private var end: End?
    private var isAbandoned = false
    private var isDraining = false
    private let lock: FileLock
    /// Says something to the job, from any thread.
    package private(set) var sender: LoopSender<Word>?

    /// - Throws: where another process of this runner drives the job.
    package init(
        store: RunStore, work: JobTry, content: JobContent, settings: RunSession.Settings, observer: RunObserver
    ) throws(DiagnosticError) {
        self.work = work
        self.content = content
        let folder = store.jobFolder(work.run, work.attempt, work.job)
        for path in [folder, store.folder(of: work.run) + "/logs"] { try Trees.make(path, mode: 0o700) }
        lock = try FileLock(path: folder + "/lock")
        var settings = settings
        settings.secrets = content.secrets
        settings.token = content.token
        settings.isDebug = content.isDebug
        // Nobody knows here which run is the newest, nor which runner goes on with it.
        settings.keepsWorkspaces = false
        ground = try JobGround(
            store: store, run: work.run, attempt: work.attempt, record: content.record, settings: settings,
            observer: OutcomeHistory.keeping(observer, at: store.leasedOutcomes(work)),
            name: "\(work.run)-\(work.attempt)-\(ContentDigest.of(Array(work.job.text.utf8)).prefix(12))",
            planDigest: content.planDigest)
        var values = RunValues()
        for change in content.values { values.set(change) }
        ground.evaluator.restore(values)
        ground.driver = self
        sender = ground.loop.receive { [weak self] (word: Word) in self?.hear(word) }
    }

    /// Carries the job to its end, from where an earlier process of this runner left it; `nil`: it was abandoned.
    ///
    /// - Throws: where the journal or the executor could not go on. What was recorded stays.
    package func run() throws(DiagnosticError) -> End? {
        guard let planned = content.record.plan.jobs.first(where: { $0.key == work.job.key }),
            case .steps(let steps) = planned.work
        else {
            throw DiagnosticError(.runRecordUnreadable, "The server gave a job '\(work.job)' without its steps.")
        }
        ground.endLeftovers()
        _ = try LeftoverSweep(runID: ground.identity(of: work.job).marker).run()
        ground.sweepContainers()
        if let point = content.point {
            ground.rerunPoint = try RerunPoint(ground, job: work.job, attempt: point.attempt, step: point.step)
        }
        let session = JobSession(
            ground, id: work.job, number: work.number, leg: content.leg, steps: steps, needs: content.needs)
        self.session = session
        try session.resume()
        drain()
        while failure == nil, end == nil, !isAbandoned { ground.loop.turn() }
        ground.dismissServices(of: work.job)
        if end == nil { session.abandon() }
        self.session = nil
        ground.close()
        if let failure { throw failure }
        ground.sweep()
        if isAbandoned { ground.endLeftovers() }
        return end
    }

    private func hear(_ word: Word) {
        switch word {
        case .cancel(let isForced, let reason):
            enqueue(.cancelRequested(isForced ? .force : .soft, Reason(.cancelled, reason)), of: work.job)
            session?.host?.stopPreparing()
            drain()
        case .abandon:
            isAbandoned = true
        }
    }

    private func scheduleWakeUp() {
        let next = session.flatMap { JobMachine.wakeUp(of: $0.machine.state) }
        guard next != wakeUp?.time else { return }
        if let wakeUp { ground.loop.remove(wakeUp.token) }
        wakeUp = nil
        guard let next, end == nil else { return }
        let delay = max(0, next - Timestamp.now().milliseconds)
        let token = ground.loop.schedule(at: .now() + .milliseconds(delay)) { [weak self] in
            guard let self else { return }
            wakeUp = nil
            enqueue(.timePassed, of: work.job)
            drain()
        }
        wakeUp = (next, token)
    }

    private func work(on batch: [JobInput]) throws(DiagnosticError) {
        guard let session else { return }
        now = max(now, Timestamp.now().milliseconds)
        var effects: [JobEffect] = []
        var events: [JobEvent] = []
        for input in batch {
            let decision = session.machine.decide(input, now: now)
            effects += decision.effects
            events += decision.events
        }
        if !events.isEmpty {
            let append = session.machine.append(events)
            let time = Timestamp(milliseconds: now)
            _ = try ground.store.journaled { (journal) throws(JournalError) in try journal.append(append, now: time) }
            for event in events { session.tell(event, at: now) }
        }
        for effect in effects { session.perform(effect) }
    }
}

extension LeasedJob: JobDriver {
    func enqueue(_ input: JobInput, of job: JobID) { arrivals.append(input) }

    func drain() {
        guard !isDraining else { return }
        isDraining = true
        defer { isDraining = false }
        while failure == nil, !isAbandoned, !arrivals.isEmpty {
            let batch = arrivals
            arrivals.removeAll(keepingCapacity: true)
            do throws(DiagnosticError) {
                try work(on: batch)
            } catch {
                failure = error
            }
        }
        scheduleWakeUp()
    }

    func finished(_ job: JobID, attempt: Int, _ outcome: JobOutcome) {
        end = End(outcome: outcome, outputs: ground.evaluator.values.withLock { $0.outputs(of: job) })
    }

    func fail(_ error: DiagnosticError) { failure = failure ?? error }

    /// Nobody is there to look.
    func pause(_ paused: PausedStep, _ answer: @escaping (PauseAnswer) -> Void) { answer(.goOn) }

    func name(of job: JobID) -> String { content.leg.name }
}
