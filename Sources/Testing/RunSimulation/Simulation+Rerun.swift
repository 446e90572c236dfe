// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import PipelineModel
internal import RunEngine

/// A second attempt of a finished run, in a world where everything succeeds.
extension Simulation {
    /// Runs again what did not succeed.
    ///
    /// - Returns: what is wrong with the second attempt; `nil` where nothing is, or where there is no first.
    package func rerunComplaint() -> String? {
        guard violation == nil, runState.phase == .finished else { return nil }
        do {
            let takeover = try RunTakeover(after: runState, definition: definition, selection: .failed)
            return complaint(about: takeover)
        } catch {
            return "the takeover is refused: \(error.diagnostic.message)"
        }
    }

    private func complaint(about takeover: RunTakeover) -> String? {
        var state = RunMachine.initialState
        var events: [RunEvent] = []
        var inputs: [RunInput] = [.start(RunStart(run: Self.runID, attempt: 2, takeover: takeover))]
        var started: Set<JobID> = []
        while !inputs.isEmpty {
            let decision = RunMachine.step(inputs.removeFirst(), now: clock, definition: definition, state: &state)
            events += decision.events
            for effect in decision.effects {
                switch effect {
                case .startJob(let job, let attempt):
                    started.insert(job)
                    inputs.append(.jobFinished(job, attempt: attempt, JobOutcome(.success)))
                case .acquireGroup(let holder, _, _): inputs.append(.groupGranted(holder.job))
                case .releaseGroup(let holder, _): inputs.append(.groupReleased(holder.job))
                case .cancelJob: break
                }
            }
        }
        if state.phase != .finished { return "the second attempt does not end" }
        if !RunMachine.effects(of: state).isEmpty { return "the second attempt leaves effects" }
        if RunMachine.replay(events) != state { return "the second attempt's replay gives another state" }
        return complaint(about: takeover, state, started)
    }

    private func complaint(about takeover: RunTakeover, _ state: RunState, _ started: Set<JobID>) -> String? {
        for taken in takeover.jobs {
            if taken.isComplete, let job = state.job(taken.job), job.result != taken.result {
                return
                    "\(taken.job) was \(taken.result) and is taken over as \(job.result.map(\.rawValue) ?? "nothing")"
            }
        }
        for leg in runState.legs where leg.innerScope == nil {
            let isGood = leg.outcome == .success || leg.outcome == .skipped
            if !isGood, state.leg(leg.id)?.takenFrom != nil { return "\(leg.id) failed and is taken over" }
        }
        for leg in state.legs where leg.takenFrom != nil && started.contains(leg.id) {
            return "\(leg.id) is taken over and runs"
        }
        return nil
    }
}
