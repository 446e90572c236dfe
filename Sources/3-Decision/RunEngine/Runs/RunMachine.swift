// SPDX-License-Identifier: Apache-2.0

package import PipelineModel

/// Carries the jobs of a run from their needs to its conclusion.
///
/// | of    | from             | event           | to        | when                                                      |
/// |-------|------------------|-----------------|-----------|-----------------------------------------------------------|
/// | run   | new              | runStarted      | running   | asked to start                                            |
/// | run   | running          | groupAsked      | waiting   | the workflow has a concurrency group                      |
/// | run   | waiting          | groupHeld       | running   | the arbiter granted it                                    |
/// | run   | running, waiting | runFinished     | finished  | its last job is over                                      |
/// | job   | waiting          | jobExpanded     | expanded  | its needs are over and its condition held                 |
/// | job   | waiting          | jobFinished     | finished  | condition false, invalid, unavailable, cancelled          |
/// | job   | expanded         | jobFinished     | finished  | its last leg is over                                      |
/// | leg   | planned          | groupAsked      | grouping  | `max-parallel` allows, and it has a concurrency group     |
/// | leg   | planned          | legQueued       | queued    | `max-parallel` allows, the runner is full                 |
/// | leg   | planned          | legStarted      | running   | `max-parallel` and the runner allow, or it is a call      |
/// | leg   | grouping         | groupHeld       | planned   | the arbiter granted it                                    |
/// | leg   | queued           | legStarted      | running   | a place came free                                         |
/// | leg   | running          | legRetried      | running   | cut off, and the policy allows another attempt            |
/// | leg   | planned          | legFinished     | finished  | cancelled, unavailable, taken over                        |
/// | leg   | grouping         | legFinished     | finished  | cancelled, superseded, refused                            |
/// | leg   | queued           | legFinished     | finished  | cancelled                                                 |
/// | leg   | running          | legFinished     | finished  | its outcome came, or its last deadline passed             |
/// | claim | none             | groupAsked      | asked     | it is wanted                                              |
/// | claim | asked            | groupHeld       | held      | the arbiter granted it                                    |
/// | claim | asked, held      | legFinished     | releasing | the leg is over                                           |
/// | claim | asked, held      | runFinished     | releasing | the run is over                                           |
/// | claim | releasing        | groupReleased   | released  | the arbiter confirmed                                     |
package enum RunMachine: Machine {
    package typealias State = RunState
    package typealias Input = RunInput
    package typealias Event = RunEvent
    package typealias Effect = RunEffect
    package typealias Definition = RunDefinition

    package static var initialState: RunState { RunState() }

    package static func decide(_ input: RunInput, in transition: inout Transition<RunMachine>) {
        if case .start(let start) = input {
            if transition.state.phase == .new { transition.start(start) }
        } else if transition.state.phase != .new {
            transition.take(input)
        }
        transition.judgeAgenda()
        transition.fillRunner()
    }

    package static func wakeUp(of state: RunState) -> Int64? {
        state.phase == .finished ? nil : state.deadlines.first?.time
    }

    package static func effects(of state: RunState) -> [RunEffect] {
        var effects: [RunEffect] = []
        if let claim = state.group { effects.append(contentsOf: claimEffects(claim, of: state.holder(nil))) }
        for leg in state.legs {
            if let claim = leg.group { effects.append(contentsOf: claimEffects(claim, of: state.holder(leg.id))) }
            guard leg.phase == .running, leg.isOccupying else { continue }
            effects.append(.startJob(leg.id, attempt: leg.attempt))
            if leg.cancel > .none, let reason = leg.cancelReason {
                effects.append(.cancelJob(leg.id, attempt: leg.attempt, leg.cancel, reason))
            }
        }
        return effects
    }

    private static func claimEffects(_ claim: GroupClaim, of holder: GroupHolder) -> [RunEffect] {
        switch claim.phase {
        case .asked: [.acquireGroup(holder, claim.request, isHeld: false)]
        case .held: [.acquireGroup(holder, claim.request, isHeld: true)]
        case .releasing: [.releaseGroup(holder, group: claim.request.group)]
        case .released: []
        }
    }
}

extension RunState {
    package func holder(_ leg: JobID?) -> GroupHolder { GroupHolder(run: run, attempt: attempt, job: leg) }
}

extension Transition<RunMachine> {
    fileprivate mutating func take(_ input: RunInput) {
        switch input {
        case .start: break
        case .groupGranted(let leg): groupGranted(leg)
        case .groupSuperseded(let leg, let by): groupSuperseded(leg, by: by)
        case .groupRefused(let leg, let reason): groupRefused(leg, reason)
        case .groupReleased(let leg): groupReleased(leg)
        case .jobFinished(let leg, let attempt, let outcome): jobReported(leg, attempt: attempt, outcome)
        case .cancelRequested(.run, let level, let reason): cancelRun(level, reason)
        case .cancelRequested(.job(let id), let level, let reason): cancelJob(id, level, reason)
        case .capacityChanged(let capacity):
            if state.phase != .finished, capacity != state.capacity {
                record(.capacityChanged(CapacityChanged(capacity: max(1, capacity))))
            }
        case .timePassed: endOverdueLegs()
        }
    }

    fileprivate mutating func start(_ start: RunStart) {
        record(
            .runStarted(
                RunStarted(
                    run: start.run, attempt: start.attempt, planDigest: definition.planDigest,
                    capacity: definition.settings.capacity, previousAttempt: start.takeover?.attempt,
                    rerun: Array(start.takeover?.rerun.prefix(EngineLimits.idChunk) ?? []))))
        if let takeover = start.takeover {
            let pieces = takeover.jobs.flatMap(\.pieces)
            for chunk in pieces.chunks(of: EngineLimits.listChunk, weighing: { max(1, $0.legs.count) }) {
                record(.resultsTakenOver(ResultsTakenOver(attempt: takeover.attempt, jobs: chunk)))
            }
        }
        openScope(caller: nil, template: 0)
        switch definition.evaluator.runConcurrency() {
        case .none:
            enterScope(0)
        case .group(let request):
            record(.groupAsked(GroupAsked(leg: nil, request: request)))
            self.request(.acquireGroup(state.holder(nil), request, isHeld: false))
        case .invalid(let reason):
            endScope(0, as: .failure, reason)
        }
    }

    /// Lists the jobs of a workflow file in this run.
    mutating func openScope(caller: JobID?, template: Int) {
        let ids = definition.scopes[template].nodes.map { definition.nodes[$0].localID }
        var continues = false
        for chunk in ids.chunks(of: EngineLimits.idChunk) {
            record(.jobsListed(JobsListed(caller: caller, jobs: chunk, continues: continues)))
            continues = true
        }
        if !continues { record(.jobsListed(JobsListed(caller: caller, jobs: [], continues: false))) }
    }

    /// Puts the jobs that need none on the agenda.
    mutating func enterScope(_ scope: Int) {
        let first = state.scopes[scope].firstJob
        let nodes = definition.scopes[definition.template(of: scope, in: state)].nodes
        if nodes.isEmpty { return scopeEnded(scope) }
        for (place, node) in nodes.enumerated() where definition.nodes[node].needs.isEmpty {
            agenda.append(first + place)
        }
    }

    /// Ends every job of a scope that was never entered.
    mutating func endScope(_ scope: Int, as result: Conclusion, _ reason: Reason) {
        let range = state.scopes[scope].jobs
        if range.isEmpty { return scopeEnded(scope) }
        for job in range where state.jobs[job].phase == .waiting {
            record(
                .jobFinished(
                    JobFinished(
                        job: state.jobs[job].id, result: result, reason: reason, lineage: JobStatusFlags(result))))
        }
        if state.scopes[scope].openJobs == 0 { scopeEnded(scope) }
    }

    private mutating func groupGranted(_ leg: JobID?) {
        guard let id = leg else {
            guard state.phase == .waiting else { return }
            record(.groupHeld(GroupHeld(leg: nil)))
            return enterScope(0)
        }
        guard let index = state.legIndexes[id], state.legs[index].phase == .grouping else { return }
        record(.groupHeld(GroupHeld(leg: id)))
        startLeg(index)
    }

    private mutating func groupSuperseded(_ leg: JobID?, by: String) {
        let reason = Reason(.concurrency, "\(by) took its place in its concurrency group.")
        guard let id = leg else {
            guard state.group?.phase == .asked || state.group?.phase == .held else { return }
            return cancelRun(.soft, reason)
        }
        guard let index = state.legIndexes[id] else { return }
        cancelLeg(index, .soft, reason)
    }

    private mutating func groupRefused(_ leg: JobID?, _ reason: Reason) {
        guard let id = leg else {
            if state.phase == .waiting { cancelRun(.force, reason) }
            return
        }
        guard let index = state.legIndexes[id], state.legs[index].phase == .grouping else { return }
        endLeg(index, JobOutcome(.cancelled, reason: reason))
    }

    private mutating func groupReleased(_ leg: JobID?) {
        let claim = leg.map { state.leg($0)?.group } ?? state.group
        guard claim?.phase == .releasing else { return }
        record(.groupReleased(GroupReleased(leg: leg)))
    }
}

extension RunScope {
    package var jobs: Range<Int> { firstJob..<firstJob + jobCount }
}

extension RunDefinition {
    /// Which workflow file a scope of a run instantiates.
    package func template(of scope: Int, in state: RunState) -> Int {
        guard let caller = state.scopes[scope].caller else { return 0 }
        return node(of: state.legs[caller].job, in: state).call ?? 0
    }

    package func node(of job: Int, in state: RunState) -> RunNode {
        let scope = state.jobs[job].scope
        let template = template(of: scope, in: state)
        return nodes[scopes[template].nodes[job - state.scopes[scope].firstJob]]
    }
}

extension Array {
    func chunks(of size: Int) -> [[Element]] { chunks(of: size) { _ in 1 } }

    /// In order, each chunk as heavy as `size` allows.
    func chunks(of size: Int, weighing weight: (Element) -> Int) -> [[Element]] {
        var chunks: [[Element]] = []
        var room = 0
        for element in self {
            let heavy = weight(element)
            if chunks.isEmpty || heavy > room {
                chunks.append([])
                room = size
            }
            chunks[chunks.count - 1].append(element)
            room -= heavy
        }
        return chunks
    }
}
