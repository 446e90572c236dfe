// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel

/// Finds what the actions of a job ask for before its first step.
enum HookPlanning {
    /// The steps, after those that their actions ask for, in the order of the steps.
    static func withPreSteps(_ steps: [PlannedStep]) -> [PlannedStep] {
        let count = steps.map { preSteps(of: $0, at: StepPath(1)).count }.reduce(0, +)
        guard count > 0 else { return steps }
        let hooks = steps.enumerated().flatMap { offset, step in
            preSteps(of: step, at: StepPath(count + offset + 1))
        }
        return hooks + steps
    }

    private static func preSteps(of step: PlannedStep, at path: StepPath) -> [PlannedStep] {
        guard case .action(let work) = step.work else { return [] }
        // What lies in the workspace is not there yet when the job begins: so has it GitHub.
        if case .local = work.reference { return [] }
        switch work.definition {
        case .node, .docker:
            guard let pre = work.definition?.pre else { return [] }
            return [PlannedStep(hook: ActionHook(stage: .pre, step: path), of: step, condition: pre.condition)]
        case .composite(let action):
            return action.steps.enumerated().flatMap { offset, inner in
                preSteps(of: inner, at: path.child(offset + 1))
            }
        case .native, nil: return []
        }
    }
}
