// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import RunEngine

/// The coordinator: decides, records, does; and takes up what a crash left.
extension Simulation {
    func feedRun(_ input: RunInput) {
        guard isUp, violation == nil else { return }
        let now = now(after: journal.run.now)
        let decision = RunMachine.step(
            input, now: now, definition: definition, state: &runState, tampering: runTampering)
        if decision.isEmpty { return }
        if defect == .actsBeforeRecording { act(decision.effects.map { .run($0) }) }
        isUnrecorded = !decision.events.isEmpty
        guard survives() else { return }
        record(decision.events, at: now)
        isUnrecorded = false
        guard survives() else { return }
        if defect != .actsBeforeRecording { pending.append(contentsOf: decision.effects.map { .run($0) }) }
        planTick(RunMachine.wakeUp(of: runState), now: now)
    }

    func feedJob(_ run: JobRun, _ input: JobInput) {
        guard isUp, violation == nil, let job = live[run] else { return }
        let now = now(after: journal.jobs[run]?.now ?? 0)
        let asked = misdirected(input, job)
        let decision = JobMachine.step(
            asked, now: now, definition: job.definition, state: &job.state, tampering: jobTampering)
        let wakeUp = JobMachine.wakeUp(of: job.state)
        let isOver = job.state.phase == .finished
        if decision.isEmpty { return }
        if defect == .actsBeforeRecording { act(decision.effects.map { .job(run, $0) }) }
        isUnrecorded = !decision.events.isEmpty
        guard survives() else { return }
        record(decision.events, of: run, at: now)
        isUnrecorded = false
        guard survives() else { return }
        if defect != .actsBeforeRecording { pending.append(contentsOf: decision.effects.map { .job(run, $0) }) }
        if isOver { pending.append(.tellRun(run)) }
        planTick(wakeUp, now: now)
    }

    private func act(_ work: [PendingWork]) {
        for item in work where isUp { perform(item) }
    }

    /// With the defect, an outcome counts whatever attempt it names.
    private func misdirected(_ input: JobInput, _ job: LiveJob) -> JobInput {
        guard defect == .takesAnyAttemptsOutcome, case .reported(let attempt, let report) = input,
            let step = job.state.step(attempt.step)
        else { return input }
        return .reported(step.stepAttempt, report)
    }

    /// Recorded time never goes back, whatever the wall clock does.
    private func now(after recorded: Int64) -> Int64 {
        if random.below(500) == 0 { skew -= Int64(random.below(4_000)) }
        return defect == .letsTimeGoBack ? clock + skew : max(clock + skew, recorded)
    }

    private func record(_ events: [RunEvent], at now: Int64) {
        for event in events { if let text = ledger.note(event, self) { violate(text) } }
        journal.note(events, of: "run", at: now)
        let version = journal.run.events.count
        let kept = partOf(events)
        if let text = journal.run.append(kept, at: now, expecting: version) { violate(text) }
    }

    private func record(_ events: [JobEvent], of run: JobRun, at now: Int64) {
        for event in events { ledger.note(event, of: run) }
        journal.note(events, of: "\(run.job).\(run.attempt)", at: now)
        let version = journal.jobs[run]?.events.count ?? 0
        let kept = partOf(events)
        if let text = journal.jobs[run, default: .init()].append(kept, at: now, expecting: version) { violate(text) }
    }

    private func partOf<Event>(_ events: [Event]) -> [Event] {
        guard defect == .losesPartOfATransaction, events.count > 1, random.below(20) == 0 else { return events }
        return events.dropLast()
    }

    /// Does what is to be done, one thing after the other; a crash between two loses the rest.
    func pump() {
        var next = 0
        while next < pending.count, violation == nil {
            let work = pending[next]
            next += 1
            perform(work)
            guard survives() else { return }
        }
        pending.removeAll(keepingCapacity: true)
    }

    private func perform(_ work: PendingWork) {
        switch work {
        case .run(.startJob(let job, let attempt)): startJob(JobRun(job: job, attempt: attempt))
        case .run(.cancelJob(let job, let attempt, let level, let reason)):
            feedJob(JobRun(job: job, attempt: attempt), .cancelRequested(level, reason))
        case .run(.acquireGroup(let holder, let request, let isHeld)):
            handle(arbiter.acquire(holder, request, isHeld: isHeld))
        case .run(.releaseGroup(let holder, let group)):
            if defect == .dropsReleases { return }
            handle(arbiter.release(holder, group: group))
            send(toRun: .groupReleased(holder.job))
        case .job(let run, let effect): perform(effect, of: run)
        case .tellRun(let run):
            guard let outcome = live[run]?.state.outcome else { return }
            if let text = ledger.ended(run, self) { violate(text) }
            feedRun(.jobFinished(run.job, attempt: run.attempt, outcome))
        }
    }

    func handle(_ answers: [GroupArbiter.Answer]) {
        for answer in answers {
            guard answer.holder.run == Self.runID else { continue }
            switch answer.verdict {
            case .granted: send(toRun: .groupGranted(answer.holder.job))
            case .superseded(let by): send(toRun: .groupSuperseded(answer.holder.job, by: by))
            case .refused(let reason): send(toRun: .groupRefused(answer.holder.job, reason))
            }
        }
    }

    static let runID = RunID(1)

    /// Starts a job's machine, goes on with it, or says again how it ended: all the same effect.
    private func startJob(_ run: JobRun) {
        if let job = live[run] {
            if job.state.phase == .finished { pending.append(.tellRun(run)) }
            return
        }
        guard let index = runState.legIndexes[run.job] else { return violate("the job \(run.job) is unknown") }
        let leg = runState.legs[index]
        let key = definition.node(of: leg.job, in: runState).key
        guard let spec = plan.byKey[key] else { return violate("the job \(key) is not in the plan") }
        var job = JobDefinition(
            job: run.job, attempt: run.attempt, planDigest: definition.planDigest, steps: spec.steps.map(\.listing))
        job.timeoutMs = leg.settings.timeoutMs
        job.cancelTimeoutMs = leg.settings.cancelTimeoutMs
        job.backgroundLimit = plan.backgroundLimit
        job.stepRetry = RetryPolicy(interruptedRetries: plan.stepRetries)
        let state = journal.jobs[run].map { JobMachine.replay($0.events) } ?? JobMachine.initialState
        live[run] = LiveJob(definition: job, state: state, spec: spec, legNumber: leg.number)
        liveOrder.append(run)
        switch state.phase {
        case .new: feedJob(run, .start)
        case .finished: pending.append(.tellRun(run))
        case .preparing, .running, .closing:
            planTick(JobMachine.wakeUp(of: state), now: clock)
            let evidence = evidence(of: run, state)
            let wasUnreliable = unreliable.remove(run) != nil
            feedJob(run, .resumed(evidence))
            if wasUnreliable, !isUp { unreliable.insert(run) }
        }
    }

    private func evidence(of run: JobRun, _ state: JobState) -> [StepAttempt: StepEvidence] {
        var evidence: [StepAttempt: StepEvidence] = [:]
        for case .startStep(let attempt, _) in JobMachine.effects(of: state) {
            let key = ProcessKey(job: run, step: attempt)
            if defect == .startsAgainWithoutEvidence {
                evidence[attempt] = .notStarted
            } else if let result = outcomes[key] {
                evidence[attempt] = .reported([.finished(result)])
            } else if receipts.contains(key) {
                evidence[attempt] = .interrupted(Reason(.interrupted, "Its process was cut off."))
            } else if !unreliable.contains(run) {
                evidence[attempt] = .notStarted
            }
        }
        return evidence
    }

    /// A new coordinator: kills what is left over, folds the journal, asks for what is in flight again.
    func resume() {
        guard !isUp else { return }
        isUp = true
        if defect != .leavesProcessesAlive { for index in alive { kill(index) } }
        runState = RunMachine.replay(journal.run.events)
        guard !journal.run.events.isEmpty else { return feedRun(.start(RunStart(run: Self.runID))) }
        planTick(RunMachine.wakeUp(of: runState), now: clock)
        pending.append(contentsOf: RunMachine.effects(of: runState).map { .run($0) })
    }

    private func planTick(_ wakeUp: Int64?, now: Int64) {
        guard let wakeUp else { return }
        let at = clock + max(0, wakeUp - now)
        guard at < nextTick else { return }
        nextTick = at
        queue.insert(.tick(epoch: epoch), at: at)
    }

    func tick() {
        guard isUp, clock >= nextTick else { return }
        nextTick = .max
        feedRunIfDue()
        for run in liveOrder where isUp {
            guard let job = live[run], let wakeUp = JobMachine.wakeUp(of: job.state) else { continue }
            let now = max(clock + skew, journal.jobs[run]?.now ?? 0)
            if wakeUp <= now { feedJob(run, .timePassed) }
            guard let state = live[run]?.state else { continue }
            planTick(JobMachine.wakeUp(of: state), now: now)
        }
    }

    private func feedRunIfDue() {
        let now = max(clock + skew, journal.run.now)
        if let wakeUp = RunMachine.wakeUp(of: runState), wakeUp <= now { feedRun(.timePassed) }
        if isUp { planTick(RunMachine.wakeUp(of: runState), now: now) }
    }
}
