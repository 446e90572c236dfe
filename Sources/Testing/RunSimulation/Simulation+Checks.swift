// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import RunEngine
internal import StructuredData

/// What must hold at a crash, and at the end.
extension Simulation {
    /// The fold of the journal is the state that the coordinator had; so are the effects in flight.
    func checkReplay() {
        // A crash before the append leaves a state in memory that was never recorded.
        guard !isUnrecorded else { return }
        let replayed = RunMachine.replay(journal.run.events)
        if replayed != runState { violate("the run's replay gives another state") }
        if RunMachine.effects(of: replayed) != RunMachine.effects(of: runState) {
            violate("the run's replay has other effects in flight")
        }
        for run in liveOrder {
            guard let state = live[run]?.state, let stream = journal.jobs[run] else { continue }
            if JobMachine.replay(stream.events) != state { violate("the replay of \(run.job) gives another state") }
        }
    }

    func checkEnd() {
        if !isUp { return violate("the coordinator is down for good") }
        if RunMachine.replay(journal.run.events) != runState { return violate("the run's replay gives another state") }
        if runState.phase != .finished { return violate("the run does not end: nothing is left to happen") }
        if !alive.isEmpty { return violate("processes are left over") }
        for job in runState.jobs where job.phase != .finished { return violate("\(job.id) reached no final state") }
        for leg in runState.legs where leg.phase != .finished { return violate("\(leg.id) reached no final state") }
        if let effect = RunMachine.effects(of: runState).first { return violate("an effect is left over: \(effect)") }
        if RunMachine.wakeUp(of: runState) != nil { return violate("the finished run wants a tick") }
        for group in ["deploy", "docs"] where arbiter.holder(of: group)?.run == Self.runID {
            return violate("the group \(group) is never released")
        }
        checkJobs()
        if violation == nil { checkConclusion() }
        if violation == nil, seed % 64 == 0 { checkCoding() }
    }

    private func checkJobs() {
        for (run, stream) in journal.jobs {
            let state = JobMachine.replay(stream.events)
            if state.phase != .finished { return violate("the job \(run.job) does not end") }
            if let held = live[run]?.state, held != state { return violate("\(run.job)'s replay gives another state") }
            if let effect = JobMachine.effects(of: state).first { return violate("left over: \(effect)") }
            for step in state.steps where step.phase != .finished {
                return violate("\(run.job): the step \(step.path) reached no final state")
            }
        }
    }

    private func checkConclusion() {
        let oracle = RunOracle(plan: plan, events: journal.run.events) { [ledger] in ledger.outcome(of: $0) }
        if let text = oracle.check(cancelsJobs: hasCancelledAJob) { violate(text) }
    }

    /// Every event reads back as it was written, through JSON.
    private func checkCoding() {
        for event in journal.run.events { checkCoding(event) }
        for stream in journal.jobs.values { for event in stream.events { checkCoding(event) } }
    }

    private func checkCoding<Event: MachineEvent>(_ event: Event) {
        let text = event.payload.jsonText()
        if text.utf8.count > EngineLimits.eventBytes { violate("\(event.typeName) is too long") }
        do {
            let payload = try DataValue(json: text)
            let again = try Event(typeName: event.typeName, version: event.version, payload: payload)
            if again != event { violate("\(event.typeName) does not read back: \(text)") }
        } catch {
            violate("\(event.typeName) does not read back: \(error)")
        }
    }

    func transcriptLines() -> [String] {
        let start = journal.transcript.first?.time ?? 0
        return journal.transcript.map { line in
            "+\(line.time - start) ms  \(line.stream)  \(line.event.typeName) \(line.event.payload.jsonText())"
        }
    }
}
