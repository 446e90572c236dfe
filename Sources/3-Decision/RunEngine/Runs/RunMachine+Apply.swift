// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel

extension RunMachine {
    package static func apply(_ event: RunEvent, to state: inout RunState) {
        switch event {
        case .runStarted(let body): apply(body, to: &state)
        case .resultsTakenOver(let body):
            for job in body.jobs {
                if state.taken[job.job] == nil { state.taken[job.job] = job } else { state.taken[job.job]?.merge(job) }
            }
        case .jobsListed(let body): apply(body, to: &state)
        case .jobExpanded(let body): apply(body, to: &state)
        case .legQueued(let body): apply(body, to: &state)
        case .legStarted(let body): apply(body, to: &state)
        case .legCancelling(let body): apply(body, to: &state)
        case .legRetried(let body): apply(body, to: &state)
        case .legFinished(let body): apply(body, to: &state)
        case .failFastTripped(let body): state.withJob(body.job) { $0.isFailFastTripped = true }
        case .jobFinished(let body): apply(body, to: &state)
        case .groupAsked(let body): apply(body, to: &state)
        case .groupHeld(let body): apply(body, to: &state)
        case .groupReleased(let body): apply(body, to: &state)
        case .waitingJobCancelled(let body): state.withJob(body.job) { $0.cancelReason = body.reason }
        case .runCancelling(let body):
            state.cancel = body.level
            state.cancelReason = body.reason
        case .capacityChanged(let body): state.capacity = body.capacity
        case .runFinished(let body): apply(body, to: &state)
        }
    }

    private static func apply(_ body: RunStarted, to state: inout RunState) {
        state.phase = .running
        state.run = body.run
        state.attempt = body.attempt
        state.planDigest = body.planDigest
        state.capacity = body.capacity
        state.previousAttempt = body.previousAttempt
    }

    private static func apply(_ body: JobsListed, to state: inout RunState) {
        let caller = body.caller.flatMap { state.legIndexes[$0] }
        if !body.continues {
            let scope = RunScope(caller: caller, firstJob: state.jobs.count, jobCount: 0, openJobs: 0)
            state.scopes.append(scope)
            if let caller { state.legs[caller].innerScope = state.scopes.count - 1 }
        }
        let scope = state.scopes.count - 1
        let prefix = body.caller.map { $0.text + "/" } ?? ""
        for id in body.jobs {
            let job = RunJob(id: JobID(prefix.isEmpty ? id : prefix + id), scope: scope)
            state.jobIndexes[job.id] = state.jobs.count
            state.jobs.append(job)
        }
        state.scopes[scope].jobCount += body.jobs.count
        state.scopes[scope].openJobs += body.jobs.count
    }

    private static func apply(_ body: JobExpanded, to state: inout RunState) {
        guard let job = state.jobIndexes[body.job] else { return }
        if !body.continues {
            state.jobs[job].phase = .expanded
            state.jobs[job].firstLeg = state.legs.count
            state.jobs[job].nextLeg = state.legs.count
            state.jobs[job].maxParallel = body.maxParallel
            state.jobs[job].failFast = body.failFast
        }
        for settings in body.legs {
            state.jobs[job].legCount += 1
            let number = state.jobs[job].legCount
            let id = body.isMatrix ? JobID("\(body.job.text)#\(number)") : body.job
            state.legIndexes[id] = state.legs.count
            state.legs.append(RunLeg(id: id, job: job, number: number, settings: settings))
        }
        state.jobs[job].openLegs += body.legs.count
    }

    private static func apply(_ body: LegQueued, to state: inout RunState) {
        guard let leg = state.legIndexes[body.leg] else { return }
        state.activate(leg)
        state.legs[leg].phase = .queued
        state.queue.append(leg)
    }

    private static func apply(_ body: LegStarted, to state: inout RunState) {
        guard let leg = state.legIndexes[body.leg] else { return }
        state.activate(leg)
        state.legs[leg].phase = .running
        state.legs[leg].attempt = body.attempt
        state.passQueue()
        guard let deadline = body.deadline else { return }
        state.legs[leg].isOccupying = true
        state.occupied += 1
        state.setDeadline(deadline, of: leg)
    }

    private static func apply(_ body: LegCancelling, to state: inout RunState) {
        guard let leg = state.legIndexes[body.leg] else { return }
        state.legs[leg].cancel = body.level
        state.legs[leg].cancelReason = body.reason
        if let deadline = body.deadline { state.setDeadline(deadline, of: leg) }
    }

    private static func apply(_ body: LegRetried, to state: inout RunState) {
        guard let leg = state.legIndexes[body.leg] else { return }
        state.legs[leg].attempt = body.attempt
        if let deadline = body.deadline { state.setDeadline(deadline, of: leg) }
    }

    private static func apply(_ body: LegFinished, to state: inout RunState) {
        guard let leg = state.legIndexes[body.leg] else { return }
        let job = state.legs[leg].job
        if state.legs[leg].isActive { state.jobs[job].activeLegs -= 1 }
        if state.legs[leg].isOccupying { state.occupied -= 1 }
        state.legs[leg].isActive = false
        state.legs[leg].isOccupying = false
        state.legs[leg].phase = .finished
        state.legs[leg].attempt = body.attempt
        state.legs[leg].outcome = body.outcome.conclusion
        state.legs[leg].conclusion = body.conclusion
        state.legs[leg].reason = body.outcome.reason
        state.legs[leg].outputNames = body.outcome.outputNames
        state.legs[leg].recordDigest = body.outcome.recordDigest
        state.legs[leg].takenFrom = body.takenFrom
        state.legs[leg].deadline = nil
        state.legs[leg].group?.release()
        state.jobs[job].openLegs -= 1
        state.jobs[job].tally.add(body.conclusion)
        state.advanceLegs(of: job)
        state.passQueue()
        state.passDeadlines()
    }

    private static func apply(_ body: JobFinished, to state: inout RunState) {
        guard let job = state.jobIndexes[body.job] else { return }
        state.jobs[job].phase = .finished
        state.jobs[job].result = body.result
        state.jobs[job].reason = body.reason
        state.jobs[job].lineage = body.lineage
        let scope = state.jobs[job].scope
        state.scopes[scope].openJobs -= 1
        state.scopes[scope].tally.add(body.result)
        state.taken[body.job] = nil
        if body.isUnavailable { state.hasUnavailable = true }
    }

    private static func apply(_ body: GroupAsked, to state: inout RunState) {
        guard let id = body.leg else {
            state.group = GroupClaim(request: body.request)
            state.phase = .waiting
            return
        }
        guard let leg = state.legIndexes[id] else { return }
        state.legs[leg].group = GroupClaim(request: body.request)
        state.legs[leg].phase = .grouping
        state.activate(leg)
    }

    private static func apply(_ body: GroupHeld, to state: inout RunState) {
        guard let id = body.leg else {
            state.group?.phase = .held
            state.phase = .running
            return
        }
        guard let leg = state.legIndexes[id] else { return }
        state.legs[leg].group?.phase = .held
        state.legs[leg].phase = .planned
    }

    private static func apply(_ body: GroupReleased, to state: inout RunState) {
        guard let id = body.leg else {
            state.group?.phase = .released
            return
        }
        guard let leg = state.legIndexes[id] else { return }
        state.legs[leg].group?.phase = .released
    }

    private static func apply(_ body: RunFinished, to state: inout RunState) {
        state.phase = .finished
        state.conclusion = body.conclusion
        state.reason = body.reason
        state.group?.release()
    }
}

extension GroupClaim {
    fileprivate mutating func release() {
        if phase == .asked || phase == .held { phase = .releasing }
    }
}

extension RunState {
    fileprivate mutating func withJob(_ id: JobID, _ change: (inout RunJob) -> Void) {
        if let job = jobIndexes[id] { change(&jobs[job]) }
    }

    fileprivate mutating func activate(_ leg: Int) {
        guard !legs[leg].isActive else { return }
        legs[leg].isActive = true
        let job = legs[leg].job
        jobs[job].activeLegs += 1
        advanceLegs(of: job)
    }

    /// Moves past legs that were started, or ended before they were.
    fileprivate mutating func advanceLegs(of job: Int) {
        let end = jobs[job].legs.upperBound
        while jobs[job].nextLeg < end,
            legs[jobs[job].nextLeg].isActive || legs[jobs[job].nextLeg].phase == .finished
        {
            jobs[job].nextLeg += 1
        }
    }

    fileprivate mutating func passQueue() {
        queue.dropFirst { legs[$0].phase != .queued }
    }

    fileprivate mutating func setDeadline(_ deadline: Int64, of leg: Int) {
        legs[leg].deadline = deadline
        deadlines.insert(deadline, index: leg)
        passDeadlines()
    }

    fileprivate mutating func passDeadlines() {
        deadlines.dropStale { legs[$1].deadline != $0 }
    }
}
