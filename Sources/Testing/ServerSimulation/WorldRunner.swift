// SPDX-License-Identifier: Apache-2.0

internal import JobDispatch
internal import PipelineModel
internal import RunEngine
internal import RunSimulation
internal import RunnerProtocol

/// What a runner keeps of a job on its disk.
final class DiskJob {
    var steps: [WorldStep] = []
    var outcome: JobOutcome?
}

/// A registered runner: its disk outlives its processes.
final class WorldRunner {
    let id: String
    let offering: RunnerOffering
    let capacity: Int
    /// Leases that it has taken.
    var leases: Set<LeaseKey> = []
    /// By try: what one lease left the next one finds.
    var jobs: [JobTry: DiskJob] = [:]
    var process: RunnerProcess?

    init(_ id: String, capacity: Int) {
        self.id = id
        self.capacity = capacity
        offering = RunnerOffering(name: id, labels: ["any"], capacity: capacity)
    }
}

/// Carries out one job under one lease.
final class Carrier {
    let lease: LeaseKey
    let spec: JobSpec
    let disk: DiskJob
    /// The party whose processes the job's steps are.
    let party: Party
    let takenAt: Int64
    var told = 0
    var isTelling = false
    var isAbandoned = false
    var refusals = 0
    /// Of the step that runs.
    var process: Int?

    init(_ lease: LeaseKey, _ spec: JobSpec, _ disk: DiskJob, _ party: Party, at now: Int64) {
        takenAt = now
        (self.lease, self.spec, self.disk, self.party) = (lease, spec, disk, party)
    }

    var order: String { "\(lease.work)/\(lease.fence)" }
}

/// A process of a runner: it asks for jobs, carries them out and tells what comes of them, as `JobRunner` and `JobCarrier` do.
final class RunnerProcess: Party {
    unowned let world: World
    let runner: WorldRunner
    let instance: String
    var carriers: [LeaseKey: Carrier] = [:]
    private var heardAt: Int64
    private var leaseMs = RunnerLimits.leaseMs
    private static let pace: Int64 = 100
    private static let longestPause: Int64 = 2_000
    private static let looksPerLease: Int64 = 15

    init(_ runner: WorldRunner, number: Int, _ world: World) {
        self.runner = runner
        self.world = world
        instance = "i\(number)"
        heardAt = world.clock
        super.init("\(runner.id).\(number)")
    }

    func start() {
        watch()
        goOn(runner.leases.sorted { ($0.work.description, $0.fence) < ($1.work.description, $1.fence) }[...])
    }

    private func watch() {
        world.after(leaseMs / Self.looksPerLease, self) { [self] in
            if world.clock - heardAt > RunnerLimits.silenceMs(ofLease: leaseMs) {
                for carrier in sorted { abandon(carrier) }
            }
            watch()
        }
    }

    private var sorted: [Carrier] { carriers.values.sorted { $0.order < $1.order } }

    // MARK: polling

    private func ask(pause: Int64 = RunnerProcess.pace) {
        let waitMs = RunnerLimits.pollMs
        let holds = sorted.map(\.lease)
        let free = max(0, runner.capacity - carriers.count)
        let request = PollRequest(instance: instance, free: free, holds: holds, waitMs: waitMs)
        let (end, id, sentAt) = (world.clock + waitMs, runner.id, world.clock)
        world.call(self, world.door(), timeoutMs: waitMs + 5_000) {
            (door: ServerProcess, reply: @escaping (PollAnswer?) -> Void) in
            door.poll(id, request, until: end, reply: reply)
        } then: { [self] answer in
            guard let answer else {
                return world.after(pause, self) { self.ask(pause: min(pause * 2, Self.longestPause)) }
            }
            // What the server knows is as old as the question.
            heardAt = max(heardAt, sentAt)
            take(answer, sentAt)
            world.after(1, self) { self.ask() }
        }
    }

    private func take(_ answer: PollAnswer, _ sentAt: Int64) {
        leaseMs = answer.leaseMs
        let isStale = world.clock - sentAt > RunnerLimits.silenceMs(ofLease: leaseMs)
        for lease in answer.lost { carriers[lease].map { abandon($0) } }
        for cancellation in answer.cancellations { carriers[cancellation.lease].map { cancel($0, cancellation) } }
        // A machine that stood still meanwhile: what it was given may be another's by now.
        guard !isStale || world.defect == .takesAnOldAnswer else { return }
        for assignment in answer.assignments where carriers[assignment.lease] == nil {
            runner.leases.insert(assignment.lease)
            carry(assignment.lease)
            if let cancellation = assignment.cancellation, let carrier = carriers[assignment.lease] {
                cancel(carrier, cancellation)
            }
        }
    }

    /// Jobs that an earlier process of the runner had.
    private func goOn(_ rest: ArraySlice<LeaseKey>, pause: Int64 = RunnerProcess.pace) {
        guard let lease = rest.first else { return ask() }
        if runner.jobs[lease.work]?.outcome != nil {
            carry(lease)
            return goOn(rest.dropFirst())
        }
        let id = runner.id
        let sentAt = world.clock
        world.call(self, world.door()) { (door: ServerProcess, reply: @escaping (Bool?) -> Void) in
            door.passOn(of: lease.work.run, { $0.fetch(lease, of: id, $1) }, reply: reply)
        } then: { [self] isOurs in
            guard let isOurs else {
                let next = min(pause * 2, Self.longestPause)
                return world.after(pause, self) { self.goOn(rest, pause: next) }
            }
            if isOurs {
                heardAt = max(heardAt, sentAt)
                carry(lease)
            } else {
                runner.leases.remove(lease)
            }
            goOn(rest.dropFirst())
        }
    }

    // MARK: jobs

    private func carry(_ lease: LeaseKey) {
        // The same try, given again: two never work in its folders at the same time.
        for other in sorted where other.lease.work == lease.work { abandon(other) }
        let disk = runner.jobs[lease.work] ?? DiskJob()
        runner.jobs[lease.work] = disk
        let spec = world.records[lease.work.run]?.spec(of: lease.work.job) ?? JobSpec(steps: [])
        let carrier = Carrier(lease, spec, disk, self, at: world.clock)
        carriers[lease] = carrier
        world.after(Int64(world.random.within(5...60)), self) { [self] in
            guard !carrier.isAbandoned else { return }
            world.begin(carrier, isResumed: !disk.steps.isEmpty) { self.tell(carrier) }
            tell(carrier)
        }
    }

    private func cancel(_ carrier: Carrier, _ cancellation: LeaseCancellation) {
        guard carrier.disk.outcome == nil, !carrier.isAbandoned else { return }
        world.stop(carrier)
        carrier.disk.outcome = JobOutcome(.cancelled, reason: Reason(.cancelled, cancellation.reason))
        tell(carrier)
    }

    func abandon(_ carrier: Carrier) {
        guard !carrier.isAbandoned else { return }
        carrier.isAbandoned = true
        world.stop(carrier)
        carriers[carrier.lease] = nil
        runner.leases.remove(carrier.lease)
    }

    private func tell(_ carrier: Carrier, pause: Int64 = RunnerProcess.pace) {
        guard !carrier.isTelling, !carrier.isAbandoned else { return }
        guard carrier.told < carrier.disk.steps.count || carrier.disk.outcome != nil else { return }
        carrier.isTelling = true
        let id = runner.id
        let sentAt = world.clock
        let progress = WorldProgress(
            lease: carrier.lease, known: carrier.told, steps: Array(carrier.disk.steps.dropFirst(carrier.told)),
            end: carrier.disk.outcome)
        world.call(self, world.door()) { (door: ServerProcess, reply: @escaping (WorldPosition?) -> Void) in
            door.passOn(of: progress.lease.work.run, { $0.progress(progress, of: id, $1) }, reply: reply)
        } then: { [self] position in
            carrier.isTelling = false
            guard !carrier.isAbandoned else { return }
            switch position {
            case nil:
                world.after(pause, self) { self.tell(carrier, pause: min(pause * 2, Self.longestPause)) }
            case .lost?: abandon(carrier)
            case .refused?:
                carrier.refusals += 1
                if carrier.refusals > 20 { world.violate("what the job \(carrier.lease.work) has to tell is refused") }
                carrier.told = 0
                world.after(pause, self) { self.tell(carrier, pause: min(pause * 2, Self.longestPause)) }
            case .has(let events, let isFinished)?:
                heardAt = max(heardAt, sentAt)
                carrier.refusals = 0
                guard !isFinished || carrier.disk.outcome == nil else { return finished(carrier, progress) }
                // It has an end that is not this one.
                if isFinished { return abandon(carrier) }
                carrier.told = max(carrier.told, events)
                tell(carrier)
            }
        }
    }

    private func finished(_ carrier: Carrier, _ progress: WorldProgress) {
        carrier.isAbandoned = true
        carriers[carrier.lease] = nil
        runner.leases.remove(carrier.lease)
        runner.jobs[carrier.lease.work] = nil
    }
}
