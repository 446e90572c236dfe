// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import EventJournal
package import PipelineModel
internal import RunEngine

/// A new attempt of a run that is over.
extension RunSession {
    /// What of the run is to run again.
    package enum Selection: Hashable, Sendable {
        case all
        /// What did not succeed, and what depends on it.
        case failed
        /// These jobs or legs, and what depends on them.
        case jobs([JobID])
        /// A job goes on with a step (`job/step`), and what depends on the job runs again.
        case from(String)
    }

    /// Runs a part of the run again; this session's attempt is the new one. What does not run again keeps its results and
    /// outputs.
    ///
    /// - Throws: where the attempt before has no end, or nothing of it is to run again.
    package func rerun(_ selection: Selection) throws(DiagnosticError) -> RunOutcome {
        let previous = attempt - 1
        let stream = RunStore.stream(run, attempt: previous)
        let recorded = try store.journaled { (journal) throws(JournalError) in try journal.events(of: stream) }
        var old = MachineStream<RunMachine>(stream, definition: machine.definition)
        let events = try old.replay(recorded)
        // Groups are let go after the end.
        let isOver = events.contains { if case .runFinished = $0.event { true } else { false } }
        guard isOver else {
            throw DiagnosticError(
                .runNotFinished, "Run \(run) has no end yet.",
                remedy: "Wait for it, or go on with it: martlet run --resume \(run)")
        }
        let takeover = try RunTakeover(
            after: old.state, definition: machine.definition, selection: try chosen(selection, old.state))
        guard !takeover.rerun.isEmpty else {
            throw DiagnosticError(
                .nothingToRerun, "Everything in run \(run) succeeded or was skipped.",
                remedy: "Leave out --failed to run all of it again.")
        }
        if case .from(let text) = selection {
            let (job, step) = try RerunPoint.split(text, run) { old.state.leg($0) != nil }
            let source = old.state.leg(job)?.takenFrom ?? previous
            let point = try RerunPoint(ground, job: job, attempt: source, step: step)
            try point.save(ground)
            ground.rerunPoint = point
        }
        // All that the new attempt stands on is in its own record, for a resume.
        evaluator.takeOver(try ValuesRecord(store: store, run: run, attempt: previous).load())
        observer.update(
            .runStarted(
                run, attempt: attempt, workflow: record.plan.workflowName, title: record.title,
                digest: machine.definition.planDigest))
        enqueue(.run(.start(RunStart(run: run, attempt: attempt, takeover: takeover))))
        return try drive()
    }

    private func chosen(
        _ selection: Selection, _ state: RunState
    ) throws(DiagnosticError) -> RunTakeover.Selection {
        switch selection {
        case .all: .all
        case .failed: .failed
        case .jobs(let ids): .jobs(ids)
        case .from(let text): .jobs([try RerunPoint.split(text, run) { state.leg($0) != nil }.job])
        }
    }
}
