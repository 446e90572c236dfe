// SPDX-License-Identifier: Apache-2.0

package import PipelineModel
package import RunEngine

/// Says how a run must have ended, from its plan and from what its jobs' own streams say: a plain recursive evaluator
/// over the finished history, made another way than the machine.
package final class RunOracle {
    private let plan: SimulatedPlan
    private let endOf: (JobRun) -> JobOutcome?
    private var judgedAt: [JobID: Int] = [:]
    private var expandedJobs: Set<JobID> = []
    private var results: [JobID: JobFinished] = [:]
    private var legs: [JobID: LegFinished] = [:]
    private var startedLegs: [JobID: Int] = [:]
    private var runCancelledAt = Int.max
    private var isForced = false
    private var hasJobCancellation = false
    private var conclusion: Conclusion?
    private var known: [JobID: (Conclusion, JobStatusFlags)] = [:]
    private(set) var complaint: String?

    package init(plan: SimulatedPlan, events: [RunEvent], endOf: @escaping (JobRun) -> JobOutcome?) {
        self.plan = plan
        self.endOf = endOf
        for (place, event) in events.enumerated() { read(event, at: place) }
    }

    private func read(_ event: RunEvent, at place: Int) {
        switch event {
        case .jobExpanded(let body):
            judgedAt[body.job] = judgedAt[body.job] ?? place
            expandedJobs.insert(body.job)
        case .jobFinished(let body):
            judgedAt[body.job] = judgedAt[body.job] ?? place
            results[body.job] = body
        case .legStarted(let body): startedLegs[body.leg] = body.attempt
        case .legRetried(let body): startedLegs[body.leg] = body.attempt
        case .legFinished(let body): legs[body.leg] = body
        case .runCancelling(let body):
            runCancelledAt = min(runCancelledAt, place)
            if body.level == .force { isForced = true }
        case .legCancelling, .waitingJobCancelled: hasJobCancellation = true
        case .runFinished(let body): conclusion = body.conclusion
        default: break
        }
    }

    package func check(cancelsJobs: Bool) -> String? {
        hasJobCancellation = hasJobCancellation || cancelsJobs
        let aggregate = scope(plan.jobs, prefix: "")
        let expected = runCancelledAt < Int.max ? .cancelled : aggregate
        if let complaint { return complaint }
        return conclusion == expected
            ? nil : "the run ended with \(conclusion.map(\.rawValue) ?? "nothing"), its jobs say \(expected)"
    }

    private func complain(_ text: String) { complaint = complaint ?? text }

    private func scope(_ jobs: [SimulatedJob], prefix: String) -> Conclusion {
        worst(jobs.indices.map { result(of: $0, jobs, prefix).0 })
    }

    private func worst(_ conclusions: [Conclusion]) -> Conclusion {
        for bad in [Conclusion.failure, .cancelled] where conclusions.contains(bad) { return bad }
        return !conclusions.isEmpty && conclusions.allSatisfy { $0 == .skipped } ? .skipped : .success
    }

    /// A job's result, and what of it and of all before it counts for the jobs behind.
    private func result(of place: Int, _ jobs: [SimulatedJob], _ prefix: String) -> (Conclusion, JobStatusFlags) {
        let job = jobs[place]
        let id = JobID("\(prefix)j\(place)")
        if let known = known[id] { return known }
        var before: JobStatusFlags = []
        var needs: [Conclusion] = []
        for need in job.needs {
            let (conclusion, flags) = result(of: need, jobs, prefix)
            needs.append(conclusion)
            before.formUnion(flags)
        }
        let conclusion = judge(job, id, needs, before)
        if results[id]?.result != conclusion {
            complain("\(id) ended with \(results[id]?.result.rawValue ?? "nothing"), not \(conclusion)")
        }
        var all = before
        if conclusion == .failure { all.insert(.failed) }
        if conclusion == .cancelled { all.insert(.needCancelled) }
        if conclusion == .skipped { all.insert(.skipped) }
        known[id] = (conclusion, all)
        return (conclusion, all)
    }

    private func judge(
        _ job: SimulatedJob, _ id: JobID, _ needs: [Conclusion], _ before: JobStatusFlags
    ) -> Conclusion {
        guard let at = judgedAt[id] else {
            complain("\(id) was never judged")
            return .skipped
        }
        let isExpanded = expandedJobs.contains(id)
        if let exclusion = job.exclusion, exclusion.kind != .unavailable {
            if isExpanded { complain("\(id) runs although the plan leaves it out") }
            return isCancelledUnjudged(id) ? .cancelled : .skipped
        }
        if !isExpanded, isCancelledUnjudged(id) { return .cancelled }
        if job.isInvalid { return .failure }
        let isCancelled = runCancelledAt < at
        let holds = job.condition.holds(
            SimulatedCondition.Facts(
                isSuccess: before.isEmpty && !isCancelled, isFailure: before.contains(.failed) && !isCancelled,
                isCancelled: isCancelled, needs: needs))
        if !holds || job.exclusion != nil {
            if isExpanded { complain("\(id) runs against its condition") }
            return .skipped
        }
        guard isExpanded else {
            complain("\(id) does not run although its condition holds")
            return results[id]?.result ?? .skipped
        }
        return worst(job.legs.indices.map { leg($0, job, id) })
    }

    /// Ended before its turn came, by a cancellation that leaves no condition a say.
    private func isCancelledUnjudged(_ id: JobID) -> Bool {
        guard results[id]?.result == .cancelled else { return false }
        return isForced || hasJobCancellation || runCancelledAt < Int.max || plan.runGroup != nil
    }

    private func leg(_ index: Int, _ job: SimulatedJob, _ whole: JobID) -> Conclusion {
        let id = job.isMatrix ? JobID("\(whole)#\(index + 1)") : whole
        guard let finished = legs[id] else {
            complain("\(id) has no end")
            return .skipped
        }
        var outcome = finished.outcome.conclusion
        if let attempt = startedLegs[id] {
            if let call = job.call {
                outcome = scope(call, prefix: "\(id)/")
            } else if let end = endOf(JobRun(job: id, attempt: attempt)) {
                outcome = end.conclusion
            } else if finished.outcome.reason?.kind != .timeout {
                complain("\(id) ended in the run, not in its own stream")
            }
        } else if job.legs[index].unavailable != nil {
            if outcome != .skipped, outcome != .cancelled { complain("\(id) is unavailable and \(outcome)") }
        } else if outcome != .cancelled {
            complain("\(id) never ran and ended with \(outcome)")
        }
        return outcome == .failure && job.legs[index].continueOnError ? .success : outcome
    }
}
