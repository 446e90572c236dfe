// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import ExpressionLanguage
import PipelineModel
import StructuredData
import WorkflowPlanning

/// Actions that are programs for node, and what they ask for before and after the job's steps.
///
/// Source of the variables' names: actions/runner, `ActionRunner` and `Handlers/NodeScriptActionHandler`.
extension HostJob {
    /// Runs one program of the action: its main one, or a hook's.
    ///
    /// - Parameter commit: of the repository that the action's files are of.
    func runNode(
        _ step: RunningStep, _ work: ActionWork, _ action: NodeAction, _ commit: String?, _ program: ActionHookProgram,
        _ given: [FileCommandPairs.Pair], _ evaluation: TemplateEvaluation
    ) throws(ExpressionError) {
        let inputs = try inputs(declared: action.inputs, given: given, evaluation)
        printHeader(step, inputs.values, title: step.hook == nil ? "Run \(work.reference.text)" : step.name)
        if let warning = inputs.warning, step.hook == nil { step.output?.warning(warning) }
        do throws(DiagnosticError) {
            guard let folder = folder(of: work.reference, commit: commit) else {
                throw DiagnosticError(
                    .unavailableAction, "The files of '\(work.reference.text)' are not there any more.",
                    remedy: "Start the run anew.")
            }
            let node = try isInContainer ? nil : hostNode(work)
            step.actionFolder = folder
            step.variables = try variables(for: step, work, inputs.values, .nodeAction)
            // Asked for before the program runs: what it leaves half done is cleaned up all the same.
            if action.post != nil, step.hook?.stage != .post { askForPost(of: step) }
            let arguments = [paths.inside("\(folder)/\(program.program)")]
            if let node {
                try start(step, program: node, arguments: arguments, folder: stepWorkspace)
            } else {
                try startInContainer(step, program: nil, arguments: arguments, folder: stepWorkspace)
            }
        } catch {
            fail(step, Reason(.setup, redacted(error.diagnostic.message)), error.diagnostic)
        }
    }

    private func hostNode(_ work: ActionWork) throws(DiagnosticError) -> String {
        if let node = shells.hostProgram("node") { return node }
        throw DiagnosticError(
            .missingNode, "There is no node on PATH, and '\(work.reference.text)' needs it.",
            remedy: "Install Node.js 20 or later.")
    }

    func variables(
        for step: RunningStep, _ work: ActionWork, _ inputs: [FileCommandPairs.Pair], _ user: ServiceUser
    ) throws(DiagnosticError) -> [FileCommandPairs.Pair] {
        var variables = inputs.map { input in
            let name = input.name.split(separator: " ", omittingEmptySubsequences: false).joined(separator: "_")
            return FileCommandPairs.Pair("INPUT_" + name.uppercasedASCII(), input.value)
        }
        for pair in actionStates[step.hooked] ?? [] { variables.append(.init("STATE_" + pair.name, pair.value)) }
        for property in Self.origin(of: work.reference) {
            variables += EnvironmentRules.githubVariables([property.name: property.value]).map {
                .init($0.name, $0.value)
            }
        }
        return variables + (try serviceVariables(for: step, user))
    }

    /// Where the run's services are; what of that is secret is masked from here on.
    func serviceVariables(
        for step: RunningStep, _ user: ServiceUser
    ) throws(DiagnosticError) -> [FileCommandPairs.Pair] {
        guard let services = options.services else { return [] }
        let found = try services(step.attempt, user)
        let unknown = found.secrets.filter { !maskedSecrets.contains($0) }
        maskedSecrets.formUnion(unknown)
        if !unknown.isEmpty { mask(unknown, from: step) }
        return found.variables
    }

    /// An action that asks for GitHub's token and has none fails in words that do not say what to do.
    func hintMissingToken(_ step: RunningStep) {
        let isEmpty = step.variables.contains { pair in
            ["INPUT_GITHUB-TOKEN", "INPUT_TOKEN", "INPUT_GITHUB_TOKEN"].contains(pair.name) && pair.value.isEmpty
        }
        guard isEmpty else { return }
        step.output?.mark(
            .annotation(
                Annotation(
                    .notice,
                    "This run has no GITHUB_TOKEN, and the action takes one: give it with --secret GITHUB_TOKEN."
                )))
    }

    // MARK: hooks

    /// The step after the last that cleans up after this one's action; asked for once.
    func askForPost(of step: RunningStep) {
        callbacks.postStep(step.attempt, ActionHook(stage: .post, step: step.hooked).id)
    }

    /// The machine lists steps after the last by an id; this is the step that such an id stands for.
    func place(_ id: String, at path: StepPath) {
        guard path.parent == nil, hookSteps[path] == nil, planned(path) == nil, let hook = ActionHook(id: id),
            let main = planned(hook.step), case .action(let work) = main.work,
            let condition = postCondition(of: work)
        else { return }
        hookSteps[path] = PlannedStep(hook: hook, of: main, condition: condition)
    }

    private func postCondition(of work: ActionWork) -> String? {
        switch definition(of: work) {
        case .found(.native(let name), _): options.nativePosts[name]?(work)
        case .found(let action, _): action.post?.condition
        default: nil
        }
    }

    func runHook(_ step: RunningStep, _ hook: ActionHook, _ evaluation: TemplateEvaluation) {
        guard let main = planned(hook.step), case .action(let work) = main.work,
            case .found(let action, let commit) = definition(of: work)
        else { return finish(step, outcome: .success, nil) }
        do throws(ExpressionError) {
            let given = try evaluation.pairs(of: work.inputs).map { FileCommandPairs.Pair($0.name, $0.value) }
            if case .native(let name) = action { return runNative(step, name, given, evaluation) }
            guard let program = hook.stage == .pre ? action.pre : action.post else {
                return finish(step, outcome: .success, nil)
            }
            switch action {
            case .node(let action): try runNode(step, work, action, commit, program, given, evaluation)
            case .docker(let action):
                try runDocker(step, work, (action, commit), hook: program.program, given, evaluation)
            case .native, .composite: finish(step, outcome: .success, nil)
            }
        } catch {
            fail(step, error)
        }
    }

    /// Before a composite action begins, what its steps ask for sees its inputs.
    func enterForHook(_ path: StepPath) {
        for length in 1..<max(1, path.indexes.count) {
            let outer = StepPath(Array(path.indexes.prefix(length)))
            guard scopes[outer] == nil, let planned = planned(outer), case .action(let work) = planned.work,
                case .found(.composite(let action), let commit) = definition(of: work)
            else { continue }
            let evaluation = evaluation(
                scope: outer.parent, environment: variables, github: nil, flags: StatusFlags())
            var scope = StepScope(steps: action.steps)
            let given = (try? evaluation.pairs(of: work.inputs))?.map { FileCommandPairs.Pair($0.name, $0.value) }
            let inputs = try? inputs(declared: action.inputs, given: given ?? [], evaluation)
            scope.inputs = DataObject((inputs?.values ?? []).map { ($0.name, .string($0.value)) })
            scope.github = scopes[outer.parent]?.github ?? []
            if outer.parent == nil { scope.github.append(("action", .string(planned.id))) }
            scope.github += Self.origin(of: work.reference)
            if let folder = folder(of: work.reference, commit: commit) {
                scope.github.append(("action_path", .string(paths.inside(folder))))
            }
            scopes[outer] = scope
        }
    }
}
