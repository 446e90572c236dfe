// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import ExpressionLanguage
package import PipelineModel
import StructuredData
import WorkflowPlanning

/// Actions that are made of steps.
extension HostJob {
    func expand(
        _ step: RunningStep, _ work: ActionWork, _ action: CompositeAction, _ given: [FileCommandPairs.Pair],
        _ evaluation: TemplateEvaluation
    ) throws(ExpressionError) {
        let path = step.attempt.step
        let inputs = try inputs(declared: action.inputs, given: given, evaluation)
        printHeader(step, inputs.values, title: "Run \(work.reference.text)")
        if let warning = inputs.warning { step.output?.warning(warning) }
        let scope = ScopeRecord(attempt: step.attempt, inputs: inputs.values, environment: step.overrides.pairs)
        do throws(DiagnosticError) {
            try record.append(.scope(scope))
        } catch {
            return fail(step, Reason(.setup, redacted(error.diagnostic.message)), error.diagnostic)
        }
        enter(scope, action, work, id: step.planned.id)
        composites[path] = step
        // The machine watches the deadline of a step that has no process of its own.
        if step.timeoutMinutes != nil { callbacks.report(step.attempt, .started(deadline: deadline(of: step))) }
        callbacks.report(step.attempt, .expanded(steps: action.expandedSteps))
    }

    private func enter(_ record: ScopeRecord, _ action: CompositeAction, _ work: ActionWork, id: String) {
        let path = record.attempt.step
        let commit: String? = if case .found(_, let commit) = definition(of: work) { commit } else { nil }
        // What an earlier attempt did inside counts no more.
        for inner in applied where inner.attempt.step.parent == path { forget(inner.attempt.step) }
        var scope = StepScope(steps: action.steps)
        var inputs = DataObject()
        for input in record.inputs { inputs[input.name] = .string(input.value) }
        scope.inputs = inputs
        scope.overrides = OrderedVariables(record.environment)
        scope.github = scopes[path.parent]?.github ?? []
        if path.parent == nil { scope.github.append(("action", .string(id))) }
        scope.github.removeAll { ["action_path", "action_repository", "action_ref"].contains($0.name) }
        let folder = folder(of: work.reference, commit: commit) ?? options.folders.workspace
        scope.github.append(("action_path", .string(paths.inside(folder))))
        scope.github += Self.origin(of: work.reference)
        scopes[path] = scope
    }

    private func composite(_ work: ActionWork) -> CompositeAction? {
        if case .found(.composite(let action), _) = definition(of: work) { action } else { nil }
    }

    /// Properties of `github` that say which repository an action is of.
    static func origin(of reference: ActionReference) -> [(name: String, value: DataValue)] {
        guard case .repository(let name, _, let ref) = reference else { return [] }
        return [("action_repository", .string(name)), ("action_ref", .string(ref))]
    }

    /// After a restart: the composite action of this record was under way, unless its end follows.
    func restore(_ record: ScopeRecord) {
        let path = record.attempt.step
        guard let planned = planned(path), case .action(let work) = planned.work,
            let action = composite(work)
        else { return }
        enter(record, action, work, id: planned.id)
        composites[path] = RunningStep(
            attempt: record.attempt, planned: planned, flags: StatusFlags(), name: planned.id, environment: variables,
            overrides: OrderedVariables(record.environment))
    }

    /// All inside a composite action is over: evaluates its outputs and `continue-on-error`, and reports it finished.
    ///
    /// - Parameters:
    ///   - outcome: of its steps together; `nil`: as the executor saw them.
    ///   - reason: why it did not succeed.
    package func conclude(_ attempt: StepAttempt, outcome: Conclusion? = nil, reason: Reason? = nil) {
        let path = attempt.step
        guard let step = composites[path], step.attempt == attempt, let scope = scopes[path] else {
            // An earlier process had concluded it, and was cut off before that was known.
            if let result = restored[attempt] { callbacks.report(attempt, .finished(result)) }
            return
        }
        composites[path] = nil
        openLog(step)
        var outcome = outcome ?? scope.outcome
        var reason = reason
        switch (outcome, reason?.kind) {
        case (_, .timeout?):
            outcome = .failure
            reason = timeoutReason(step)
            step.output?.error(reason?.text ?? "")
        case (.cancelled, nil): reason = Reason(.cancelled, "The operation was canceled.")
        case (.failure, nil): reason = Reason(.exitCode, "A step of the action failed.")
        default: break
        }
        do throws(ExpressionError) {
            try evaluateOutputs(of: step)
        } catch {
            outcome = .failure
            reason = Reason(.invalid, redacted(Self.invalidTemplate(error, line: step.planned.line)))
            step.output?.error(reason?.text ?? "")
        }
        finish(step, outcome: outcome, outcome == .success ? nil : reason)
    }

    private func evaluateOutputs(of step: RunningStep) throws(ExpressionError) {
        guard case .action(let work) = step.planned.work, let action = composite(work) else { return }
        let evaluation = evaluation(
            scope: step.attempt.step, environment: step.environment, github: nil, flags: step.flags)
        for output in action.outputs {
            guard case .string(let name) = output.key else { continue }
            step.record.outputs.append(.init(name, try evaluation.text(of: output.value)))
        }
    }
}

extension CompositeAction {
    /// Its steps as the machine is told of them.
    var expandedSteps: [ExpandedStep] { steps.map { ExpandedStep(id: $0.id, isBackground: $0.isBackground) } }
}
