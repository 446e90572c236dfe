// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import PipelineModel

/// Background steps: what they hand on counts once they were waited for.
extension HostJob {
    /// The machine carries `wait` and `cancel` steps itself, in order: where a later step starts, they are over.
    func absorbWaited(before path: StepPath) {
        // Steps after the last have no place among those that waited.
        guard let index = path.indexes.last, let scope = scopes[path.parent] else { return }
        let last = min(index - 1, scope.steps.count)
        guard scope.waitsSeen < last else { return }
        scopes[path.parent]?.waitsSeen = last
        var targets: [StepPath] = []
        for place in scope.waitsSeen..<last {
            let earlier = scope.steps[..<place].enumerated().filter { $1.isBackground }
            switch scope.steps[place].work {
            case .wait(let ids), .cancel(let ids):
                let named = earlier.filter { step in ids.contains { $0.equalsIgnoringASCIICase(step.element.id) } }
                targets += named.map { self.place($0.offset, path) }
            case .waitAll: targets += earlier.map { self.place($0.offset, path) }
            case .script, .action, .hook: break
            }
        }
        absorb(targets, isRecorded: false)
    }

    private func place(_ offset: Int, _ sibling: StepPath) -> StepPath {
        sibling.parent?.child(offset + 1) ?? StepPath(offset + 1)
    }

    /// From now on what these background steps handed on counts for the steps that start.
    func absorb(_ steps: [StepPath], isRecorded: Bool) {
        let ended = steps.filter { deferred[$0] != nil }.sorted { $0.indexes.lexicographicallyPrecedes($1.indexes) }
        guard !ended.isEmpty else { return }
        for path in ended {
            if let record = deferred.removeValue(forKey: path) { apply(record) }
        }
        // Lost only with the whole record: its steps' frames then say that nothing was waited for.
        if !isRecorded { _ = try? record.append(.absorbed(ended)) }
    }
}
