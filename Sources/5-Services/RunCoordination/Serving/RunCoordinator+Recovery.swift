// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import EventJournal
internal import FileAccess
internal import JobDispatch
internal import LogArchive
package import PipelineModel
internal import RunEngine
internal import RunnerProtocol
package import Timekeeping

/// Going on where an earlier process of the server was cut off.
extension RunCoordinator {
    /// Folds the runs that are not over, and asks again for everything that was asked for. A job that a runner had has a
    /// lease's time to be heard of; any other waits for a runner.
    ///
    /// - Parameters:
    ///   - unfinished: runs that may not be over.
    ///   - backup: when the backup was made that the store was restored from; `nil`: it was not. Then nobody has a job any
    ///     more: it is as if all runners had been lost.
    /// - Returns: those that go on.
    package func recover(_ unfinished: [RunID], restoredFrom backup: Timestamp? = nil) async throws -> [RunID] {
        var recovered: [RunID] = []
        var started: [RunID: [StartedTry]] = [:]
        do throws(DiagnosticError) {
            for run in unfinished.sorted() where runs[run] == nil {
                try sparing { () throws(DiagnosticError) in if try restore(run) { recovered.append(run) } }
            }
            for run in recovered {
                try sparing { () throws(DiagnosticError) in started[run] = try startedTries(of: run) }
            }
        } catch {
            // All of them at another time: what is known by half would stand still for ever.
            for run in recovered { runs[run] = nil }
            throw error
        }
        // Who holds a concurrency group has it before anybody asks for it.
        for run in recovered {
            guard let served = runs[run] else { continue }
            for effect in RunMachine.effects(of: served.machine.state) where effect.isHolding {
                perform(effect, of: served)
            }
        }
        for run in recovered {
            guard let served = runs[run] else { continue }
            for job in started[run] ?? [] { restart(job, of: served) }
            for effect in RunMachine.effects(of: served.machine.state) where !effect.isHolding {
                if case .startJob = effect { continue }
                perform(effect, of: served)
            }
            if let backup { loseJobs(of: served, backup) }
            give(.timePassed, to: run)
        }
        return recovered
    }

    /// Damage of one run is reported, and is no reason for the others to stand still; a journal that says nothing is.
    private func sparing(_ body: () throws(DiagnosticError) -> Void) throws(DiagnosticError) {
        do throws(DiagnosticError) {
            try body()
        } catch {
            if error.diagnostic.code.isSilenceOfJournal { throw error }
            surroundings.report(error)
        }
    }

    private func loseJobs(of run: ServedRun, _ backup: Timestamp) {
        for (job, known) in run.jobs where !known.hasBegun {
            // Files may be a little newer than the journal's copy: what the job wrote after it is not known.
            let logs = store.logs(of: run.run, attempt: run.attempt)
            try? Trees.remove(logs.folder(job: RunStore.fileName(job)))
        }
        for lease in dispatch.leases.values where lease.demand.work.run == run.run {
            guard let lost = dispatch.release(lease.demand.work) else { continue }
            lose(lost, "The server was restored from its backup of \(backup).")
        }
    }

    /// An end that is longer ago is not told again at a start.
    private static let retoldMs: Int64 = 3_600_000

    /// - Returns: `false` where the run is over.
    private func restore(_ run: RunID) throws(DiagnosticError) -> Bool {
        guard store.exists(run) else { return false }
        let attempt = max(1, try store.lastAttempt(of: run))
        let stream = RunStore.stream(run, attempt: attempt)
        let recorded = try store.journaled { (journal) throws(JournalError) in try journal.events(of: stream) }
        guard RunRecord.isKept(run, in: store) else {
            // It was cut off before anything of it was kept: nobody was told of it.
            return false
        }
        if try isHeld(run), let reason = try HeldRun.load(store, run) {
            let held = ServedRun(
                store: store, run: run, attempt: attempt, record: try RunRecord.load(from: store, run))
            changed(held, .held(reason))
            return false
        }
        let served = ServedRun(store: store, run: run, attempt: attempt, record: try RunRecord.load(from: store, run))
        try served.restore(recorded)
        if served.isSettled {
            // Whoever hears of runs may not have heard of its end. What they hear twice they tell once.
            if let end = recorded.last?.recordedAt.milliseconds, let conclusion = served.machine.state.conclusion,
                surroundings.now() - end < Self.retoldMs
            {
                changed(served, .finished(conclusion), at: end)
            }
            return false
        }
        let dispatchStream = DispatchEvent.stream(run, attempt: attempt)
        served.dispatchVersion =
            try store.journaled { (journal) throws(JournalError) in
                try journal.summary(of: dispatchStream)?.version ?? 0
            }
        runs[run] = served
        if recorded.isEmpty { give(.start(RunStart(run: run, attempt: attempt)), to: run) }
        return true
    }

    /// A job that was started, as the journal has it.
    private struct StartedTry {
        let job: JobID
        var known: ServedRun.Job
        let owner: String?
        let fence: Int
    }

    private func startedTries(of run: RunID) throws(DiagnosticError) -> [StartedTry] {
        guard let served = runs[run] else { return [] }
        var tries: [StartedTry] = []
        for case .startJob(let job, let number) in RunMachine.effects(of: served.machine.state) {
            let stream = Self.stream(served.work(job, number))
            let summary = try store.journaled { (journal) throws(JournalError) in try journal.summary(of: stream) }
            var known = ServedRun.Job(number: number)
            known.events = summary?.version ?? 0
            known.outcomes = try OutcomeHistory.lineCount(
                of: job, at: OutcomeHistory.path(store, run, served.attempt))
            let recorded =
                known.events == 0
                ? [] : try store.journaled { (journal) throws(JournalError) in try journal.events(of: stream) }
            for entry in recorded {
                if case .stepStarted(let started) = try MachineStream<JobMachine>.event(entry) {
                    known.hasBegun = true
                    known.startedAt[started.attempt] = entry.recordedAt.milliseconds
                }
            }
            tries.append(StartedTry(job: job, known: known, owner: summary?.owner, fence: summary?.epoch ?? 0))
        }
        return tries
    }

    /// A job that was started: with the runner that has it, or in the queue.
    private func restart(_ started: StartedTry, of run: ServedRun) {
        let (job, known) = (started.job, started.known)
        let work = run.work(job, known.number)
        run.jobs[job] = known
        let traces = JobTraces(hasBegun: known.hasBegun, hasLogs: intake.hasLogs(work))
        switch StartedJob(owner: started.owner, fence: started.fence, traces) {
        case .waits: admit(job, known.number, of: run)
        case .cutOff:
            // The server ended before it had said what became of the job.
            give(cutOff(work, "Its runner was lost."), to: run.run)
        case .leased(let runner, let fence):
            run.jobs[job]?.environment = run.environment(of: job)
            let demand = demand(job, known.number, of: run)
            dispatch.restore(
                demand, runner: runner, fence: fence, mayBeOnItsWay: store.database != nil, now: surroundings.now())
            spend(runner)
            intake.open(LeaseKey(work, fence: fence), events: known.events, outcomes: known.outcomes)
        }
    }
}

extension RunEffect {
    /// It was granted before, and is so still.
    fileprivate var isHolding: Bool {
        if case .acquireGroup(_, _, isHeld: true) = self { true } else { false }
    }
}
