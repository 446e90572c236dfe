// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import PipelineModel
internal import RunEngine
internal import StepExecution
internal import StructuredData

/// What the run machine asks for.
extension RunSession: JobDriver {
    func perform(_ effect: RunEffect) {
        switch effect {
        case .startJob(let id, let number):
            startJob(id, number)
        case .cancelJob(let id, let number, let level, let reason):
            guard let job = jobs[id], job.number == number else { return }
            enqueue(.job(id, .cancelRequested(level, reason)))
            job.host?.stopPreparing()
        case .acquireGroup(let holder, let request, let isHeld):
            acquire(holder, request, isHeld: isHeld)
        case .releaseGroup(let holder, let group):
            release(holder, group: group)
        }
    }

    private func startJob(_ id: JobID, _ number: Int) {
        if let job = jobs[id], job.number == number {
            // Asked again: its outcome may have been lost on the way.
            if let outcome = job.outcome { enqueue(.run(.jobFinished(id, attempt: number, outcome))) }
            return
        }
        guard let leg = machine.state.leg(id), let planned = record.plan.jobs.first(where: { $0.key == id.key }),
            case .steps(let steps) = planned.work
        else { return }
        // What an earlier attempt left to be looked at is not what this one begins with.
        if attempt > 1, ground.rerunPoint?.job != id { try? Trees.remove(store.jobWork(run, id)) }
        let job = JobSession(ground, id: id, number: number, leg: leg.settings, steps: steps, needs: needs(of: id))
        jobs[id] = job
        job.begin()
    }

    /// Results of the jobs that a leg's job needs, as its `needs` context has them.
    func needs(of leg: JobID) -> [NeedResult] {
        guard let planned = record.plan.jobs.first(where: { $0.key == leg.key }) else { return [] }
        let prefix = leg.parent.map { $0.text + "/" } ?? ""
        return planned.needs.compactMap { key in
            let id = JobID(prefix + key.localID)
            guard let job = machine.state.job(id), let result = job.result else { return nil }
            return NeedResult(key: key, job: id, result: result, reason: job.reason)
        }
    }

    // MARK: what jobs tell

    func enqueue(_ input: JobInput, of job: JobID) { enqueue(.job(job, input)) }

    func finished(_ job: JobID, attempt: Int, _ outcome: JobOutcome) {
        enqueue(.run(.jobFinished(job, attempt: attempt, outcome)))
    }

    // MARK: telling

    func tell(_ event: RunEvent, at time: Int64) {
        times.note(event, at: time)
        switch event {
        case .legQueued(let queued):
            observer.update(.jobWaiting(queued.leg, name: name(of: queued.leg), queued.reason))
        case .legStarted(let started) where !isCall(started.leg):
            observer.update(.jobStarted(started.leg, name: name(of: started.leg)))
        case .legFinished(let finished) where !isCall(finished.leg) || finished.outcome.reason?.kind == .unavailable:
            let outcome = finished.outcome
            observer.update(
                .jobFinished(
                    finished.leg, name: name(of: finished.leg), finished.conclusion, outcome.reason,
                    durationMs: times.duration(of: finished.leg, until: time)))
            jobs[finished.leg] = nil
            ground.dismissServices(of: finished.leg)
        case .jobFinished(let finished):
            guard machine.state.job(finished.job)?.legCount == 0 else { return }
            observer.update(
                .jobFinished(
                    finished.job, name: name(of: finished.job), finished.result, finished.reason, durationMs: 0))
        case .runFinished(let finished):
            let outcome = RunOutcome(
                run: run, conclusion: finished.conclusion, reason: finished.reason,
                hasUnavailable: finished.hasUnavailable, durationMs: time - (times.startedAt ?? time),
                isInterrupted: interrupts > 0)
            observer.update(.runFinished(outcome))
            self.outcome = outcome
        default:
            break
        }
    }

    private func isCall(_ leg: JobID) -> Bool {
        guard let planned = record.plan.jobs.first(where: { $0.key == leg.key }), case .call = planned.work else {
            return false
        }
        return true
    }

    /// As shown: the leg's own name, else the id.
    func name(of job: JobID) -> String {
        machine.state.leg(job)?.settings.name ?? job.text
    }
}

/// When things began, for durations.
struct RunTimes {
    private(set) var startedAt: Int64?
    private var legs: [JobID: Int64] = [:]

    mutating func note(_ event: RunEvent, at time: Int64) {
        switch event {
        case .runStarted: startedAt = time
        case .legStarted(let started): legs[started.leg] = time
        default: break
        }
    }

    func duration(of leg: JobID, until time: Int64) -> Int64 {
        legs[leg].map { time - $0 } ?? 0
    }
}
