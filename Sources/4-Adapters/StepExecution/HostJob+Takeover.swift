// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import PipelineModel

/// Going on from the middle of a job that an earlier attempt of the run ended.
extension HostJob {
    /// What an earlier attempt's record says of the first steps: their outputs, environment, masks and matchers hold here too,
    /// and are written to this attempt's own record.
    ///
    /// To be called before ``prepare()``.
    ///
    /// - Parameters:
    ///   - frames: all of the earlier attempt's record, in order.
    ///   - count: how many of the job's own steps stand.
    package func takeOver(_ frames: [RecordFrame], steps count: Int) throws(DiagnosticError) {
        var unused = JobEvidence()
        for frame in frames where Self.stands(frame, count) {
            try restore(frame, &unused)
            try record.append(frame)
        }
        restored = [:]
        rebuildVariables()
    }

    private static func stands(_ frame: RecordFrame, _ count: Int) -> Bool {
        func isBefore(_ path: StepPath) -> Bool { path.indexes[0] <= count }
        return switch frame {
        // A value that was once secret stays so, whoever masked it.
        case .masks: true
        case .begun(let attempt): isBefore(attempt.step)
        case .scope(let scope): isBefore(scope.attempt.step)
        case .step(let record): isBefore(record.attempt.step)
        case .absorbed(let steps): steps.allSatisfy(isBefore)
        // Whose matchers they are is not known: all of them, as for masks.
        case .matchers: true
        case .outputs: false
        }
    }
}

extension [RecordFrame] {
    /// The workspace as it was after the last of the first `count` steps that kept it; `nil` where none did.
    package func snapshot(after count: Int) -> String? {
        var found: (index: Int, name: String)?
        for case .step(let record) in self where record.attempt.step.parent == nil {
            let index = record.attempt.step.indexes[0]
            guard index <= count, let name = record.snapshot, index >= found?.index ?? 0 else { continue }
            found = (index, name)
        }
        return found?.name
    }
}
