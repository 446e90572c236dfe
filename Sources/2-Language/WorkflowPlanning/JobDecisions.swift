// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel

/// Which jobs of a plan are in and which are out, and why, as far as that is known before the run: a job comes after
/// those that it needs, and what is certain of them is carried on to it.
///
/// A run takes "out" as final. So a job is out only where the run would skip it however the jobs before it end.
struct JobDecisions {
    private(set) var jobs: [PlannedJob]
    private let preview: ConditionPreview
    /// Of jobs that fail when they are reached.
    private let faults: [JobKey: String]
    private let indexes: [JobKey: Int]
    private var standings: [Standing]

    init(_ jobs: [PlannedJob], preview: ConditionPreview, faults: [JobKey: String]) {
        self.jobs = jobs
        self.preview = preview
        self.faults = faults
        indexes = Dictionary(jobs.indices.map { (jobs[$0].key, $0) }, uniquingKeysWith: { first, _ in first })
        standings = Array(repeating: Standing(), count: jobs.count)
    }

    /// What is certain of a job for those after it.
    private struct Standing {
        /// It or a job before it does not succeed, so that `success()` is false after it.
        var breaksSuccess = false
        /// It or a job before it may fail.
        var mayFail = true
        /// It runs when the run is cancelled, and is skipped otherwise.
        var isForCancelling = false
        /// How it does not succeed: the end of "It needs 'x', which …".
        var fault: String?
    }

    mutating func decide(_ match: TriggerMatch) {
        for index in order() {
            guard match.isMatch else {
                leaveOut(index, match.reason)
                continue
            }
            decide(index, match.reason)
            standings[index] = standing(of: index)
        }
    }

    /// Needs before those that need them, callers before what they call.
    private func order() -> [Int] {
        var order: [Int] = []
        var isSeen = Array(repeating: false, count: jobs.count)
        for start in jobs.indices {
            var stack = [(index: start, isOpened: false)]
            while let (index, isOpened) = stack.popLast() {
                if isOpened {
                    order.append(index)
                } else if !isSeen[index] {
                    isSeen[index] = true
                    stack.append((index, true))
                    let before = needs(of: index) + (jobs[index].key.caller.flatMap { indexes[$0] }.map { [$0] } ?? [])
                    stack += before.reversed().map { ($0, false) }
                }
            }
        }
        return order
    }

    private func needs(of index: Int) -> [Int] { jobs[index].needs.compactMap { indexes[$0] } }

    private mutating func decide(_ index: Int, _ triggered: Reason) {
        let job = jobs[index]
        if let caller = job.key.caller.flatMap({ indexes[$0] }), !jobs[caller].isIncluded {
            return leaveOut(index, Reason(.needs, "The job '\(jobs[caller].key)' that calls it is left out."))
        }
        let condition = job.condition
        switch preview.verdict(condition, situation(of: index)) {
        case .holds(let answer) where condition == "always()" || !hasPlainCondition(job):
            jobs[index].reason = Reason(
                .condition, answer.isTrueBecause, expression: condition, values: answer.values)
        case .holds: jobs[index].reason = triggered
        case .open where hasPlainCondition(job): jobs[index].reason = triggered
        case .open(let text, let values):
            jobs[index].reason = Reason(.condition, text, expression: condition, values: values)
        case .onlyWhenCancelled:
            standings[index].isForCancelling = true
            jobs[index].reason = Reason(
                .condition, "Its condition holds only when the run is cancelled.", expression: condition)
        case .fails(let answer):
            return leaveOut(index, refusal(condition, answer))
        case .failsByStatus:
            return leaveOut(index, refusalByStatus(index))
        case .invalid(let message):
            jobs[index].reason = Reason(
                .invalid, "It fails when it is reached, for its condition: \(message)", expression: condition)
        }
        if let fault = faults[job.key] {
            jobs[index].reason = Reason(.invalid, "It fails when it is reached. \(fault)")
        } else if job.strategy?.legs?.isEmpty == true {
            leaveOut(index, Reason(.matrix, "No combination of its matrix is left."))
        }
    }

    private func hasPlainCondition(_ job: PlannedJob) -> Bool { job.condition == "success()" }

    private mutating func leaveOut(_ index: Int, _ reason: Reason) {
        jobs[index].isIncluded = false
        jobs[index].reason = reason
    }

    private func situation(of index: Int) -> ConditionPreview.Situation {
        let needs = needs(of: index)
        var situation = ConditionPreview.Situation()
        situation.isNested = jobs[index].key.caller != nil
        let skipped = needs.filter { !jobs[$0].isIncluded }
        situation.skippedNeeds = skipped.map { String(jobs[$0].key.localID) }
        situation.skipsAllNeeds = skipped.count == needs.count
        if needs.isEmpty {
            situation.statuses = [.success, .cancelled]
        } else if needs.contains(where: { standings[$0].breaksSuccess }) {
            let mayFail = needs.contains { standings[$0].mayFail }
            situation.statuses = mayFail ? [.failure, .cancelled, .skipped] : [.cancelled, .skipped]
        }
        return situation
    }

    // MARK: what is said

    private func refusal(_ condition: String, _ answer: ConditionAnswer) -> Reason {
        Reason(
            .condition, "Its condition is false: \(answer.summary).", expression: condition, values: answer.values)
    }

    /// Its condition would hold after other jobs, or after other ends of them.
    private func refusalByStatus(_ index: Int) -> Reason {
        let job = jobs[index]
        guard let need = needs(of: index).first(where: { standings[$0].breaksSuccess }) else {
            return Reason(
                .condition, "Its condition asks for a job before it that failed, and it needs none.",
                expression: job.condition)
        }
        let fault = standings[need].fault ?? "needs a job that does not succeed"
        return Reason(.needs, "It needs '\(jobs[need].key.localID)', which \(fault).", expression: job.condition)
    }

    private func standing(of index: Int) -> Standing {
        let job = jobs[index]
        let before = needs(of: index).map { standings[$0] }
        var standing = standings[index]
        standing.mayFail = job.isIncluded || before.contains { $0.mayFail }
        if !job.isIncluded {
            standing.fault = "is left out"
        } else if job.unavailable != nil {
            standing.fault = "cannot run here"
        } else if standing.isForCancelling {
            standing.fault = "runs only when the run is cancelled"
        } else if job.reason.kind == .invalid {
            standing.fault = "cannot succeed"
        }
        standing.breaksSuccess = standing.fault != nil || before.contains { $0.breaksSuccess }
        return standing
    }
}
