// SPDX-License-Identifier: Apache-2.0

internal import EventJournal
internal import JobDispatch
internal import JournalSimulation
internal import PipelineModel
internal import RunEngine
internal import RunnerProtocol

/// Inputs to machines, events to the journal, and what follows.
extension ServerProcess {
    func give(_ input: RunInput, to run: RunID, done: ((Bool) -> Void)? = nil) {
        arrivals.append(Arrival(run: run, input: input, done: done))
        guard !willDrain else { return }
        willDrain = true
        world.after(0, self) { [self] in
            coordinator.enter {
                self.willDrain = false
                self.drain()
            }
        }
    }

    func drain() {
        if let batch = unrecorded { return settle(batch) { self.drainOn() } }
        drainOn()
    }

    private func drainOn() {
        guard unrecorded == nil, !arrivals.isEmpty else { return serveWaiters() }
        settle(decide()) { self.drainOn() }
    }

    private func decide() -> Batch {
        var batch = Batch()
        batch.arrivals = arrivals
        arrivals = []
        var parts: [RunID: WorldAppend] = [:]
        var order: [RunID] = []
        for arrival in batch.arrivals {
            guard let run = runs[arrival.run] else { continue }
            let decision = RunMachine.step(
                arrival.input, now: world.clock, definition: run.record.definition, state: &run.state)
            batch.effects += decision.effects.map { (run, $0) }
            guard !decision.events.isEmpty else { continue }
            if parts[run.run] == nil {
                order.append(run.run)
                parts[run.run] = WorldAppend(WorldRun.stream(run.run), expectedVersion: run.version, events: [])
            }
            for event in decision.events {
                parts[run.run]?.events.append((event.typeName, .run(event)))
                if case .runStarted = event { batch.beginning.append(run) }
                if case .runFinished = event { parts[run.run]?.messages.append("run-end/\(run.run)") }
            }
            run.version += decision.events.count
        }
        batch.appends = order.compactMap { parts[$0] }
        return batch
    }

    /// What a run is for is recorded with its beginning: there is one of it.
    private func settle(_ batch: Batch, then: @escaping () -> Void) {
        guard !batch.beginning.isEmpty else { return record(batch, then) }
        let origins = batch.beginning.map { Self.origin($0.record.project, $0.record.origin) }
        block(coordinator) { (model) throws(JournalError) in
            origins.map { origin -> RunID? in
                if case .origin(let run)? = model.streams[origin]?.events.first?.payload { run } else { nil }
            }
        } then: { [self] result in
            guard case .success(let known) = result else { return stall(batch) }
            var batch = batch
            for ((run, origin), known) in zip(zip(batch.beginning, origins), known) {
                if known == nil {
                    batch.appends.append(
                        WorldAppend(origin, expectedVersion: 0, events: [("runOrigin", .origin(run.run))]))
                } else if known != run.run {
                    batch.leaveOut(run)
                    runs[run.run] = nil
                }
            }
            batch.beginning = []
            record(batch, then)
        }
    }

    private func stall(_ batch: Batch) {
        var kept = batch
        for arrival in batch.arrivals { arrival.done?(false) }
        kept.arrivals = batch.arrivals.map { Arrival(run: $0.run, input: $0.input, done: nil) }
        unrecorded = kept
    }

    private func record(_ batch: Batch, _ then: @escaping () -> Void) {
        guard !batch.appends.isEmpty else { return done(batch, then) }
        block(coordinator, appending: batch.appends) { [self] result in
            switch result {
            case .success: done(batch, then)
            case .failure(let error):
                if case .conflict(let stream, _, let actual) = error, world.defect == .takesALostAnswerForNotCommitted {
                    // It writes once more what is there already.
                    var again = batch
                    for index in again.appends.indices where again.appends[index].stream == stream {
                        again.appends[index].expectedVersion = actual
                    }
                    for arrival in batch.arrivals { arrival.done?(false) }
                    return record(again, then)
                }
                guard Self.isPassing(error) else {
                    for arrival in batch.arrivals { arrival.done?(false) }
                    return fail(error)
                }
                stall(batch)
            }
        }
    }

    private func done(_ batch: Batch, _ then: @escaping () -> Void) {
        unrecorded = nil
        for arrival in batch.arrivals { arrival.done?(true) }
        for (run, effect) in batch.effects { perform(effect, of: run) }
        for arrival in batch.arrivals {
            guard let run = runs[arrival.run] else { continue }
            // A job whose end is recorded is nobody's any more.
            for (job, known) in run.jobs where run.state.leg(job)?.phase == .finished {
                forget(job, known.number, of: run)
            }
            if run.isSettled { runs[run.run] = nil }
        }
        then()
    }

    func perform(_ effect: RunEffect, of run: WorldRun) {
        switch effect {
        case .startJob(let job, let number):
            guard run.jobs[job]?.number != number else { return }
            run.jobs[job] = WorldRun.Job(number: number)
            admit(job, number, of: run)
        case .cancelJob(let job, let number, let level, let reason): cancel(job, number, level, reason, of: run)
        case .acquireGroup(let holder, let request, let isHeld):
            answer(arbiters[run.record.project, default: GroupArbiter()].acquire(holder, request, isHeld: isHeld))
        case .releaseGroup(let holder, let group):
            answer(arbiters[run.record.project, default: GroupArbiter()].release(holder, group: group))
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

    func admit(_ job: JobID, _ number: Int, of run: WorldRun) {
        dispatch.enqueue(JobDemand(run.work(job, number), labels: ["any"], queuedAt: world.clock))
    }

    private func cancel(_ job: JobID, _ number: Int, _ level: CancelLevel, _ reason: Reason, of run: WorldRun) {
        guard run.jobs[job]?.number == number else { return }
        let work = run.work(job, number)
        if dispatch.withdraw(work) {
            give(.jobFinished(job, attempt: number, JobOutcome(.cancelled, reason: reason)), to: run.run)
        } else if let lease = dispatch.leases[work] {
            run.jobs[job]?.cancellation = LeaseCancellation(
                lease: lease.key, isForced: level == .force, reason: reason.text)
            run.jobs[job]?.cancellationToldAt = 0
        }
    }

    private func forget(_ job: JobID, _ number: Int, of run: WorldRun) {
        run.jobs[job] = nil
        let work = run.work(job, number)
        dispatch.withdraw(work)
        if let lease = dispatch.release(work) { open[lease.key] = nil }
    }

    /// About once a second.
    func tick() {
        if unrecorded != nil { return drain() }
        for run in runs.values {
            if let time = RunMachine.wakeUp(of: run.state), time <= world.clock { give(.timePassed, to: run.run) }
        }
        let late = dispatch.overdue(at: world.clock).map { ($0, "Its runner '\($0.runner)' was not heard of in time.") }
        lose(late[...]) { self.serveWaiters() }
    }
}
