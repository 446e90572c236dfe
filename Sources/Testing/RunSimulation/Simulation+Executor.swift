// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import RunEngine

/// The executor and the processes it starts.
extension Simulation {
    func perform(_ effect: JobEffect, of run: JobRun) {
        guard let job = live[run] else { return }
        switch effect {
        case .prepareJob:
            let failure = job.spec.prepareFails ? Reason(.setup, "The workspace could not be made.") : nil
            send(run, .prepared(failure: failure))
        case .startStep(let attempt, let flags): start(attempt, flags, of: run, job)
        case .cancelStep(let attempt, let cancellation):
            cancel(ProcessKey(job: run, step: attempt), cancellation, job)
        case .completeStep(let attempt, let outcome, let reason):
            let step = step(attempt.step, of: job)
            let forgives = outcome == .failure && step.continueOnError
            send(
                run,
                .reported(
                    attempt,
                    .finished(
                        StepResult(outcome: outcome, conclusion: forgives ? .success : outcome, reason: reason))))
        case .finishJob:
            if let index = alive.first(where: { processes[$0].key.job == run }) {
                violate("the process \(processes[index].key) is alive at its job's end")
            }
            send(run, .closed(JobClosure()))
        }
    }

    private func step(_ path: StepPath, of job: LiveJob) -> SimulatedStep {
        var steps = job.spec.steps
        var found = SimulatedStep.post
        for index in path.indexes {
            guard index <= steps.count else { return .post }
            found = steps[index - 1]
            steps = found.inner
        }
        return found
    }

    private func start(_ attempt: StepAttempt, _ flags: StatusFlags, of run: JobRun, _ job: LiveJob) {
        let step = step(attempt.step, of: job)
        guard step.condition.holds(flags) else {
            return send(run, .reported(attempt, .skipped(Reason(.condition, "Its condition was false."))))
        }
        let deadline = step.timeoutMs.map { clock + Int64($0) }
        if !step.inner.isEmpty {
            if deadline != nil {
                queue.insert(.toJob(run, .reported(attempt, .started(deadline: deadline)), epoch: epoch), at: clock)
            }
            let inner = step.inner.map { ExpandedStep(id: $0.listing.id, isBackground: $0.listing.isBackground) }
            return send(run, .reported(attempt, .expanded(steps: inner)))
        }
        startProcess(ProcessKey(job: run, step: attempt), step, job)
        send(run, .reported(attempt, .started(deadline: deadline)))
    }

    private func startProcess(_ key: ProcessKey, _ step: SimulatedStep, _ job: LiveJob) {
        if !everStarted.insert(key).inserted { return violate("the attempt \(key) is started twice") }
        if let text = ledger.mayStart(key) { return violate(text) }
        var background = step.listing.isBackground ? 1 : 0
        let scope = key.step.step.parent
        for index in alive where processes[index].key.job == key.job {
            let other = processes[index]
            if other.key.step.step == key.step.step { return violate("two attempts of \(key) are alive together") }
            if other.step.listing.isBackground {
                if other.key.step.step.parent == scope { background += 1 }
            } else if !step.listing.isBackground, !isInBackground(other.key), !isInBackground(key) {
                return violate("\(key) is started while \(other.key) is alive")
            }
        }
        if background > plan.backgroundLimit, step.listing.isBackground {
            return violate("\(background) background steps run at the same time in \(key.job.job)")
        }
        receipts.insert(key)
        let fails = step.failsOn >> UInt64(job.legNumber % 8) & 1 == 1
        let process = SimulatedProcess(
            key: key, step: step, fails: fails, startedAt: clock, epoch: epoch,
            endsAt: clock + Int64(step.durationMs))
        alive.append(processes.count)
        queue.insert(.processEnded(processes.count, version: 0), at: process.endsAt)
        processes.append(process)
    }

    /// Whether a composite step around it is in the background.
    private func isInBackground(_ key: ProcessKey) -> Bool {
        guard let state = live[key.job]?.state else { return false }
        var path: StepPath? = key.step.step
        while let current = path {
            if state.step(current)?.listing.isBackground == true { return true }
            path = current.parent
        }
        return false
    }

    private func cancel(_ key: ProcessKey, _ cancellation: StepCancellation, _ job: LiveJob) {
        guard let index = alive.first(where: { processes[$0].key == key }) else { return }
        if cancellation.mode == .unlessConditionHolds {
            var path: StepPath? = key.step.step
            var holds = true
            while let current = path {
                var flags = job.state.step(current)?.flags ?? StatusFlags()
                flags.isCancelled = true
                holds = holds && step(current, of: job).condition.holds(flags)
                path = current.parent
            }
            if holds { return }
        }
        let delay = cancellation.mode == .force ? 20 : min(processes[index].step.cancelMs, 10_000)
        let end = clock + Int64(delay)
        guard end < processes[index].endsAt else { return }
        processes[index].endsAt = end
        processes[index].version += 1
        if processes[index].cancellation == nil { processes[index].cancellation = cancellation }
        queue.insert(.processEnded(index, version: processes[index].version), at: end)
    }

    func processEnded(_ index: Int, _ version: Int) {
        guard processes[index].isAlive, processes[index].version == version else { return }
        bury(index)
        let process = processes[index]
        checkDeadline(of: process)
        // Without a coordinator nobody drains its log, so its outcome is not written.
        guard isUp, process.epoch == epoch else { return }
        if process.step.addsPostStep, process.cancellation == nil {
            feedJob(process.key.job, .postStepAdded(process.key.step, id: "post"))
            guard isUp else { return }
        }
        outcomes[process.key] = process.result
        guard survives() else { return }
        send(process.key.job, .reported(process.key.step, .finished(process.result)))
    }

    /// A killed process leaves no outcome; a supervisor's late word of it may still come.
    func kill(_ index: Int) {
        guard processes[index].isAlive else { return }
        bury(index)
        guard random.chance(percent: 25) else { return }
        let process = processes[index]
        let result = StepResult(outcome: .cancelled, reason: Reason(.interrupted, "It was killed."))
        queue.insert(
            .toJob(process.key.job, .reported(process.key.step, .finished(result)), epoch: Happening.anyEpoch),
            at: clock + Int64(random.below(30_000)))
    }

    private func bury(_ index: Int) {
        processes[index].isAlive = false
        alive.removeAll { $0 == index }
    }

    private func checkDeadline(of process: SimulatedProcess) {
        guard let timeout = process.step.timeoutMs, crashes == 0, skew == 0 else { return }
        // A started report may come 20 seconds late, and a killed process lives 10 seconds on.
        if clock - process.startedAt > Int64(max(timeout, 20_000)) + 10_500 {
            violate("\(process.key) ran \(clock - process.startedAt) ms, its timeout is \(timeout) ms")
        }
    }
}
