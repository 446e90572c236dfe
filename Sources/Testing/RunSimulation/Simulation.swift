// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import RunEngine

/// One seeded run of the real machines in a simulated world: a journal, a coordinator that crashes between any two
/// operations, processes that outlive it, messages that come late, twice or not at all, reboots, cancellations.
///
/// Invariants are checked all along; the first that does not hold ends the simulation.
package final class Simulation {
    let seed: UInt64
    let defect: SimulatedDefect?
    let runTampering: Tampering<RunMachine>?
    let jobTampering: Tampering<JobMachine>?
    var random: SeededRandom
    let plan: SimulatedPlan
    let definition: RunDefinition

    /// Virtual milliseconds; what a monotonic clock would say.
    var clock: Int64 = 1_700_000_000_000
    /// What the wall clock is off: it may be set back.
    var skew: Int64 = 0
    var queue = TimedQueue<Happening>()
    var happenings = 0
    var violation: String?

    // What survives a crash.
    var journal = SimulatedJournal()
    var arbiter = GroupArbiter()
    var processes: [SimulatedProcess] = []
    var alive: [Int] = []
    var receipts: Set<ProcessKey> = []
    var outcomes: [ProcessKey: StepResult] = [:]
    /// Jobs whose receipts may have been lost by a reboot.
    var unreliable: Set<JobRun> = []

    // What the coordinator holds in memory.
    var isUp = false
    var epoch = 0
    var runState = RunMachine.initialState
    var live: [JobRun: LiveJob] = [:]
    var liveOrder: [JobRun] = []
    var pending: [PendingWork] = []
    var nextTick = Int64.max
    /// Whether something was decided that is not in the journal yet.
    var isUnrecorded = false

    // What is checked.
    var hasCancelledAJob = false
    var ledger = RunLedger()
    var everStarted: Set<ProcessKey> = []
    var crashesLeft: Int
    let crashOdds: Int
    package private(set) var crashes = 0
    package private(set) var refusedResumes = 0

    /// A reference, so that its state is moved into a decision and never copied.
    final class LiveJob {
        let definition: JobDefinition
        var state: JobState
        let spec: SimulatedJob
        let legNumber: Int

        init(definition: JobDefinition, state: JobState, spec: SimulatedJob, legNumber: Int) {
            self.definition = definition
            self.state = state
            self.spec = spec
            self.legNumber = legNumber
        }
    }

    enum PendingWork {
        case run(RunEffect)
        case job(JobRun, JobEffect)
        case tellRun(JobRun)
    }

    package init(seed: UInt64, defect: SimulatedDefect? = nil, isKeepingTranscript: Bool = false) {
        self.seed = seed
        self.defect = defect
        runTampering = defect?.runTampering
        jobTampering = defect?.jobTampering
        random = SeededRandom(seed: seed)
        plan = SimulatedPlan(&random)
        definition = RunDefinition(
            plan: plan.plan(droppingNeeds: defect == .ignoresANeed), planDigest: "plan-\(seed)",
            evaluator: SimulatedEvaluator(plan: plan),
            settings: RunSettings(
                capacity: plan.capacity, jobRetry: RetryPolicy(interruptedRetries: plan.jobRetries)))
        crashesLeft = random.chance(percent: 60) ? 0 : random.within(1...3)
        crashOdds = random.within(8...120)
        journal.isKeepingTranscript = isKeepingTranscript
    }

    /// Runs to the end of virtual time.
    package func run() -> SimulationReport {
        planDisturbances()
        queue.insert(.resumed, at: clock)
        while violation == nil, let (time, happening) = queue.popFirst() {
            clock = max(clock, time)
            happenings += 1
            if happenings > 100_000 { violate("it does not come to an end: 100 000 happenings") }
            take(happening)
            if isUp { pump() }
        }
        if violation == nil { checkEnd() }
        return report()
    }

    func violate(_ text: String) {
        if violation == nil { violation = text }
    }

    private func planDisturbances() {
        let span = 60_000
        if random.chance(percent: 18) {
            let at = clock + Int64(random.below(span))
            queue.insert(.cancelRun(.soft), at: at)
            if random.chance(percent: 30) { queue.insert(.cancelRun(.force), at: at + Int64(random.below(15_000))) }
        }
        if random.chance(percent: 10) {
            queue.insert(.cancelJob(random.below(1_000)), at: clock + Int64(random.below(span)))
        }
        if random.chance(percent: 6) { queue.insert(.secondResume, at: clock + Int64(random.below(span))) }
        if random.chance(percent: 5) {
            queue.insert(.capacity(random.within(1...4)), at: clock + Int64(random.below(span)))
        }
        if let request = plan.runGroup, random.chance(percent: 50) {
            let outsider = GroupHolder(run: RunID(6), attempt: 1)
            _ = arbiter.acquire(outsider, GroupRequest(group: request.group))
            queue.insert(.outsiderLeaves(outsider, request.group), at: clock + Int64(random.below(30_000)))
            if random.chance(percent: 30) {
                queue.insert(.cancelRun(.soft), at: clock + Int64(random.within(1_000...20_000)))
            }
        }
        if random.chance(percent: 15) {
            let outsider = GroupHolder(run: RunID(7), attempt: 1)
            let request = GroupRequest(group: random.pick(["deploy", "docs"]))
            _ = arbiter.acquire(outsider, request)
            queue.insert(.outsiderLeaves(outsider, request.group), at: clock + Int64(random.below(30_000)))
        }
    }

    private func take(_ happening: Happening) {
        switch happening {
        case .toRun(let input, let epoch):
            if epoch == self.epoch || epoch == Happening.anyEpoch { feedRun(input) }
        case .toJob(let run, let input, let epoch):
            if epoch == self.epoch || epoch == Happening.anyEpoch { feedJob(run, input) }
        case .processEnded(let index, let version): processEnded(index, version)
        case .leftoverKilled(let index): kill(index)
        case .resumed: resume()
        case .secondResume: if isUp { refusedResumes += 1 }
        case .cancelRun(let level):
            feedRun(.cancelRequested(.run, level, Reason(.cancelled, "Somebody asked for it.")))
        case .cancelJob(let number):
            guard isUp, !runState.jobs.isEmpty else { return }
            hasCancelledAJob = true
            let id = runState.jobs[number % runState.jobs.count].id
            feedRun(.cancelRequested(.job(id), .soft, Reason(.cancelled, "Somebody asked for it.")))
        case .outsiderLeaves(let holder, let group): handle(arbiter.release(holder, group: group))
        case .capacity(let capacity): feedRun(.capacityChanged(capacity))
        case .tick(let epoch): if epoch == self.epoch { tick() }
        }
    }

    /// Sends something to the coordinator: at once, or late, or twice; a few outlive the coordinator they were for.
    func send(toRun input: RunInput) { send { .toRun(input, epoch: $0) } }
    func send(_ run: JobRun, _ input: JobInput) { send { .toJob(run, input, epoch: $0) } }

    private func send(_ happening: (Int) -> Happening) {
        let address = random.below(30) == 0 ? Happening.anyEpoch : epoch
        switch random.below(40) {
        case 0: queue.insert(happening(address), at: clock + Int64(random.within(1_000...20_000)))
        case 1:
            queue.insert(happening(address), at: clock)
            queue.insert(happening(address), at: clock + Int64(random.below(5_000)))
        default: queue.insert(happening(address), at: clock + Int64(random.below(20)))
        }
    }

    /// Between any two operations the coordinator may be killed.
    func survives() -> Bool {
        guard isUp else { return false }
        guard crashesLeft > 0, random.below(crashOdds) == 0 else { return true }
        crash()
        return false
    }

    private func crash() {
        crashesLeft -= 1
        crashes += 1
        isUp = false
        epoch += 1
        checkReplay()
        live = [:]
        liveOrder = []
        pending = []
        isUnrecorded = false
        nextTick = .max
        let isReboot = random.chance(percent: 15)
        if isReboot { reboot() }
        for index in alive { queue.insert(.leftoverKilled(index), at: clock + Int64(random.below(6_000))) }
        queue.insert(.resumed, at: clock + Int64(random.below(12_000)))
    }

    private func reboot() {
        for index in alive { kill(index) }
        receipts = []
        for run in journal.jobs.keys { unreliable.insert(run) }
        if random.chance(percent: 50) { outcomes = outcomes.filter { ledger.isFinished($0.key) } }
    }

    private func report() -> SimulationReport {
        SimulationReport(
            seed: seed, violation: violation, conclusion: runState.conclusion?.rawValue, happenings: happenings,
            crashes: crashes, processes: processes.count, transcript: transcriptLines())
    }
}

/// What came of one seed.
package struct SimulationReport: Sendable {
    package var seed: UInt64
    /// The invariant that did not hold; `nil` where all did.
    package var violation: String?
    package var conclusion: String?
    package var happenings: Int
    package var crashes: Int
    package var processes: Int
    /// Where one was asked for: every event in order, one line each.
    package var transcript: [String]
}
