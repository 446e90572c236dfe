// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import RunEngine

/// Says how a job must have ended, from its plan and from what its steps came to: a plain walk over the finished
/// history, made another way than the machine.
struct JobOracle {
    private let spec: SimulatedJob
    private var results: [StepPath: StepResult] = [:]
    /// Place in the history where a step's condition was asked.
    private var asked: [StepPath: Int] = [:]
    private var stopped: Set<StepPath> = []
    private var expanded: Set<StepPath> = []
    private var cancelledAt = Int.max
    private var isForced = false
    private var prepareFailed = false
    private var posts = 0

    init(spec: SimulatedJob, events: [JobEvent]) {
        self.spec = spec
        for (place, event) in events.enumerated() {
            switch event {
            case .stepScheduled(let body): asked[body.attempt.step] = asked[body.attempt.step] ?? place
            case .stepHeld(let body): asked[body.step] = place
            case .stepFinished(let body): results[body.attempt.step] = body.result
            case .stepCancelling(let body): stopped.insert(body.attempt.step)
            case .stepExpanded(let body): expanded.insert(body.attempt.step)
            case .jobCancelling(let body):
                cancelledAt = min(cancelledAt, place)
                if body.level == .force { isForced = true }
            case .jobPrepared(let body): prepareFailed = body.failure != nil
            case .postStepAdded: posts += 1
            default: break
            }
        }
    }

    /// - Returns: what is wrong with `outcome`, or with a step on the way to it.
    func complaint(about outcome: JobOutcome) -> String? {
        var complaint: String?
        var expected = prepareFailed ? Conclusion.failure : .success
        if !prepareFailed {
            let all = spec.steps + Array(repeating: SimulatedStep.post, count: posts)
            if fails(all, below: nil, &complaint) { expected = .failure }
        }
        if cancelledAt < Int.max { expected = .cancelled }
        if let complaint { return complaint }
        return outcome.conclusion == expected
            ? nil : "it ended with \(outcome.conclusion), its steps say \(expected)"
    }

    /// Whether a list of steps comes to a failure.
    private func fails(_ steps: [SimulatedStep], below parent: StepPath?, _ complaint: inout String?) -> Bool {
        var hasFailed = false
        var unjoined: [(id: String, path: StepPath, isTarget: Bool)] = []
        for (index, step) in steps.enumerated() {
            let path = parent?.child(index + 1) ?? StepPath(index + 1)
            switch step.listing.kind {
            case .run:
                judge(step, path, afterFailure: hasFailed, &complaint)
                if step.listing.isBackground {
                    unjoined.append((step.listing.id, path, false))
                } else if results[path]?.conclusion == .failure {
                    hasFailed = true
                }
            case .wait(let ids): hasFailed = joins(&unjoined, { ids.contains($0) }, path, &complaint) || hasFailed
            case .waitAll: hasFailed = joins(&unjoined, { _ in true }, path, &complaint) || hasFailed
            case .cancel(let ids):
                for place in unjoined.indices where ids.contains(unjoined[place].id) { unjoined[place].isTarget = true }
                if let result = results[path], result.outcome != .success { complaint = "cancel step \(path) failed" }
            }
        }
        return unjoined.contains { results[$0.path]?.conclusion == .failure } || hasFailed
    }

    /// What a `wait` comes to: a failure where one failed that it names.
    private func joins(
        _ unjoined: inout [(id: String, path: StepPath, isTarget: Bool)], _ isNamed: (String) -> Bool,
        _ path: StepPath, _ complaint: inout String?
    ) -> Bool {
        guard let result = results[path] else { return false }
        let hasFailed = unjoined.contains { isNamed($0.id) && results[$0.path]?.conclusion == .failure }
        if result.conclusion != (hasFailed ? .failure : .success) {
            complaint = "the wait \(path) ended with \(result.conclusion)"
        }
        if unjoined.contains(where: { isNamed($0.id) && results[$0.path] == nil }) {
            complaint = "the wait \(path) ended before what it waits for"
        }
        unjoined.removeAll { isNamed($0.id) && !$0.isTarget }
        return hasFailed
    }

    /// Checks that a step ran where its condition held, was skipped where not, and that a composite is its inside.
    private func judge(_ step: SimulatedStep, _ path: StepPath, afterFailure: Bool, _ complaint: inout String?) {
        guard let place = asked[path] else {
            let isExcused = isForced || isInsideStopped(path) || prepareFailed
            if !isExcused, complaint == nil { complaint = "the step \(path) was never begun" }
            return
        }
        guard let result = results[path] else {
            complaint = complaint ?? "the step \(path) has no end"
            return
        }
        let isCancelled = cancelledAt < place
        // An outcome that says "interrupted" came before its condition was known, one that was held may be cancelled.
        let isCutOff = result.reason?.kind == .interrupted || (result.outcome == .cancelled && stopped.isEmpty)
        let holds = step.condition.holds(StatusFlags(isSuccess: !afterFailure, isCancelled: isCancelled))
        if !isCutOff, !isInsideStopped(path), result.outcome != .cancelled, holds == (result.outcome == .skipped) {
            complaint = complaint ?? "the step \(path) was \(holds ? "skipped" : "run") against its condition"
        }
        guard expanded.contains(path) else { return }
        let insideFails = fails(step.inner, below: path, &complaint)
        if insideFails != (result.outcome == .failure), !stopped.contains(path), !isCutOff {
            complaint = complaint ?? "the composite \(path) ended with \(result.outcome), its inside says otherwise"
        }
    }

    private func isInsideStopped(_ path: StepPath) -> Bool {
        var current: StepPath? = path
        while let path = current {
            if stopped.contains(path) { return true }
            current = path.parent
        }
        return false
    }
}
