// SPDX-License-Identifier: Apache-2.0

internal import EventJournal
internal import JobDispatch
internal import JournalSimulation
internal import PipelineModel
internal import RunEngine
internal import RunnerProtocol

/// Going on with runs of which a server has become the home.
extension ServerProcess {
    /// A job that was started, as the database has it.
    struct StartedTry: Sendable {
        var job: JobID
        var number: Int
        var events: Int
        var hasBegun: Bool
        var owner: String?
        var epoch: Int
    }

    private typealias Restored = (run: WorldRun, jobs: [StartedTry])

    /// Folds runs that are not over, and asks again for everything that was asked for.
    ///
    /// - Parameter then: whether all of them go on.
    func recover(_ unfinished: [RunID], then: @escaping (Bool) -> Void) {
        coordinator.enter { [self] in
            restore(unfinished.filter { runs[$0] == nil }[...], []) { restored in
                guard let restored else { return then(false) }
                self.goOn(restored)
                then(true)
            }
        }
    }

    private func restore(_ rest: ArraySlice<RunID>, _ found: [Restored], then: @escaping ([Restored]?) -> Void) {
        guard let run = rest.first else { return then(found) }
        guard let record = world.records[run] else { return restore(rest.dropFirst(), found, then: then) }
        block(coordinator) { (model) throws(JournalError) in
            Self.restored(record, model)
        } then: { [self] result in
            guard case .success(let restored) = result else {
                guard world.defect == .leavesOutARunThatCannotBeRead else { return then(nil) }
                return restore(rest.dropFirst(), found, then: then)
            }
            restore(rest.dropFirst(), restored.run.isSettled ? found : found + [restored], then: then)
        }
    }

    private static func restored(_ record: WorldRecord, _ model: WorldModel) -> Restored {
        let run = WorldRun(record)
        for entry in model.streams[WorldRun.stream(record.run)]?.events ?? [] {
            if case .run(let event) = entry.payload { RunMachine.apply(event, to: &run.state) }
            run.version += 1
        }
        var jobs: [StartedTry] = []
        for case .startJob(let job, let number) in RunMachine.effects(of: run.state) {
            let stream = model.streams[WorldRun.stream(run.work(job, number))]
            let hasBegun = (stream?.events ?? []).contains { $0.type == "stepStarted" }
            jobs.append(
                StartedTry(
                    job: job, number: number, events: stream?.version ?? 0, hasBegun: hasBegun, owner: stream?.owner,
                    epoch: stream?.epoch ?? 0))
        }
        return (run, jobs)
    }

    private func goOn(_ restored: [Restored]) {
        for (run, _) in restored {
            runs[run.run] = run
            if run.version == 0 { give(.start(RunStart(run: run.run, attempt: 1)), to: run.run) }
        }
        // Who holds a concurrency group has it before anybody asks for it.
        for (run, _) in restored {
            for effect in RunMachine.effects(of: run.state) where effect.isHolding { perform(effect, of: run) }
        }
        for (run, jobs) in restored {
            for job in jobs { restart(job, of: run) }
            for effect in RunMachine.effects(of: run.state) where !effect.isHolding {
                if case .startJob = effect { continue }
                perform(effect, of: run)
            }
            give(.timePassed, to: run.run)
        }
    }

    private func restart(_ started: StartedTry, of run: WorldRun) {
        let work = run.work(started.job, started.number)
        run.jobs[started.job] = WorldRun.Job(
            number: started.number, events: started.events, hasBegun: started.hasBegun)
        let traces = JobTraces(hasBegun: started.hasBegun, hasLogs: run.record.logs.contains(work))
        var fate = StartedJob(owner: started.owner, fence: started.epoch, traces)
        if world.defect == .forgetsLeasesAtATakeover, case .leased = fate { fate = .waits }
        switch fate {
        case .waits: admit(started.job, started.number, of: run)
        case .cutOff: give(Self.cutOff(work, "Its runner was lost."), to: run.run)
        case .leased(let runner, let fence):
            let demand = JobDemand(work, labels: ["any"], queuedAt: world.clock)
            dispatch.restore(
                demand, runner: runner, fence: fence,
                mayBeOnItsWay: true, now: world.clock)
            open[LeaseKey(work, fence: fence)] = started.events
        }
    }

    static func cutOff(_ work: JobTry, _ text: String) -> RunInput {
        let reason = Reason(.interrupted, "\(text) What it was at is not known; it is not tried again by itself.")
        return .jobFinished(work.job, attempt: work.number, JobOutcome(.failure, reason: reason))
    }
}

extension RunEffect {
    /// It was granted before, and is so still.
    fileprivate var isHolding: Bool {
        if case .acquireGroup(_, _, isHeld: true) = self { true } else { false }
    }
}
