// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import GitHubWorkflows
internal import PipelineModel
internal import StructuredData

/// Plans what a job does on its runner.
struct StepPlanning {
    let request: PlanRequest
    /// Whose file the steps stand in, as `owner/name@ref`; empty: of the repository that the run is of.
    var repository = ""

    /// - Parameter defaults: the workflow's `defaults`; the job's own win.
    func steps(_ job: StepsJob, defaults: TemplateToken?) -> PlannedSteps {
        var planned = PlannedSteps(runsOn: job.runsOn.template, steps: HookPlanning.withPreSteps(plan(job.steps)))
        planned.env = job.env?.template
        let (own, workflow) = (job.defaults?["run"], defaults?["run"])
        planned.defaultShell = (own?["shell"] ?? workflow?["shell"])?.template
        planned.defaultWorkingDirectory = (own?["working-directory"] ?? workflow?["working-directory"])?.template
        planned.outputs = job.outputs?.template
        planned.environment = job.environment?.template
        planned.container = job.container?.template
        planned.services = job.services?.template
        planned.snapshot = job.snapshot?.template
        return planned
    }

    /// A parallel group becomes its steps, in the background, and a wait for all of them.
    private func plan(_ steps: [WorkflowStep]) -> [PlannedStep] {
        steps.flatMap { step -> [PlannedStep] in
            guard case .parallel(let inner) = step.work else { return [plan(step)] }
            var group = plan(inner)
            for index in group.indices {
                group[index].isBackground = true
                if step.condition.source != "success()" { group[index].condition = step.condition.source }
            }
            var wait = PlannedStep(id: step.id, work: .wait(group.map(\.id)))
            wait.name = step.name?.template
            wait.condition = "always()"
            wait.line = step.place?.position.line
            return group + [wait]
        }
    }

    private func plan(_ step: WorkflowStep) -> PlannedStep {
        var planned = PlannedStep(id: step.id, work: work(step.work))
        planned.name = step.name?.template
        planned.condition = step.condition.source
        planned.env = step.env?.template
        planned.continueOnError = step.continueOnError?.template
        planned.timeoutMinutes = step.timeoutMinutes?.template
        planned.isBackground = step.background ?? false
        planned.line = step.place?.position.line
        return planned
    }

    private func work(_ kind: StepKind) -> StepWork {
        switch kind {
        case .run(let run):
            return .script(
                ScriptWork(
                    script: run.script.template, shell: run.shell?.template,
                    workingDirectory: run.workingDirectory?.template))
        case .uses(let uses):
            let reference = ActionReference(text: uses.reference.text).seen(from: repository)
            var action = ActionWork(reference: reference, inputs: uses.inputs?.template)
            if case .found(let definition, let commit) = request.actionLookup(reference) {
                action.definition = definition
                action.commit = commit
            }
            return .action(action)
        case .wait(let ids): return .wait(ids.map(\.text))
        case .waitAll: return .waitAll
        case .cancel(let id): return .cancel([id.text])
        case .parallel: return .waitAll
        }
    }

    /// Steps of a composite action, whose own actions are looked up too.
    func composite(_ steps: [WorkflowStep]) -> [PlannedStep] {
        plan(steps)
    }

    // MARK: what is to be had

    /// Why the job cannot run here, as far as it is known now.
    ///
    /// - Parameter preview: a step that is skipped for certain stands in no one's way.
    func refusal(_ job: PlannedJob, _ preview: ConditionPreview) -> Reason? {
        guard case .steps(let steps) = job.work else { return nil }
        if steps.usesContainers, let missing = request.missingContainers() {
            let need = steps.container == nil ? "It needs service containers." : "It runs in a container."
            return Reason(.unavailable, "\(need) \(missing)")
        }
        if let runsOn = steps.runsOn.literal, let refusal = request.runners.refusal(of: RunnerOffer.labels(of: runsOn))
        {
            return refusal
        }
        return refusal(steps.steps, preview, isNested: job.key.caller != nil)
    }

    /// - Parameter isNested: `inputs` are not the trigger's.
    private func refusal(_ steps: [PlannedStep], _ preview: ConditionPreview, isNested: Bool) -> Reason? {
        for step in steps {
            guard case .action(let action) = step.work, let refusal = refusal(action, preview) else { continue }
            var situation = ConditionPreview.Situation()
            situation.isNested = isNested
            if case .fails = preview.verdict(step.condition, situation) { continue }
            return refusal
        }
        return nil
    }

    private func refusal(_ action: ActionWork, _ preview: ConditionPreview) -> Reason? {
        switch action.definition {
        case .composite(let composite): return refusal(composite.steps, preview, isNested: true)
        case .native, .node: return nil
        case .docker:
            guard let missing = request.missingContainers() else { return nil }
            return Reason(.unavailable, "'\(action.reference.text)' runs in a container. \(missing)")
        case nil:
            guard case .unavailable(let text) = request.actionLookup(action.reference) else { return nil }
            return Reason(.unavailable, text)
        }
    }
}
