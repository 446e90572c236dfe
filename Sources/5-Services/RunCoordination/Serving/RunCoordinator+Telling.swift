// SPDX-License-Identifier: Apache-2.0

internal import JobDispatch
internal import PipelineModel
internal import RunEngine
internal import RunnerProtocol
internal import StructuredData

/// What those who look on are told of what was recorded.
extension RunCoordinator {
    func tell(_ event: RunEvent, of run: ServedRun, at time: Int64) {
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
        if finished.conclusion == .success, let lease { jobTimes.note(time - lease.since, at: run.place(of: leg)) }
        surroundings.jobEnded(
            JobChange(
                run: run.run, attempt: run.attempt, project: run.project, job: leg,
                number: run.machine.state.leg(leg)?.attempt ?? 1, name: run.name(of: leg),
                conclusion: finished.conclusion, reason: finished.outcome.reason,
                runner: lease.map { runnerName($0.runner) },
                startedAt: lease?.since, at: time, record: run.record))
    }

    private func lease(of job: JobID, of run: ServedRun) -> DispatchLease? {
        run.jobs[job].flatMap { dispatch.leases[run.work(job, $0.number)] }
    }

    func isCall(_ leg: JobID, of run: ServedRun) -> Bool {
        guard case .call? = run.record.plan.jobs.first(where: { $0.key == leg.key })?.work else { return false }
        return true
    }
}
