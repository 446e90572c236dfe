// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import RunEngine

/// What an onlooker knows who reads the journal's records as they are made and knows the plan, not the machines.
struct RunLedger {
    private var finishedJobs: Set<JobID> = []
    private var runningLegs: [JobID: JobID] = [:]
    /// Legs with steps that run; calls need no place of the runner.
    private var occupied = 0
    private var running: [JobID: Int] = [:]
    private var tripped: Set<JobID> = []
    private var groups: [String: JobID] = [:]
    private var finishedSteps: Set<ProcessKey> = []
    private var finishedPaths: [JobRun: Set<StepPath>] = [:]
    private var endedJobs: [JobRun: JobOutcome] = [:]
    private var capacity: Int?
    init() {}

    func isFinished(_ key: ProcessKey) -> Bool { finishedSteps.contains(key) }

    /// - Returns: the invariant that the event breaks.
    mutating func note(_ event: RunEvent, _ simulation: Simulation) -> String? {
        switch event {
        case .legStarted(let body): return started(body.leg, simulation)
        case .legFinished(let body): return finished(body, simulation)
        case .jobFinished(let body):
            if !finishedJobs.insert(body.job).inserted { return "the job \(body.job) ends twice" }
        case .failFastTripped(let body): tripped.insert(body.job)
        case .capacityChanged(let body): capacity = body.capacity
        default: break
        }
        return nil
    }

    private mutating func started(_ leg: JobID, _ simulation: Simulation) -> String? {
        let key = leg.key
        guard let job = simulation.plan.byKey[key] else { return "\(leg) is not in the plan" }
        let whole = Self.job(of: leg)
        let prefix = Self.scope(of: leg)
        for need in job.needs {
            let id = JobID("\(prefix)j\(need)")
            if !finishedJobs.contains(id) { return "\(leg) starts before \(id), which it needs, is over" }
        }
        if tripped.contains(whole) { return "\(leg) starts although a leg before it failed, with fail-fast" }
        running[whole, default: 0] += 1
        if job.maxParallel > 0, running[whole, default: 0] > job.maxParallel {
            return "\(whole) has \(running[whole, default: 0]) legs at a time, max-parallel is \(job.maxParallel)"
        }
        if runningLegs.updateValue(whole, forKey: leg) != nil { return "\(leg) starts twice" }
        if job.call == nil {
            occupied += 1
            // A smaller capacity lets those that run go on.
            let limit = capacity.map { max($0, simulation.plan.capacity) } ?? simulation.plan.capacity
            if occupied > limit { return "\(occupied) jobs run, the runner has places for \(limit)" }
        }
        guard let group = Self.settings(leg, job)?.concurrency?.group.lowercased() else { return nil }
        if let other = groups[group] { return "\(leg) and \(other) run at a time in the group \(group)" }
        groups[group] = leg
        if simulation.arbiter.holder(of: group)?.job != leg { return "\(leg) runs without holding its group \(group)" }
        return nil
    }

    private mutating func finished(_ body: LegFinished, _ simulation: Simulation) -> String? {
        guard let whole = runningLegs.removeValue(forKey: body.leg) else { return nil }
        running[whole, default: 0] -= 1
        guard let job = simulation.plan.byKey[body.leg.key] else { return nil }
        if job.call == nil { occupied -= 1 }
        for (group, leg) in groups where leg == body.leg { groups[group] = nil }
        // Whatever the machine says of it: with fail-fast its other legs must not start any more.
        if job.failFast, body.conclusion == .failure { tripped.insert(whole) }
        return nil
    }

    mutating func note(_ event: JobEvent, of run: JobRun) {
        guard case .stepFinished(let body) = event else { return }
        finishedSteps.insert(ProcessKey(job: run, step: body.attempt))
        finishedPaths[run, default: []].insert(body.attempt.step)
    }

    /// - Returns: why the attempt must not start.
    func mayStart(_ key: ProcessKey) -> String? {
        if finishedPaths[key.job]?.contains(key.step.step) == true {
            return "\(key) is started although the journal has its step's outcome"
        }
        return nil
    }

    /// - Returns: what is wrong with the job's last word.
    mutating func ended(_ run: JobRun, _ simulation: Simulation) -> String? {
        guard endedJobs[run] == nil, let job = simulation.live[run], let outcome = job.state.outcome,
            let stream = simulation.journal.jobs[run]
        else { return nil }
        endedJobs[run] = outcome
        return JobOracle(spec: job.spec, events: stream.events).complaint(about: outcome).map { "\(run.job): \($0)" }
    }

    func outcome(of run: JobRun) -> JobOutcome? { endedJobs[run] }

    /// `a#1/b` of `a#1/b#2`.
    static func job(of leg: JobID) -> JobID {
        guard let mark = leg.text.lastIndex(of: "#") else { return leg }
        return leg.text[mark...].contains("/") ? leg : JobID(String(leg.text[..<mark]))
    }

    /// `a#1/` of `a#1/b#2`.
    static func scope(of leg: JobID) -> String {
        leg.text.lastIndex(of: "/").map { String(leg.text[...$0]) } ?? ""
    }

    static func settings(_ leg: JobID, _ job: SimulatedJob) -> JobLeg? {
        let whole = Self.job(of: leg)
        let number = whole == leg ? 1 : Int(leg.text.dropFirst(whole.text.count + 1)) ?? 1
        return number <= job.legs.count ? job.legs[number - 1] : nil
    }
}
