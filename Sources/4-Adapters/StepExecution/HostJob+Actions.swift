// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import ExpressionLanguage
package import PipelineModel
import StructuredData
import WorkflowPlanning

/// `uses` steps: actions that are built in, and composite actions.
extension HostJob {
    func runAction(_ step: RunningStep, _ work: ActionWork, _ evaluation: TemplateEvaluation) {
        do throws(ExpressionError) {
            let given = try evaluation.pairs(of: work.inputs).map { FileCommandPairs.Pair($0.name, $0.value) }
            switch definition(of: work) {
            case .found(.native(let name)): runNative(step, name, given, evaluation)
            case .found(.composite(let action)): try expand(step, work, action, given, evaluation)
            case .unavailable(let text): failUnavailable(step, text)
            case .unknownYet: failMissing(step, work.reference.text)
            }
        } catch {
            fail(step, error)
        }
    }

    /// The plan's definition; else what stands in the workspace now, which an earlier step may have brought.
    func definition(of work: ActionWork) -> ActionFinding {
        if let planned = work.definition { return .found(planned) }
        if let found = foundActions[work.reference] { return .found(found) }
        let finding = options.findAction(work.reference)
        if case .found(let definition) = finding { foundActions[work.reference] = definition }
        return finding
    }

    private func composite(_ work: ActionWork) -> CompositeAction? {
        if case .found(.composite(let action)) = definition(of: work) { action } else { nil }
    }

    private func failUnavailable(_ step: RunningStep, _ text: String) {
        let diagnostic = Diagnostic(
            .unavailableAction, text,
            remedy: "Composite actions of the repository (uses: ./…) and actions/checkout run on this machine.")
        fail(step, Reason(.unavailable, diagnostic.message), diagnostic)
    }

    private func failMissing(_ step: RunningStep, _ name: String) {
        let diagnostic = Diagnostic(
            .unavailableAction, "There is no action at '\(name)' in the workspace.",
            remedy: "Bring it with a step before this one: as a rule, 'uses: actions/checkout@v4'.")
        fail(step, Reason(.setup, diagnostic.message), diagnostic)
    }

    private func printHeader(_ step: RunningStep, _ inputs: [FileCommandPairs.Pair], _ work: ActionReference) {
        openLog(step)
        guard let output = step.output else { return }
        output.mark(.group("Run \(work.text)"))
        let shown = inputs.filter { !$0.value.isEmpty }
        if !shown.isEmpty { output.line("with:") }
        for input in shown { output.line("  \(input.name): \(input.value)") }
        printEnvironment(step, output)
        output.mark(.endGroup)
    }

    // MARK: native actions

    private func runNative(
        _ step: RunningStep, _ name: String, _ inputs: [FileCommandPairs.Pair], _ evaluation: TemplateEvaluation
    ) {
        guard let action = options.nativeActions[name], case .action(let work) = step.planned.work else {
            return failUnavailable(step, "The action '\(name)' is not built in here.")
        }
        printHeader(step, inputs, work.reference)
        do throws(DiagnosticError) {
            try record.append(.begun(step.attempt))
        } catch {
            return fail(step, Reason(.setup, redacted(error.diagnostic.message)), error.diagnostic)
        }
        running[step.attempt.step] = step
        hasHintedEmptyWorkspace = true
        callbacks.report(step.attempt, .started(deadline: startTimeout(step)))
        guard running[step.attempt.step] === step else { return }
        let call = NativeActionCall(
            attempt: step.attempt, inputs: inputs, workspace: options.folders.workspace,
            temporary: options.folders.temporary, environment: step.environment,
            github: githubContext(scope: step.attempt.step.parent, more: [("action", .string(step.planned.id))]),
            loop: loop,
            line: { [weak step] in step?.output?.line($0) },
            mark: { [weak step] in step?.output?.mark($0) },
            complete: { [weak self, weak step] outcome in
                if let self, let step { complete(step, outcome) }
            })
        let stop = action(call)
        // It may be over already.
        guard running[step.attempt.step] === step else { return }
        step.stopNativeAction = stop
        if step.cancellation != nil { stop() }
    }

    private func complete(_ step: RunningStep, _ outcome: NativeActionOutcome) {
        guard running[step.attempt.step] === step else { return }
        switch (outcome, step.cancellation?.cause) {
        case (_, .timeout):
            let reason = timeoutReason(step)
            step.output?.error(reason.text)
            finish(step, outcome: .failure, reason)
        case (.cancelled, _), (_, .asked):
            step.output?.error("The operation was canceled.")
            finish(step, outcome: .cancelled, Reason(.cancelled, "The operation was canceled."))
        case (.success(let outputs), nil):
            step.record.outputs += outputs
            finish(step, outcome: .success, nil)
        case (.failure(let diagnostic), nil):
            fail(step, Reason(.setup, redacted(diagnostic.message)), diagnostic)
        }
    }

    // MARK: composite actions

    private func expand(
        _ step: RunningStep, _ work: ActionWork, _ action: CompositeAction, _ given: [FileCommandPairs.Pair],
        _ evaluation: TemplateEvaluation
    ) throws(ExpressionError) {
        let path = step.attempt.step
        var inputs = given
        var valid: [String] = []
        for input in action.inputs {
            guard case .string(let name) = input.key else { continue }
            valid.append(name)
            if !given.contains(where: { $0.name.equalsIgnoringASCIICase(name) }) {
                inputs.append(.init(name, try evaluation.text(of: input.value)))
            }
        }
        printHeader(step, inputs, work.reference)
        let unexpected = given.map(\.name).filter { name in !valid.contains { $0.equalsIgnoringASCIICase(name) } }
        if !unexpected.isEmpty {
            step.output?.warning(
                "Unexpected input(s) '\(unexpected.joined(separator: "', '"))', "
                    + "valid inputs are ['\(valid.joined(separator: "', '"))']")
        }
        let scope = ScopeRecord(attempt: step.attempt, inputs: inputs, environment: step.overrides.pairs)
        do throws(DiagnosticError) {
            try record.append(.scope(scope))
        } catch {
            return fail(step, Reason(.setup, redacted(error.diagnostic.message)), error.diagnostic)
        }
        enter(scope, action, work.reference, id: step.planned.id)
        composites[path] = step
        // The machine watches the deadline of a step that has no process of its own.
        if step.timeoutMinutes != nil { callbacks.report(step.attempt, .started(deadline: deadline(of: step))) }
        callbacks.report(step.attempt, .expanded(steps: action.expandedSteps))
    }

    private func enter(_ record: ScopeRecord, _ action: CompositeAction, _ reference: ActionReference, id: String) {
        let path = record.attempt.step
        // What an earlier attempt did inside counts no more.
        for inner in applied where inner.attempt.step.parent == path { forget(inner.attempt.step) }
        var scope = StepScope(steps: action.steps)
        var inputs = DataObject()
        for input in record.inputs { inputs[input.name] = .string(input.value) }
        scope.inputs = inputs
        scope.overrides = OrderedVariables(record.environment)
        scope.github = scopes[path.parent]?.github ?? []
        if path.parent == nil { scope.github.append(("action", .string(id))) }
        scope.github.removeAll { $0.name == "action_path" }
        scope.github.append(("action_path", .string(folder(of: reference))))
        scopes[path] = scope
    }

    private func folder(of reference: ActionReference) -> String {
        switch reference {
        case .local(let path):
            let parts = path.split(separator: "/").filter { $0 != "." }
            return ([options.folders.workspace] + parts.map(String.init)).joined(separator: "/")
        case .repository(let name, let path, let ref):
            return ([options.folders.toolCache, "actions", name, ref] + (path.isEmpty ? [] : [path]))
                .joined(separator: "/")
        case .image: return options.folders.workspace
        }
    }

    /// After a restart: the composite action of this record was under way, unless its end follows.
    func restore(_ record: ScopeRecord) {
        let path = record.attempt.step
        guard let planned = planned(path), case .action(let work) = planned.work,
            let action = composite(work)
        else { return }
        enter(record, action, work.reference, id: planned.id)
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
