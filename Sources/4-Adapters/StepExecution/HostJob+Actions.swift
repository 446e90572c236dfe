// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import ExpressionLanguage
import PipelineModel
import StructuredData
import WorkflowPlanning

/// `uses` steps.
extension HostJob {
    func runAction(_ step: RunningStep, _ work: ActionWork, _ evaluation: TemplateEvaluation) {
        do throws(ExpressionError) {
            let given = try evaluation.pairs(of: work.inputs).map { FileCommandPairs.Pair($0.name, $0.value) }
            switch definition(of: work) {
            case .found(.native(let name), _): runNative(step, name, given, evaluation)
            case .found(.composite(let action), _): try expand(step, work, action, given, evaluation)
            case .found(.node(let action), let commit):
                try runNode(step, work, action, commit, .init(program: action.main), given, evaluation)
            case .found(.docker(let action), let commit):
                try runDocker(step, work, (action, commit), hook: nil, given, evaluation)
            case .unavailable(let text): failUnavailable(step, text)
            case .unknownYet: failMissing(step, work.reference.text)
            }
        } catch {
            fail(step, error)
        }
    }

    /// The plan's definition; else what stands in the workspace now, which an earlier step may have brought.
    func definition(of work: ActionWork) -> ActionFinding {
        if let planned = work.definition { return .found(planned, commit: work.commit) }
        if let found = foundActions[work.reference] { return found }
        let finding = options.findAction(work.reference)
        if case .found = finding { foundActions[work.reference] = finding }
        return finding
    }

    func failUnavailable(_ step: RunningStep, _ text: String) {
        let diagnostic = Diagnostic(
            .unavailableAction, text,
            remedy: "Name a source that has it in .martlet/sources.yml, or a folder of actions in MARTLET_ACTIONS_DIR.")
        fail(step, Reason(.unavailable, diagnostic.message), diagnostic)
    }

    private func failMissing(_ step: RunningStep, _ name: String) {
        let diagnostic = Diagnostic(
            .unavailableAction, "There is no action at '\(name)' in the workspace.",
            remedy: "Bring it with a step before this one: as a rule, 'uses: actions/checkout@v4'.")
        fail(step, Reason(.setup, diagnostic.message), diagnostic)
    }

    func printHeader(_ step: RunningStep, _ inputs: [FileCommandPairs.Pair], title: String) {
        openLog(step)
        guard let output = step.output else { return }
        output.mark(.group(title))
        let shown = inputs.filter { !$0.value.isEmpty }
        if !shown.isEmpty { output.line("with:") }
        for input in shown { output.line("  \(input.name): \(input.value)") }
        printEnvironment(step, output)
        output.mark(.endGroup)
    }

    /// What is given, and the defaults of what is not.
    func inputs(
        declared: [TemplateEntry], given: [FileCommandPairs.Pair], _ evaluation: TemplateEvaluation
    ) throws(ExpressionError) -> ActionInputs {
        var inputs = ActionInputs(values: given)
        var valid: [String] = []
        for input in declared {
            guard case .string(let name) = input.key else { continue }
            valid.append(name)
            if !given.contains(where: { $0.name.equalsIgnoringASCIICase(name) }) {
                inputs.values.append(.init(name, try evaluation.text(of: input.value)))
            }
        }
        let unexpected = given.map(\.name).filter { name in !valid.contains { $0.equalsIgnoringASCIICase(name) } }
        if !unexpected.isEmpty {
            inputs.warning =
                "Unexpected input(s) '\(unexpected.joined(separator: "', '"))', "
                + "valid inputs are ['\(valid.joined(separator: "', '"))']"
        }
        return inputs
    }

    /// Where an action's files lie.
    func folder(of reference: ActionReference, commit: String?) -> String? {
        switch reference {
        case .local(let path):
            let parts = path.split(separator: "/").filter { $0 != "." }
            return ([options.folders.workspace] + parts.map(String.init)).joined(separator: "/")
        case .repository, .own: return options.actionFolder(reference, commit)
        case .image: return nil
        }
    }
}

/// What an action is called with.
struct ActionInputs {
    var values: [FileCommandPairs.Pair]
    /// Of inputs that it does not know.
    var warning: String?
}
