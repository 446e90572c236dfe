// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import GitHubWorkflows
import StructuredData

/// Writes a workflow in the form of the reader suite.
struct WorkflowJSON {
    var keepsPlaces: Bool

    /// `like` says which of the parts that only some of the suite's parsers write are wanted.
    func write(_ workflow: Workflow, like expected: DataValue) -> DataValue {
        var result = DataObject()
        if expected["events"] != nil { result["events"] = events(workflow.triggers) }
        result["permissions"] = workflow.permissions.map(permissions)
        result["env"] = workflow.env.map(token)
        result["defaults"] = workflow.defaults.map(token)
        result["concurrency"] = workflow.concurrency.map(token)
        if expected["input-types"] != nil { result["input-types"] = inputTypes(workflow.triggers) }
        result["jobs"] = .array(workflow.jobs.map(job))
        if expected["file-table"] != nil {
            let isSorted = (expected["file-table"]?.array ?? []).first != .string(workflow.path)
            result["file-table"] = .array((isSorted ? workflow.files.sorted() : workflow.files).map { .string($0) })
        }
        return .object(result)
    }

    private func inputTypes(_ triggers: [WorkflowTrigger]) -> DataValue {
        let inputs = triggers.filter { $0.event == "workflow_dispatch" }.flatMap(\.inputs)
        return .object(DataObject(inputs.map { ($0.name.text, .string($0.type.rawValue)) }))
    }

    private func job(_ job: WorkflowJob) -> DataValue {
        var result = DataObject()
        result["id"] = text(job.id)
        result["name"] = token(job.name)
        result["if"] = condition(job.condition)
        result["strategy"] = job.strategy.map(token)
        result["concurrency"] = job.concurrency.map(token)
        result["permissions"] = job.permissions.map(permissions)
        let needs = DataValue.array(job.needs.map(text))
        switch job.work {
        case .steps(let steps):
            result["type"] = "job"
            if !job.needs.isEmpty { result["needs"] = needs }
            write(steps, into: &result)
        case .call(let call):
            result["type"] = "reusableWorkflowJob"
            result["needs"] = needs
            write(call, into: &result)
        }
        return .object(result)
    }

    private func write(_ job: StepsJob, into result: inout DataObject) {
        result["continue-on-error"] = job.continueOnError.map(token)
        result["timeout-minutes"] = job.timeoutMinutes.map(token)
        result["cancel-timeout-minutes"] = job.cancelTimeoutMinutes.map(token)
        result["env"] = job.env.map(token)
        result["environment"] = job.environment.map(token)
        result["defaults"] = job.defaults.map(token)
        result["runs-on"] = token(job.runsOn)
        result["container"] = job.container.map(token)
        result["services"] = job.services.map(token)
        result["outputs"] = job.outputs.map(token)
        if !job.steps.isEmpty { result["steps"] = .array(job.steps.map(step)) }
        result["snapshot"] = job.snapshot.map(token)
    }

    private func write(_ call: WorkflowCall, into result: inout DataObject) {
        result["ref"] = text(call.reference)
        result["input-values"] = call.inputs.map(token)
        result["secret-values"] = call.secrets.map(token)
        if call.inheritsSecrets { result["inherit-secrets"] = true }
        let called = call.called
        result["input-definitions"] = called?.inputDefinitions.map(token)
        result["secret-definitions"] = called?.secretDefinitions.map(token)
        result["outputs"] = called?.outputs.map(token)
        result["env"] = called?.env.map(token)
        result["defaults"] = called?.defaults.map(token)
        result["embedded-concurrency"] = called?.concurrency.map(token)
        result["jobs"] = .array((called?.jobs ?? []).map(job))
    }

    private func step(_ step: WorkflowStep) -> DataValue {
        var result = DataObject()
        result["id"] = .string(step.id)
        result["name"] = step.name.map(token)
        result["continue-on-error"] = step.continueOnError.map(token)
        result["timeout-minutes"] = step.timeoutMinutes.map(token)
        result["env"] = step.env.map(token)
        result["background"] = step.background.map { .bool($0) }
        switch step.work {
        case .run(let run):
            result["run"] = token(run.script)
            result["shell"] = run.shell.map(token)
            result["working-directory"] = run.workingDirectory.map(token)
        case .uses(let uses):
            result["uses"] = text(uses.reference)
            result["with"] = uses.inputs.map(token)
        case .wait(let targets): result["wait"] = .array(targets.map(text))
        case .waitAll: result["wait-all"] = true
        case .cancel(let target): result["cancel"] = text(target)
        case .parallel(let steps): result["parallel"] = .array(steps.map(self.step))
        }
        switch step.work {
        case .run, .uses: result["if"] = condition(step.condition)
        default: if step.name == nil { result["name"] = .string(step.work.title) }
        }
        return .object(result)
    }
}

extension WorkflowJSON {
    private func permissions(_ permissions: Permissions) -> DataValue {
        .object(DataObject(permissions.granted.map { ($0.scope.rawValue, .string($0.level.text)) }))
    }

    private func condition(_ condition: Condition) -> DataValue {
        token(TemplateToken(.expression(condition.source), condition.place))
    }

    private func text(_ text: LocatedText) -> DataValue { token(TemplateToken(.string(text.text), text.place)) }

    private func token(_ token: TemplateToken) -> DataValue {
        var result = DataObject()
        if keepsPlaces, let place = token.place {
            result["file"] = .number(Double(place.file + 1))
            result["line"] = .number(Double(place.position.line))
            result["col"] = .number(Double(place.position.column))
        }
        let isPlain = result.isEmpty
        switch token.content {
        case .null:
            if isPlain { return .null }
            result["type"] = 7
        case .bool(let value):
            if isPlain { return .bool(value) }
            result["type"] = 5
            result["bool"] = .bool(value)
        case .number(let value):
            let number: DataValue =
                value.isFinite ? .number(value) : .string(token.literalText ?? "")
            if isPlain { return number }
            result["type"] = 6
            result["num"] = number
        case .string(let text):
            if isPlain { return .string(text) }
            result["type"] = 0
            result["lit"] = .string(text)
        case .expression(let source):
            result["type"] = 3
            result["expr"] = .string(source)
        case .insert:
            result["type"] = 4
            result["directive"] = "insert"
        case .sequence(let items):
            result["type"] = 1
            if !items.isEmpty { result["seq"] = .array(items.map(self.token)) }
        case .mapping(let entries):
            result["type"] = 2
            if !entries.isEmpty {
                result["map"] = .array(
                    entries.map { ["Key": self.token($0.key), "Value": self.token($0.value)] })
            }
        }
        return .object(result)
    }
}

extension WorkflowJSON {
    private func events(_ triggers: [WorkflowTrigger]) -> DataValue {
        .object(DataObject(triggers.map { ($0.event, event($0)) }))
    }

    private func event(_ trigger: WorkflowTrigger) -> DataValue {
        if !trigger.schedules.isEmpty {
            return .array(
                trigger.schedules.map { entry in
                    var result: DataObject = ["cron": .string(entry.cron.text)]
                    result["timezone"] = entry.timezone.map { .string($0.text) }
                    return .object(result)
                })
        }
        var result = DataObject()
        for key in [
            "branches", "branches-ignore", "tags", "tags-ignore", "paths", "paths-ignore", "types", "workflows",
            "names", "versions",
        ] {
            result[key] = trigger.filters[key].map { .array($0.map { .string($0.text) }) }
        }
        if !trigger.inputs.isEmpty {
            result["inputs"] = .object(DataObject(trigger.inputs.map { ($0.name.text, input($0)) }))
        }
        if !trigger.secrets.isEmpty {
            result["secrets"] = .object(
                DataObject(
                    trigger.secrets.map { secret in
                        var entry = DataObject()
                        entry["description"] = secret.description.map { .string($0) }
                        if secret.isRequired { entry["required"] = true }
                        return (secret.name.text, .object(entry))
                    }))
        }
        return .object(result)
    }

    private func input(_ input: InputDefinition) -> DataValue {
        var result: DataObject = ["type": .string(input.type.rawValue)]
        result["description"] = input.description.map { .string($0) }
        if input.isRequired { result["required"] = true }
        result["default"] = input.defaultValue.map(token)
        result["options"] = input.options.map { .array($0.map { .string($0) }) }
        return .object(result)
    }
}
