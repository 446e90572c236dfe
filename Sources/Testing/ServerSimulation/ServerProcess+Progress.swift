// SPDX-License-Identifier: Apache-2.0

internal import EventJournal
internal import JobDispatch
internal import JournalSimulation
internal import PipelineModel
internal import RunEngine
internal import RunnerProtocol

/// What a runner says of a job that it carries out.
struct WorldProgress {
    var lease: LeaseKey
    /// How many of the job's events came before.
    var known: Int
    var steps: [WorldStep]
    var end: JobOutcome?
}

/// What a server has of a job.
enum WorldPosition: Hashable {
    case has(events: Int, isFinished: Bool)
    /// The lease is over, or another's.
    case lost
    /// It was refused, for another reason than that nobody takes anything now.
    case refused
}

extension ServerProcess {
    func position(_ key: LeaseKey, of runner: String, _ reply: @escaping (WorldPosition?) -> Void) {
        coordinator.enter { [self] in
            guard dispatch.renew(key, by: runner, now: world.clock), let events = open[key] else {
                return whetherSeated { reply($0 ? .lost : nil) }
            }
            reply(.has(events: events, isFinished: false))
        }
    }

    /// - Parameter reply: `nil` is a 503.
    func progress(_ progress: WorldProgress, of runner: String, _ reply: @escaping (WorldPosition?) -> Void) {
        coordinator.enter { [self] in
            let key = progress.lease
            guard !isStalled else { return reply(nil) }
            guard dispatch.renew(key, by: runner, now: world.clock) else {
                guard !isEnded(key) else { return reply(.has(events: 0, isFinished: true)) }
                return whetherSeated { reply($0 ? .lost : nil) }
            }
            take(progress) { refusal in
                self.coordinator.enter {
                    if refusal == .lost { return self.whetherSeated { reply($0 ? .lost : nil) } }
                    if let refusal { return reply(refusal == .refused ? .refused : nil) }
                    self.taken(progress, runner, reply)
                }
            }
        }
    }

    private enum Refusal { case away, refused, lost }

    private func taken(_ progress: WorldProgress, _ runner: String, _ reply: @escaping (WorldPosition?) -> Void) {
        let key = progress.lease
        guard let run = runs[key.work.run], dispatch.leases[key.work]?.fence == key.fence else {
            return whetherSeated { reply($0 ? .lost : nil) }
        }
        let events = open[key] ?? 0
        run.jobs[key.work.job]?.events = events
        if progress.steps.contains(where: { !$0.isEnd }) { run.jobs[key.work.job]?.hasBegun = true }
        guard let outcome = progress.end else { return reply(.has(events: events, isFinished: false)) }
        give(.jobFinished(key.work.job, attempt: key.work.number, outcome), to: run.run) { isRecorded in
            reply(isRecorded ? .has(events: events, isFinished: true) : nil)
        }
    }

    private func isEnded(_ key: LeaseKey) -> Bool {
        guard let run = runs[key.work.run] else { return world.records[key.work.run] != nil }
        return run.state.leg(key.work.job)?.phase == .finished
    }

    /// Writes what is new of it, under the lease's fence.
    private func take(_ progress: WorldProgress, then: @escaping (Refusal?) -> Void) {
        intake.enter { [self] in
            let key = progress.lease
            guard let known = open[key] else { return then(.lost) }
            if !progress.steps.isEmpty { world.records[key.work.run]?.logs.insert(key.work) }
            guard progress.known <= known else { return then(.refused) }
            let new = progress.steps.dropFirst(known - progress.known)
            guard !new.isEmpty else { return then(nil) }
            var append = WorldAppend(
                WorldRun.stream(key.work), expectedVersion: known,
                events: new.map { step in (step.isEnd ? "stepFinished" : "stepStarted", .step(step)) })
            append.epoch = world.defect == .takesProgressOfAnEarlierLease ? nil : key.fence
            block(intake, appending: [append]) { result in
                switch result {
                case .success:
                    if self.open[key] != nil { self.open[key] = known + new.count }
                    then(nil)
                case .failure(.conflict(_, _, let actual)):
                    // The answer to what it wrote was lost: it is there.
                    guard self.world.defect != .refusesProgressThatIsThere else { return then(.refused) }
                    if self.open[key] != nil { self.open[key] = actual }
                    then(.away)
                case .failure(.fenced): then(.lost)
                case .failure(let error): then(Self.isPassing(error) ? .away : .refused)
                }
            }
        }
    }
}
