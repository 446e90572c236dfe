// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import PipelineModel
import StructuredData
import WorkflowPlanning

/// Actions that are built in.
extension HostJob {
    func runNative(
        _ step: RunningStep, _ name: String, _ inputs: [FileCommandPairs.Pair], _ evaluation: TemplateEvaluation
    ) {
        guard let action = options.nativeActions[name], case .action(let work) = planned(step.hooked)?.work else {
            return failUnavailable(step, "The action '\(name)' is not built in here.")
        }
        if options.sandbox != nil, running.values.contains(where: { $0 !== step }) {
            // What it checks could be another thing when it is used.
            let text = "In the sandbox a built-in action does not run beside background steps: wait for them first."
            return fail(step, Reason(.invalid, text), Diagnostic(.stepNotStarted, text))
        }
        printHeader(step, inputs, title: step.hook == nil ? "Run \(work.reference.text)" : step.name)
        do throws(DiagnosticError) {
            try record.append(.begun(step.attempt))
        } catch {
            return fail(step, Reason(.setup, redacted(error.diagnostic.message)), error.diagnostic)
        }
        running[step.attempt.step] = step
        hasHintedEmptyWorkspace = true
        callbacks.report(step.attempt, .started(deadline: startTimeout(step)))
        guard running[step.attempt.step] === step else { return }
        let stop = action(call(step, work.reference, inputs))
        // It may be over already.
        guard running[step.attempt.step] === step else { return }
        step.stopNativeAction = stop
        if step.cancellation != nil { stop() }
    }

    private func call(
        _ step: RunningStep, _ reference: ActionReference, _ inputs: [FileCommandPairs.Pair]
    ) -> NativeActionCall {
        let block = block(for: step)
        return NativeActionCall(
            attempt: step.attempt, reference: reference, stage: step.hook?.stage,
            state: actionStates[step.hooked] ?? [],
            inputs: inputs.map { .init($0.name, outside($0.value)) },
            workspace: options.folders.workspace, temporary: options.folders.temporary,
            toolCache: options.folders.toolCache, environment: step.environment,
            isContained: isInContainer,
            searchPath: isInContainer ? "" : block["PATH"] ?? "",
            home: paths.outside(isInContainer ? ContainerPaths.home : block["HOME"] ?? ""),
            github: githubContext(
                scope: step.scope, more: [("action", .string(planned(step.hooked)?.id ?? step.planned.id))]),
            loop: loop,
            line: { [weak step] in step?.output?.line($0) },
            mark: { [weak step] in step?.output?.mark($0) },
            redacted: { [weak self] in self?.redacted($0) ?? "" },
            handOn: { [weak step, paths] handover in
                step?.record.outputs += handover.outputs.map { .init($0.name, paths.inside($0.value)) }
                step?.record.state += handover.state
                step?.record.environment += handover.environment.map { .init($0.name, paths.inside($0.value)) }
                step?.record.paths += handover.paths.map(paths.inside)
            },
            askForPost: { [weak self, weak step] in
                if let self, let step { askForPost(of: step) }
            },
            complete: { [weak self, weak step] outcome in
                if let self, let step { complete(step, outcome) }
            })
    }

    /// What a step in a container names as it sees it, as it is on this machine; each line is a path or a pattern.
    private func outside(_ text: String) -> String {
        guard isInContainer else { return text }
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.hasPrefix("!") ? "!" + paths.outside(String(line.dropFirst())) : paths.outside(String(line))
        }.joined(separator: "\n")
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
}
