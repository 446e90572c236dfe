// SPDX-License-Identifier: Apache-2.0

import Diagnostics
package import PipelineModel

/// Background steps: their changes count once they are waited for.
extension HostJob {
    /// From now on what these background steps handed on counts for the steps that start.
    package func absorb(_ steps: [StepPath]) {
        absorb(steps, isRecorded: false)
    }

    func absorb(_ steps: [StepPath], isRecorded: Bool) {
        let ended = steps.filter { deferred[$0] != nil }.sorted { $0.indexes.lexicographicallyPrecedes($1.indexes) }
        guard !ended.isEmpty else { return }
        for path in ended {
            if let record = deferred.removeValue(forKey: path) { apply(record) }
        }
        // Lost only with the whole record: its steps' frames then say that nothing was waited for.
        if !isRecorded { _ = try? record.append(.absorbed(ended)) }
    }

    private func paths(_ ids: [String], beside path: StepPath) -> [StepPath] {
        guard let scope = scopes[path.parent] else { return [] }
        return ids.compactMap { id in
            scope.steps.firstIndex { $0.id.equalsIgnoringASCIICase(id) }
                .map { path.parent?.child($0 + 1) ?? StepPath($0 + 1) }
        }
    }

    func wait(_ step: RunningStep, for ids: [String]) {
        wait(step, for: paths(ids, beside: step.attempt.step), "Waiting for background step(s) to complete")
    }

    func waitForAll(_ step: RunningStep) {
        let path = step.attempt.step
        let earlier = (scopes[path.parent]?.steps ?? []).enumerated()
            .filter { $1.isBackground }
            .map { path.parent?.child($0.offset + 1) ?? StepPath($0.offset + 1) }
        wait(step, for: earlier, "Waiting for all background step(s) to complete")
    }

    func cancelSteps(_ step: RunningStep, _ ids: [String]) {
        let targets = paths(ids, beside: step.attempt.step)
        for target in targets {
            if let other = running[target] ?? composites[target] { stop(other, .asked, force: false) }
        }
        wait(step, for: targets, "Cancelling background step(s)")
    }

    private func wait(_ step: RunningStep, for targets: [StepPath], _ sentence: String) {
        openLog(step)
        let names = targets.compactMap { (running[$0] ?? composites[$0])?.name ?? planned($0)?.id }
        step.output?.line("\(sentence): \(names.isEmpty ? "(none)" : names.joined(separator: ", "))")
        step.awaited = Set(targets)
        running[step.attempt.step] = step
        callbacks.report(step.attempt, .started(deadline: startTimeout(step)))
        settle(step)
    }

    /// A step ended: those that waited for it may go on.
    func settleWaits(after path: StepPath) {
        for step in Array(running.values) where step.awaited.contains(path) { settle(step) }
    }

    private func settle(_ step: RunningStep) {
        guard running[step.attempt.step] === step,
            !step.awaited.contains(where: { running[$0] != nil || composites[$0] != nil })
        else { return }
        absorb(Array(step.awaited))
        let conclusions = step.awaited.compactMap { scopes[$0.parent]?.conclusions[$0] }
        if case .cancel = step.planned.work { return finish(step, outcome: .success, nil) }
        if conclusions.contains(.failure) {
            let reason = Reason(.exitCode, "A background step that it waited for failed.")
            return finish(step, outcome: .failure, reason)
        }
        if conclusions.contains(.cancelled) {
            let reason = Reason(.cancelled, "A background step that it waited for was cancelled.")
            return finish(step, outcome: .cancelled, reason)
        }
        finish(step, outcome: .success, nil)
    }
}
