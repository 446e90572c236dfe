// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import EventJournal
internal import FileAccess
package import PipelineModel
internal import ProcessControl
internal import RunEngine
package import SecretRedaction
package import StepExecution
internal import StructuredData
internal import Timekeeping
internal import WorkflowPlanning

/// Drives one run to its end on this machine: inputs to the machines, their events to the journal, their effects to the
/// executor, outcomes back as inputs. One thread, one loop.
package final class RunSession {
    /// What a session needs beside the run's record.
    package struct Settings {
        package var secrets: [Secret] = []
        /// `NAME=value`, what every step inherits.
        package var hostEnvironment: [String] = []
        /// Jobs at the same time.
        package var capacity: Int
        package var isDebug = false
        /// Tools, among ``annotatedTools``, whose messages become annotations without an action that asks for it.
        package var annotates: [String] = []
        package var token = ""
        /// Asks somebody who looks at a failed step; called on a thread that may block. `nil`: nobody looks.
        package var pause: (@Sendable (PausedStep) -> PauseChoice)?
        /// Stops before steps; `nil`: nobody does.
        package var debugger: RunDebugger?
        /// Whether workspaces are kept after each step, so that a run can go on from there.
        package var keepsSnapshots = true
        /// Whether the workspaces of the newest run stay, so that it goes on from there without restoring them.
        var keepsWorkspaces = true
        /// The server, where the job is carried out on another machine than the server's.
        package var far: FarPlace?
        /// The server, where the job is carried out beside it, in its folder.
        package var home: ServerLine?
        /// The pod that the job is carried out in; `nil`: it is no pod's.
        package var pod: PodPlace?
        /// Where the commit's own files are, where its repository has none: actions that a workflow names with `$/`.
        package var ownFolder: String?
        /// Where actions of other repositories come from.
        let offer: RepositoryOffer
        /// Where containers are made.
        let engines: EngineOffer

        package init(capacity: Int, offer: RepositoryOffer, engines: EngineOffer) {
            self.capacity = capacity
            self.offer = offer
            self.engines = engines
        }
    }

    /// An input of one of the machines, waiting for its turn.
    enum Arrival {
        case run(RunInput)
        case job(JobID, JobInput)
    }

    let ground: JobGround
    var store: RunStore { ground.store }
    var run: RunID { ground.run }
    var attempt: Int { ground.attempt }
    var record: RunRecord { ground.record }
    var settings: Settings { ground.settings }
    var observer: RunObserver { ground.observer }
    var evaluator: PlanEvaluator { ground.evaluator }
    var loop: PollerLoop { ground.loop }
    let values: ValuesRecord
    var machine: MachineStream<RunMachine>
    var jobs: [JobID: JobSession] = [:]
    var groupPoll: PollerLoop.Token?
    private var outletToken: PollerLoop.Token?
    private var arrivals: [Arrival] = []
    private var wakeUp: (time: Int64, token: PollerLoop.Token)?
    private(set) var now: Int64 = 0
    var times = RunTimes()
    private(set) var failure: DiagnosticError?
    var outcome: RunOutcome?
    private(set) var interrupts = 0
    /// Failed steps that wait to be looked at; the first has the terminal.
    var pauses: [WaitingPause] = []
    /// The run is cancelled: nobody is asked any more.
    var isGivenUp = false
    private let lock: FileLock

    /// Takes the run's lock: a second session of the same run is refused.
    package init(
        store: RunStore, run: RunID, attempt: Int = 1, record: RunRecord, settings: Settings, observer: RunObserver
    ) throws(DiagnosticError) {
        lock = try store.lock(run)
        let kept = OutcomeHistory.path(store, run, attempt)
        ground = try JobGround(
            store: store, run: run, attempt: attempt, record: record, settings: settings,
            observer: OutcomeHistory.keeping(observer, at: kept), name: run.description)
        values = ValuesRecord(store: store, run: run, attempt: attempt)
        let definition = RunDefinition(
            plan: record.plan, planDigest: ground.planDigest, evaluator: ground.evaluator,
            settings: RunSettings(capacity: settings.capacity))
        machine = MachineStream(RunStore.stream(run, attempt: attempt), definition: definition)
        ground.driver = self
    }

    // MARK: driving

    /// Starts the run, and returns once it is over.
    ///
    /// - Throws: where the journal or the machine could not go on. What was recorded stays, and a resume goes on there.
    package func start() throws(DiagnosticError) -> RunOutcome {
        observer.update(
            .runStarted(
                run, attempt: attempt, workflow: record.plan.workflowName, title: record.title,
                digest: machine.definition.planDigest))
        enqueue(.run(.start(RunStart(run: run, attempt: attempt))))
        return try drive()
    }

    func drive() throws(DiagnosticError) -> RunOutcome {
        try catchSignals()
        try listen()
        let cleaning = StoreCleaning(root: store.root, entries: settings.hostEnvironment)
        loop.offload({ cleaning.runDaily() }, then: { _ in })
        attachDebugger()
        drain()
        while failure == nil, outcome == nil {
            passOn()
            loop.turn()
        }
        passOn()
        // From here on nothing is left to be cancelled: a signal ends the program.
        loop.releaseSignals()
        for job in jobs.values { job.abandon() }
        ground.close()
        if let failure {
            abandonGroups()
            throw failure
        }
        ground.sweep()
        ground.kept.removeEarlier()
        guard let outcome else { preconditionFailure("the loop ends with an outcome or a failure") }
        return outcome
    }

    /// Shows what has happened before waiting for what comes next.
    func passOn() {
        guard let outlet = observer.outlet else { return }
        if outlet.passOn() {
            if let outletToken { loop.remove(outletToken) }
            outletToken = nil
        } else if outletToken == nil {
            outletToken = loop.watch(outlet.descriptor, for: .writable) { _ in }
        }
        // Who looks at a step has the terminal.
        loop.isOutputHeld = outlet.isCongested() || !pauses.isEmpty
    }

    /// The first signal cancels the run, the second by force.
    private func catchSignals() throws(DiagnosticError) {
        for signal in SignalNumber.cancelling {
            try loop.onSignal(signal) { [weak self] in
                guard let self else { return }
                interrupts += 1
                cancel(interrupts > 1 ? .force : .soft, "It was interrupted from the terminal.")
            }
        }
    }

    func enqueue(_ arrival: Arrival) {
        arrivals.append(arrival)
    }

    /// The run cannot go on in this process; what was recorded stays.
    func fail(_ error: DiagnosticError) {
        failure = failure ?? error
    }

    /// Whether inputs are being worked on: an effect's callback then only queues.
    private var isDraining = false

    /// Works on all inputs that are there, and on those that come of them.
    func drain() {
        guard !isDraining else { return }
        isDraining = true
        defer { isDraining = false }
        while failure == nil, !arrivals.isEmpty {
            let batch = arrivals
            arrivals.removeAll(keepingCapacity: true)
            do throws(DiagnosticError) {
                try work(batch)
            } catch {
                failure = error
            }
        }
        scheduleWakeUp()
    }

    /// Decides a batch, records it in one transaction, and only then does what it asks for.
    private func work(_ batch: [Arrival]) throws(DiagnosticError) {
        now = max(now, Timestamp.now().milliseconds)
        var appends: [StreamAppend] = []
        var runEffects: [RunEffect] = []
        var jobEffects: [(JobSession, [JobEffect])] = []
        var told: [() -> Void] = []
        for arrival in batch {
            switch arrival {
            case .run(let input):
                let decision = machine.decide(input, now: now)
                runEffects += decision.effects
                guard !decision.events.isEmpty else { continue }
                appends.append(machine.append(decision.events))
                let at = now
                told.append { [unowned self] in for event in decision.events { tell(event, at: at) } }
            case .job(let id, let input):
                guard let job = jobs[id] else { continue }
                let decision = job.machine.decide(input, now: now)
                jobEffects.append((job, decision.effects))
                guard !decision.events.isEmpty else { continue }
                appends.append(job.machine.append(decision.events))
                let at = now
                told.append { for event in decision.events { job.tell(event, at: at) } }
            }
        }
        // What the events name by digest is there before they are.
        try values.append(evaluator.takeUnwritten())
        if !appends.isEmpty { try record(appends) }
        for tell in told { tell() }
        for effect in runEffects { perform(effect) }
        for (job, effects) in jobEffects { for effect in effects { job.perform(effect) } }
    }

    private func record(_ appends: [StreamAppend]) throws(DiagnosticError) {
        // A stream that decided twice in one batch is one append: versions follow on.
        var merged: [StreamAppend] = []
        for append in appends {
            if let last = merged.firstIndex(where: { $0.stream == append.stream }) {
                merged[last].events += append.events
                merged[last].wakeUp = append.wakeUp
            } else {
                merged.append(append)
            }
        }
        for start in stride(from: 0, to: merged.count, by: JournalLimits.appendsPerTransaction) {
            let part = Array(merged[start..<min(start + JournalLimits.appendsPerTransaction, merged.count)])
            let time = Timestamp(milliseconds: now)
            _ = try store.journaled { (journal) throws(JournalError) in try journal.append(part, now: time) }
        }
    }

    /// The earliest moment that any machine wants to be looked at.
    private func scheduleWakeUp() {
        let times = jobs.values.compactMap { JobMachine.wakeUp(of: $0.machine.state) }
        let next = ([RunMachine.wakeUp(of: machine.state)].compactMap { $0 } + times).min()
        guard next != wakeUp?.time else { return }
        if let wakeUp { loop.remove(wakeUp.token) }
        wakeUp = nil
        guard let next, outcome == nil else { return }
        let delay = max(0, next - Timestamp.now().milliseconds)
        let token = loop.schedule(at: .now() + .milliseconds(delay)) { [weak self] in
            guard let self else { return }
            wakeUp = nil
            enqueue(.run(.timePassed))
            for id in jobs.keys.sorted() { enqueue(.job(id, .timePassed)) }
            drain()
        }
        wakeUp = (next, token)
    }
}

/// Signals by name, without the platform's module.
enum SignalNumber {
    static let interrupt: Int32 = 2
    static let terminate: Int32 = 15
    /// The terminal was closed, or the connection to it.
    static let hangUp: Int32 = 1

    /// Those that cancel a run, so that its clean-up steps still run.
    static let cancelling = [interrupt, terminate, hangUp]
}
