// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import PipelineModel

/// What a new attempt of a run takes over from the one before, and what it runs again.
package struct RunTakeover: Hashable, Sendable {
    package var attempt: Int
    package var jobs: [TakenJob]
    package var rerun: [JobID]

    package enum Selection: Hashable, Sendable {
        case all
        /// What did not succeed: failed, cancelled, and skipped because of it.
        case failed
        /// These jobs or legs.
        case jobs([JobID])
    }

    /// Everything that depends on a selected job runs again too.
    ///
    /// - Throws: ``DiagnosticCode/unknownRerun`` where a selected job was not part of the attempt.
    package init(after state: RunState, definition: RunDefinition, selection: Selection) throws(DiagnosticError) {
        attempt = state.attempt
        jobs = []
        var marks = RerunMarks(state: state, definition: definition)
        switch selection {
        case .all: marks.markAll()
        case .failed: marks.markFailed()
        case .jobs(let ids):
            for id in ids where !marks.mark(id) {
                throw DiagnosticError(
                    .unknownRerun, "The run has no job \(id).",
                    remedy: "`martlet runs show RUN --json` lists a run's jobs with their ids.")
            }
        }
        marks.spread()
        rerun = marks.legs.isEmpty && marks.jobs.isEmpty ? [] : marks.selectedIDs.sorted()
        for job in state.jobs.indices where !marks.jobs.contains(job) {
            if let taken = marks.taken(job) { jobs.append(taken) }
        }
    }
}

/// Which jobs and legs of a finished attempt run again.
private struct RerunMarks {
    let state: RunState
    let definition: RunDefinition
    /// Jobs that run again whole.
    var jobs: Set<Int> = []
    /// Legs that run again, or that a leg inside them does.
    var legs: Set<Int> = []
    var selectedIDs: Set<JobID> = []

    init(state: RunState, definition: RunDefinition) {
        self.state = state
        self.definition = definition
    }

    mutating func markAll() {
        jobs = Set(state.jobs.indices)
        selectedIDs = Set(state.jobs.map(\.id))
    }

    mutating func markFailed() {
        for (index, leg) in state.legs.enumerated() where leg.innerScope == nil {
            if leg.outcome == .failure || leg.outcome == .cancelled { markLeg(index) }
        }
        for (index, job) in state.jobs.enumerated()
        where job.legCount == 0 && (job.result == .failure || job.result == .cancelled) { markJob(index) }
    }

    /// - Returns: false where there is no such job.
    mutating func mark(_ id: JobID) -> Bool {
        if let job = state.jobIndexes[id] {
            markJob(job)
            return true
        }
        guard let leg = state.legIndexes[id] else { return false }
        if let scope = state.legs[leg].innerScope {
            for job in state.scopes[scope].jobs { markJob(job) }
        }
        markLeg(leg)
        return true
    }

    private mutating func markJob(_ job: Int) {
        guard jobs.insert(job).inserted else { return }
        selectedIDs.insert(state.jobs[job].id)
        markCaller(of: job)
    }

    private mutating func markLeg(_ leg: Int) {
        guard legs.insert(leg).inserted else { return }
        selectedIDs.insert(state.legs[leg].id)
        markCaller(of: state.legs[leg].job)
    }

    /// A call is entered again where a job inside it runs again.
    private mutating func markCaller(of job: Int) {
        guard let caller = state.scopes[state.jobs[job].scope].caller else { return }
        legs.insert(caller)
        markCaller(of: state.legs[caller].job)
    }

    /// Marks what depends on what is marked. Jobs of a scope may stand in any order, so it repeats until still.
    mutating func spread() {
        var agenda = Array(jobs) + legs.map { state.legs[$0].job }
        var seen = Set(agenda)
        while let job = agenda.popLast() {
            let scope = state.scopes[state.jobs[job].scope]
            for dependent in definition.node(of: job, in: state).dependents {
                let other = scope.firstJob + dependent
                markWhole(other)
                if seen.insert(other).inserted { agenda.append(other) }
            }
            if let caller = scope.caller, seen.insert(state.legs[caller].job).inserted {
                legs.insert(caller)
                agenda.append(state.legs[caller].job)
            }
        }
    }

    private mutating func markWhole(_ job: Int) {
        markJob(job)
        for leg in state.jobs[job].legs {
            guard let scope = state.legs[leg].innerScope else { continue }
            for inner in state.scopes[scope].jobs { markWhole(inner) }
        }
    }

    /// What stands of a job; `nil` where nothing does.
    func taken(_ job: Int) -> TakenJob? {
        let old = state.jobs[job]
        guard let result = old.result else { return nil }
        let isCall = definition.node(of: job, in: state).call != nil
        let isTouched = old.legs.contains { legs.contains($0) }
        // The jobs of an untouched call are not instantiated again: the call's own result stands for them.
        if isInUntouchedCall(job) { return nil }
        if isTouched && isCall { return nil }
        var taken = TakenJob(job: old.id, result: result, reason: old.reason?.listed, isComplete: !isTouched)
        guard old.legCount > 0 else { return taken }
        let standing = old.legs.filter { !legs.contains($0) }
        taken.legs = standing.map { TakenLeg(leg: state.legs[$0], runAttempt: state.attempt) }
        if !isTouched {
            taken.expansion = JobExpansion(
                legs: old.legs.map { state.legs[$0].settings },
                isMatrix: old.legs.count > 1 || state.legs[old.firstLeg].id != old.id,
                failFast: old.failFast, maxParallel: old.maxParallel)
        }
        return taken
    }

    private func isInUntouchedCall(_ job: Int) -> Bool {
        guard let caller = state.scopes[state.jobs[job].scope].caller else { return false }
        return !legs.contains(caller) || isInUntouchedCall(state.legs[caller].job)
    }
}
