// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import EventJournal
package import JobDispatch
package import PipelineModel
internal import RunEngine
package import RunnerProtocol
internal import StructuredData
internal import Timekeeping

/// What runners ask, and what they say.
extension RunCoordinator {
    /// A cancellation whose answer may have been lost is said again after so long.
    private static let cancellationRepeatMs: Int64 = 2_000

    package func add(_ runner: DispatchRunner) { dispatch.add(runner) }

    package func pause(_ runner: String, _ isPaused: Bool) { dispatch.pause(runner, isPaused) }

    /// The runner is gone for good.
    package func remove(_ runner: String) {
        let name = dispatch.runners[runner]?.offering.name ?? runner
        for lease in dispatch.remove(runner) { lose(lease, "Its runner '\(name)' was removed.") }
        waiters.removeValue(forKey: runner)?.continuation.resume(returning: PollAnswer(leaseMs: dispatch.leaseMs))
    }

    /// The runner has nothing any more, and may come back.
    ///
    /// - Parameter text: why, in a sentence.
    package func giveUp(jobsOf runner: String, _ text: String) {
        for lease in dispatch.holds(runner) where dispatch.release(lease.demand.work) != nil { lose(lease, text) }
        serveWaiters()
    }

    /// As people know it.
    func runnerName(_ runner: String) -> String { dispatch.runners[runner]?.offering.name ?? runner }

    /// A runner has been given a job: one that is for one job gets no other.
    func spend(_ runner: String) {
        guard dispatch.runners[runner]?.offering.isEphemeral == true else { return }
        dispatch.pause(runner, true)
        spentRunners[runner] = surroundings.now()
    }

    /// Runners for one job that have had it, and whose last word cannot come again: they are to be forgotten.
    package func takeSpentRunners() -> [String] {
        let time = surroundings.now()
        for (runner, _) in spentRunners where !dispatch.holds(runner).isEmpty { spentRunners[runner] = time }
        let over = spentRunners.filter { time - $0.value > RunnerLimits.leaseMs }.map(\.key).sorted()
        for runner in over { spentRunners[runner] = nil }
        return over
    }

    /// Runners as the dispatch knows them, and what each has.
    package var runnersNow: [(runner: DispatchRunner, holds: [DispatchLease])] {
        dispatch.runners.values.sorted { $0.id < $1.id }.map { ($0, dispatch.holds($0.id)) }
    }

    package var queuedCount: Int { dispatch.queuedCount }

    /// A runner says what it has, and asks for what it has room for; waits for an answer for as long as it allows.
    package func poll(_ runner: String, _ request: PollRequest) async -> PollAnswer {
        let start = surroundings.now()
        let hearing = dispatch.heard(
            runner, instance: request.instance, free: request.free, holds: request.holds, elsewhere: request.elsewhere,
            others: request.others,
            now: start)
        dispatch.note(refusal: request.refusal, holdbacks: request.holdbacks, of: runner)
        note(request.waits, of: runner)
        for lease in hearing.forgotten {
            lose(lease, lease.isRestored ? "It never came to its runner." : "Its runner began anew without it.")
        }
        // One poll a runner waits: the one before was given up by the runner itself.
        waiters.removeValue(forKey: runner)?.continuation.resume(returning: PollAnswer(leaseMs: dispatch.leaseMs))
        var answer = PollAnswer(leaseMs: dispatch.leaseMs)
        answer.lost = hearing.foreign
        answer.assignments = hearing.missed.compactMap { assignment($0) }
        fill(&answer, for: runner, request)
        let wait = min(max(0, request.waitMs), RunnerLimits.pollMs(ofLease: dispatch.leaseMs))
        guard answer.isEmpty, wait > 0, !isStopping, dispatch.runners[runner] != nil else { return answer }
        guard roused.remove(runner) == nil else { return answer }
        nextWaiter += 1
        let id = nextWaiter
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                waiters[runner] = Waiter(
                    id: id, request: request, deadline: start + wait, continuation: continuation)
            }
        } onCancel: {
            Task { await self.giveUp(runner, id) }
        }
    }

    /// Whether a poll of the runner waits for something to say.
    package func isPolled(by runner: String) -> Bool { waiters[runner] != nil }

    /// The runner's poll waits no longer, and neither does its next one: somebody else has something for it.
    package func rouse(_ runner: String) {
        guard let waiter = waiters.removeValue(forKey: runner) else {
            roused.insert(runner)
            return
        }
        waiter.continuation.resume(returning: PollAnswer(leaseMs: dispatch.leaseMs))
    }

    /// The runner waits here no more.
    package func calm(_ runner: String) { roused.remove(runner) }

    /// Whoever polled does not wait any more.
    private func giveUp(_ runner: String, _ id: Int) {
        guard let waiter = waiters[runner], waiter.id == id else { return }
        waiters[runner] = nil
        waiter.continuation.resume(returning: PollAnswer(leaseMs: dispatch.leaseMs))
    }

    /// Answers the polls that there is something to say to, and those that waited long enough.
    func serveWaiters() {
        let time = surroundings.now()
        let longest = RunnerLimits.pollMs(ofLease: dispatch.leaseMs)
        for (runner, waiter) in waiters {
            var answer = PollAnswer(leaseMs: dispatch.leaseMs)
            fill(&answer, for: runner, waiter.request)
            // Of a clock that was set back nobody knows when the poll is due: it is answered, and comes again.
            let isDue = waiter.deadline <= time || waiter.deadline - time > longest
            guard !answer.isEmpty || isDue else { continue }
            waiters[runner] = nil
            waiter.continuation.resume(returning: answer)
        }
        serveAttendants()
        callRunners(at: time)
    }

    /// Those that wait at other servers come for what is left.
    private func callRunners(at time: Int64) {
        guard let call = surroundings.call, isHealthy, refusal == nil else { return }
        let called = dispatch.call(now: time).filter { waiters[$0] == nil }
        if !called.isEmpty { call(called) }
    }

    private func fill(_ answer: inout PollAnswer, for runner: String, _ request: PollRequest) {
        guard isHealthy else { return }
        let time = surroundings.now()
        for lease in dispatch.holds(runner) {
            guard let run = runs[lease.demand.work.run], let job = run.jobs[lease.demand.work.job],
                !job.isAttended, let cancellation = job.cancellation, cancellation.lease == lease.key,
                !(0...Self.cancellationRepeatMs).contains(time - job.cancellationToldAt)
            else { continue }
            run.jobs[lease.demand.work.job]?.cancellationToldAt = time
            answer.cancellations.append(cancellation)
        }
        guard refusal == nil else { return }
        let taken = dispatch.take(runner, free: request.free, now: time)
        guard !taken.isEmpty else { return }
        answer.assignments += assign(taken, to: runner)
    }

    /// Claims the jobs' streams, so that whoever had them before is refused, and says what is to be done.
    private func assign(_ leases: [DispatchLease], to runner: String) -> [JobAssignment] {
        let works = leases.map(\.demand.work)
        let streams = works.map(Self.stream)
        let fences: [Int]
        do throws(DiagnosticError) {
            fences = try store.journaled { (journal) throws(JournalError) in
                try journal.claim(streams, owner: runner)
            }
        } catch {
            surroundings.report(error)
            for lease in leases {
                dispatch.release(lease.demand.work)
                dispatch.enqueue(lease.demand, atFront: true)
            }
            return []
        }
        for (work, fence) in zip(works, fences) { dispatch.fence(work, fence) }
        return works.compactMap { work in
            guard let lease = dispatch.leases[work], let assignment = assignment(lease) else { return nil }
            noteAssigned(lease)
            return assignment
        }
    }

    private func assignment(_ lease: DispatchLease) -> JobAssignment? {
        let work = lease.demand.work
        guard let run = runs[work.run] else { return nil }
        do throws(DiagnosticError) {
            let secrets = try surroundings.secrets(run.record, work.job, run.jobs[work.job]?.environment)
            guard let content = run.content(of: work.job, secrets: secrets) else { return nil }
            var assignment = JobAssignment(lease: lease.key, content: content.object, leaseMs: dispatch.leaseMs)
            assignment.cancellation = run.jobs[work.job]?.cancellation.flatMap { $0.lease == lease.key ? $0 : nil }
            return assignment
        } catch {
            let outcome = JobOutcome(.failure, reason: Reason(.setup, error.diagnostic.message))
            give(.jobFinished(work.job, attempt: work.number, outcome), to: work.run)
            return nil
        }
    }

    private func noteAssigned(_ lease: DispatchLease) {
        let work = lease.demand.work
        guard let run = runs[work.run] else { return }
        let name = runnerName(lease.runner)
        spend(lease.runner)
        intake.open(lease.key, events: run.jobs[work.job]?.events ?? 0, outcomes: run.jobs[work.job]?.outcomes ?? 0)
        let waitedMs = max(0, lease.since - lease.demand.queuedAt)
        surroundings.noted(.jobAssigned(label: lease.demand.labels.first ?? "", waitedMs: waitedMs))
        record(
            .assigned(
                work.job, number: work.number, runner: lease.runner, name: name, fence: lease.fence,
                waitedMs: waitedMs), of: run)
        publish(.jobStarted(work.job, name: run.name(of: work.job)), of: run)
        changed(run, .running)
    }

    /// What a runner must have again that began anew: its disk has no secrets.
    ///
    /// - Parameter isElsewhere: it is the job that asks, and not its runner. A cluster may replace a pod by another one of the same
    ///   lease, which has nothing of the first: once a step has begun there it gets nothing.
    package func assignment(_ key: LeaseKey, of runner: String, isElsewhere: Bool = false) -> JobAssignment? {
        // Whoever fetches it counts the lease from here on.
        guard dispatch.renew(key, by: runner, now: surroundings.now()), let lease = dispatch.leases[key.work] else {
            return nil
        }
        if isElsewhere, runs[key.work.run]?.jobs[key.work.job]?.hasBegun == true || intake.hasLogs(key.work) {
            return nil
        }
        return assignment(lease)
    }

    // MARK: what a job fetches and brings

    /// What a lease is of; `nil`: the job is not the runner's any more.
    package func record(of key: LeaseKey, heldBy runner: String) -> RunRecord? {
        guard dispatch.renew(key, by: runner, now: surroundings.now()) else { return nil }
        return runs[key.work.run]?.record
    }

    /// Does something that others see of a job, in a moment in which the lease holds.
    ///
    /// - Returns: `nil`: the job is not the runner's any more, and nothing was done.
    package func publish<Value: Sendable>(
        _ key: LeaseKey, heldBy runner: String, _ body: @Sendable () throws(DiagnosticError) -> Value
    ) throws(DiagnosticError) -> Value? {
        guard dispatch.renew(key, by: runner, now: surroundings.now()) else { return nil }
        return try body()
    }

    /// Whether a lease is another runner's.
    package func isForeign(_ key: LeaseKey, to runner: String) -> Bool {
        dispatch.leases[key.work].map { $0.fence == key.fence && $0.runner != runner } ?? false
    }

    /// All that hold now.
    package var leasesNow: Set<LeaseKey> { Set(dispatch.leases.values.map(\.key)) }

    // MARK: progress

    /// Where a job's progress stands, for a runner that goes on with it; `nil`: it is not its any more.
    package func position(_ key: LeaseKey, of runner: String) async -> ProgressPosition? {
        guard dispatch.renew(key, by: runner, now: surroundings.now()) else { return nil }
        return await intake.position(key)
    }

    /// Takes what a runner says of a job.
    ///
    /// - Returns: what the server has now; `nil`: the job is not the runner's any more.
    package func progress(_ progress: Progress, of runner: String) async throws -> ProgressPosition? {
        try checkWritable()
        let key = progress.lease
        guard dispatch.renew(key, by: runner, now: surroundings.now()) else {
            // The answer to its last word may have been lost: then that word is known.
            return isEnded(key) ? ProgressPosition(isFinished: true) : nil
        }
        let taken = try await intake.take(progress)
        guard let run = runs[key.work.run], dispatch.leases[key.work]?.fence == key.fence else { return nil }
        note(taken, of: run, key.work)
        guard let end = taken.end else { return taken.position }
        var outcome: JobOutcome
        do {
            outcome = try JobOutcome(data: .object(end.outcome))
        } catch {
            throw DiagnosticError(
                .runnerMessageInvalid, "The outcome of the job '\(key.work)' cannot be read: \(error).")
        }
        if !run.keep(outputs: end.outputs, of: key.work.job) {
            let text =
                "The outputs of the run's jobs take more than what is kept of one run. Put what is large into artifacts."
            outcome = JobOutcome(.failure, reason: Reason(.setup, text))
        }
        try await take(.jobFinished(key.work.job, attempt: key.work.number, outcome), of: key.work.run)
        var position = taken.position
        position.isFinished = true
        return position
    }

    private func checkWritable() throws(DiagnosticError) {
        if let cannot = failure ?? stall { throw cannot }
    }

    private func isEnded(_ key: LeaseKey) -> Bool {
        let state = runs[key.work.run]?.machine.state
        guard let leg = state?.leg(key.work.job) else {
            // The run is settled.
            return runs[key.work.run] == nil && store.exists(key.work.run)
        }
        return leg.phase == .finished
    }

    private func note(_ taken: ProgressIntake.Taken, of run: ServedRun, _ work: JobTry) {
        run.jobs[work.job]?.events = taken.position.events
        run.jobs[work.job]?.outcomes = taken.position.outcomes
        for (event, time) in taken.events {
            switch event {
            case .stepStarted(let started):
                run.jobs[work.job]?.hasBegun = true
                run.jobs[work.job]?.startedAt[started.attempt] = time
                let place = StepPlaceText(work.job, started.attempt)
                surroundings.feed.publish(place.object("stepStarted"), on: .run(run.run))
            case .stepFinished(let finished):
                var object = StepPlaceText(work.job, finished.attempt).object("stepFinished")
                let result = finished.result
                object["outcome"] = .string(result.outcome.rawValue)
                object["conclusion"] = .string(result.conclusion.rawValue)
                object.set("exitCode", result.exitCode.map { .number(Double($0)) })
                object.set("reason", result.reason?.data)
                object["logLines"] = .number(Double(result.logLines))
                let began = run.jobs[work.job]?.startedAt.removeValue(forKey: finished.attempt)
                object["durationMs"] = .number(Double(began.map { time - $0 } ?? 0))
                surroundings.feed.publish(object, on: .run(run.run))
            default: break
            }
        }
        for line in taken.outcomes { surroundings.feed.publish(line, on: .run(run.run)) }
    }

    // MARK: losing

    /// A lease ended without the job's end. Where no step of it had begun somebody else gets the job; else it failed.
    func lose(_ lease: DispatchLease, _ text: String) {
        let work = lease.demand.work
        intake.close(lease.key, isCutOff: true)
        guard let run = runs[work.run], let job = run.jobs[work.job], job.number == work.number else { return }
        do throws(DiagnosticError) {
            // Whatever the runner still says is refused from now on.
            _ = try store.journaled { (journal) throws(JournalError) in
                try journal.claim([Self.stream(work)], owner: StartedJob.ownerWithout)
            }
        } catch {
            surroundings.report(error)
        }
        let traces = JobTraces(
            hasBegun: job.hasBegun, hasLogs: intake.hasLogs(work), isCancelled: job.cancellation != nil)
        let returns = traces.returns
        surroundings.noted(.leaseLost(isReturned: returns))
        record(.lost(work.job, number: work.number, reason: text, isReturned: returns), of: run)
        guard !returns else {
            run.jobs[work.job] = ServedRun.Job(
                number: work.number, events: job.events, outcomes: job.outcomes, environment: job.environment)
            var demand = lease.demand
            // It did not wait while a runner had it.
            demand.queuedAt = max(now, surroundings.now())
            return dispatch.enqueue(demand, atFront: true)
        }
        give(cutOff(work, text), to: work.run)
    }

    func cutOff(_ work: JobTry, _ text: String) -> RunInput {
        let reason = Reason(.interrupted, "\(text) What it was at is not known; it is not tried again by itself.")
        return .jobFinished(work.job, attempt: work.number, JobOutcome(.failure, reason: reason))
    }

    static func stream(_ work: JobTry) -> StreamID {
        RunStore.stream(work.run, attempt: work.attempt, job: work.job, jobAttempt: work.number)
    }

    func record(_ event: DispatchEvent, of run: ServedRun) {
        var append = StreamAppend(
            DispatchEvent.stream(run.run, attempt: run.attempt), expectedVersion: run.dispatchVersion,
            events: [event.recorded])
        append.wakeUp = .unchanged
        let time = Timestamp(milliseconds: max(now, surroundings.now()))
        do throws(DiagnosticError) {
            _ = try store.journaled { (journal) throws(JournalError) in
                // It explains, and decides nothing.
                try journal.append([append], now: time, waitsForDisk: false)
            }
            run.dispatchVersion += 1
        } catch {
            surroundings.report(error)
        }
    }
}

/// A step as updates name it.
private struct StepPlaceText {
    let job: JobID
    let attempt: StepAttempt

    init(_ job: JobID, _ attempt: StepAttempt) {
        self.job = job
        self.attempt = attempt
    }

    func object(_ type: String) -> DataObject {
        [
            "type": .string(type), "job": .string(job.text), "step": .string(attempt.step.description),
            "attempt": .number(Double(attempt.number)),
        ]
    }
}
