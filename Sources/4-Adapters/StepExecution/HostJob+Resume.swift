// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import PipelineModel
import ProblemMatching
package import ProcessControl
import SecretRedaction
import StructuredData
import WorkflowPlanning

/// What is known of a job's step attempts after a crash.
package struct JobEvidence: Sendable {
    /// Attempts whose end is in the sealed record.
    package fileprivate(set) var outcomes: [StepAttempt: StepResult] = [:]
    fileprivate var expanded: [StepAttempt: [ExpandedStep]] = [:]
    fileprivate var begun: Set<StepAttempt> = []
    fileprivate var receipts = ReceiptLog()
    /// The machine was started anew: a receipt that is missing may have been lost.
    fileprivate var isAfterReboot = false

    package subscript(attempt: StepAttempt) -> AttemptEvidence {
        if let result = outcomes[attempt] {
            if result.outcome == .skipped, let reason = result.reason { return .reported(.skipped(reason)) }
            return .reported(.finished(result))
        }
        if let steps = expanded[attempt] { return .reported(.expanded(steps: steps)) }
        if begun.contains(attempt) || receipts[attempt.description] != nil {
            return .interrupted(Reason(.interrupted, "The step was cut off before its outcome was known."))
        }
        guard isAfterReboot else { return .notStarted }
        return .interrupted(
            Reason(.interrupted, "The machine was started anew, so that nobody knows whether the step ran."))
    }
}

/// Going on with a job that an earlier process began.
extension HostJob {
    /// Reads what an earlier process left of this job: its steps' outputs, environment and masks hold again, before a
    /// line is written. To be called before ``prepare()``, after what was left over has been killed.
    ///
    /// - Parameter deadline: how long to wait for the earlier supervisor to let go of the receipts.
    /// - Throws: where the record or the receipts cannot be read, or are still held.
    package func restore(
        until deadline: BootInstant = .now() + .seconds(10)
    ) throws(DiagnosticError) -> JobEvidence {
        isResumed = true
        var evidence = JobEvidence()
        evidence.receipts = try ReceiptLog.read(path: options.folders.receipts, until: deadline)
        let bootID = evidence.receipts.bootID ?? options.bootID
        evidence.isAfterReboot = bootID != options.bootID
        for frame in try record.frames() { try restore(frame, &evidence) }
        return evidence
    }

    func restore(_ frame: RecordFrame, _ evidence: inout JobEvidence) throws(DiagnosticError) {
        switch frame {
        case .masks(let masks):
            do {
                for mask in masks where !mask.isEmpty { try redactor.add(Secret(name: "add-mask", value: mask)) }
            } catch {
                throw DiagnosticError(error.diagnostic)
            }
        case .matchers(let definitions):
            matchers = JobMatchers()
            _ = try matchers.add(definitions)
        case .begun(let attempt): evidence.begun.insert(attempt)
        case .scope(let scope):
            restore(scope)
            evidence.expanded[scope.attempt] = scopes[scope.attempt.step]?.steps
                .map { ExpandedStep(id: $0.id, isBackground: $0.isBackground) }
        // The run has them from the job's end; a job that has not ended evaluates them again.
        case .outputs: break
        case .absorbed(let steps): absorb(steps, isRecorded: true)
        case .step(let record):
            evidence.outcomes[record.attempt] = record.result
            restored[record.attempt] = record.result
            restore(record)
        }
    }

    private func restore(_ record: StepRecord) {
        let path = record.attempt.step
        guard let planned = planned(path) else { return }
        forget(path)
        scopes[path.parent]?.note(record, id: planned.id)
        if case .hook(let hook) = planned.work {
            actionStates[hook.step, default: []] += record.state
        } else {
            actionStates[path, default: []] += record.state
        }
        if record.isDeferred {
            deferred[path] = record
        } else if !record.environment.isEmpty || !record.paths.isEmpty {
            applied.append(record)
        }
        composites[path] = nil
    }

    /// An end that the machine decided: of an attempt that was cut off, or of a step that is never to be started. Steps
    /// after it see it, and it outlives a crash.
    package func settle(_ attempt: StepAttempt, _ result: StepResult) {
        guard let planned = planned(attempt.step), running[attempt.step] == nil else { return }
        var record = StepRecord(attempt: attempt, result: result)
        record.result.recordDigest = try? self.record.append(.step(record))
        scopes[attempt.step.parent]?.note(record, id: planned.id)
    }

    /// Whether the step's `continue-on-error` holds, for a step that was cut off. What cannot be evaluated does not hold.
    package func continuesAfterInterruption(of attempt: StepAttempt) -> Bool {
        guard let template = planned(attempt.step)?.continueOnError else { return false }
        let evaluation = evaluation(
            scope: attempt.step.parent, environment: variables, github: nil, flags: StatusFlags())
        return (try? evaluation.flag(of: template)) ?? false
    }

    /// Takes back what earlier attempts of a step did to the environment.
    func forget(_ path: StepPath) {
        deferred[path] = nil
        guard applied.contains(where: { $0.attempt.step == path }) else { return }
        applied.removeAll { $0.attempt.step == path }
        rebuildVariables()
    }
}
