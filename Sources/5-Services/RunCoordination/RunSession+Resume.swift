// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import EventJournal
internal import FileAccess
internal import PipelineModel
internal import ProcessControl
internal import RunEngine
internal import StepExecution
internal import StructuredData

/// Going on with a run that was cut off.
extension RunSession {
    /// Kills what is left over, folds the journal, asks for evidence of what was in flight, and drives the run to its end.
    package func resume() throws(DiagnosticError) -> RunOutcome {
        let stream = RunStore.stream(run, attempt: attempt)
        let recorded = try store.journaled { (journal) throws(JournalError) in try journal.events(of: stream) }
        // Even where no event stands on them yet: what is added must follow what is there.
        evaluator.restore(try values.load())
        guard !recorded.isEmpty else { return try start() }
        for (event, time) in try machine.replay(recorded) {
            times.note(event, at: time)
            if case .runFinished = event {
                throw DiagnosticError(
                    .runFinishedAlready, "Run \(run) is over.", remedy: "Start it anew with: martlet run")
            }
        }
        // First whatever is left of it ends: no two attempts of a step are ever alive together.
        ground.endLeftovers()
        observer.update(
            .runStarted(
                run, attempt: attempt, workflow: record.plan.workflowName, title: record.title,
                digest: machine.definition.planDigest))
        ground.rerunPoint = try RerunPoint.load(ground)
        try sweepEnded()
        ground.sweepContainers()
        for effect in RunMachine.effects(of: machine.state) {
            if case .startJob(let id, let number) = effect { try resumeJob(id, number) } else { perform(effect) }
        }
        enqueue(.run(.timePassed))
        return try drive()
    }

    /// Jobs that were over when the earlier process died while it swept after them.
    private func sweepEnded() throws(DiagnosticError) {
        let work = "\(store.root)/work/\(run)"
        guard Files.isDirectory(work) else { return }
        let left = Set(try Trees.list(work).map(\.name))
        for leg in machine.state.legs where leg.phase == .finished && left.contains(RunStore.fileName(leg.id)) {
            let isSuccess = machine.state.jobs[leg.job].result == .success
            JobEnvironment.sweep(ground, job: leg.id, succeeded: isSuccess)
        }
    }

    private func resumeJob(_ id: JobID, _ number: Int) throws(DiagnosticError) {
        guard let leg = machine.state.leg(id), let planned = record.plan.jobs.first(where: { $0.key == id.key }),
            case .steps(let steps) = planned.work
        else { return }
        _ = try LeftoverSweep(runID: ground.identity(of: id).marker).run()
        let job = JobSession(ground, id: id, number: number, leg: leg.settings, steps: steps, needs: needs(of: id))
        jobs[id] = job
        observer.update(.jobStarted(id, name: name(of: id)))
        try job.resume()
    }
}

extension JobSession {
    /// Folds the job's own history; what was in flight is judged by the evidence that the executor finds.
    func resume() throws(DiagnosticError) {
        let stream = machine.stream
        let recorded = try ground.store.journaled { (journal) throws(JournalError) in try journal.events(of: stream) }
        guard !recorded.isEmpty else { return begin() }
        for (event, time) in try machine.replay(recorded) { note(event, at: time) }
        if let outcome {
            // They were sealed before the end was recorded; whoever is to have them may not have heard of it.
            ground.evaluator.keep(outputs: try sealedOutputs(), of: id)
            ground.driver?.finished(id, attempt: number, outcome)
            return
        }
        let effects = JobMachine.effects(of: machine.state)
        let host = try makeHost()
        self.host = host
        let evidence = try host.restore()
        if machine.state.phase == .preparing { try takeOver(host) }
        // The executor is made ready first; then what was in flight goes on.
        guard machine.state.phase == .running else {
            pending = machine.state.phase == .preparing ? nil : .effects(effects)
            host.prepare()
            return
        }
        var found: [StepAttempt: StepEvidence] = [:]
        for case .startStep(let attempt, _) in effects {
            found[attempt] = Self.evidence(evidence[attempt])
            if case .interrupted = evidence[attempt] { endLog(of: attempt) }
            if case .reported = evidence[attempt] { expectAnswer(attempt) }
        }
        pending = .evidence(found)
        host.prepare()
    }

    private func sealedOutputs() throws(DiagnosticError) -> DataObject {
        let folder = ground.store.jobFolder(ground.run, ground.attempt, id)
        let record = SealedRecord(
            path: folder + "/record", key: ground.store.key, job: ground.identity(of: id).text)
        var outputs = DataObject()
        for case .outputs(let pairs) in try record.frames() {
            for pair in pairs { outputs[pair.name] = .string(pair.value) }
        }
        return outputs
    }

    private static func evidence(_ evidence: AttemptEvidence) -> StepEvidence {
        switch evidence {
        case .notStarted: .notStarted
        case .reported(let report): .reported([report])
        // Whether the failure counts is asked once the executor is ready to evaluate that.
        case .interrupted(let reason): .interrupted(reason)
        }
    }
}
