// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import Timekeeping

extension WorkflowConversion {
    mutating func triggers(_ token: TemplateToken) -> [WorkflowTrigger] {
        if let name = token.string { return [WorkflowTrigger(event: name, place: token.place)] }
        if let items = token.items {
            return items.compactMap { item in
                item.string.map { WorkflowTrigger(event: $0, place: item.place) }
            }
        }
        return (token.entries ?? []).compactMap { trigger($0) }
    }

    private mutating func trigger(_ entry: TokenEntry) -> WorkflowTrigger? {
        guard let name = entry.key.string else { return nil }
        var result = WorkflowTrigger(event: name, place: entry.key.place)
        switch name {
        case "schedule":
            result.schedules = (entry.value.items ?? []).compactMap { schedule($0) }
        case "workflow_dispatch":
            for input in entry.value["inputs"]?.entries ?? [] {
                if let definition = self.input(input, isCall: false) { result.inputs.append(definition) }
            }
        case "workflow_call":
            readInterface(entry.value, into: &result)
        default:
            for filter in entry.value.entries ?? [] {
                guard let key = filter.key.string, !filter.value.isNull else { continue }
                result.filters[key] = (filter.value.items ?? [filter.value]).compactMap { located($0) }
            }
        }
        return result
    }

    private mutating func schedule(_ token: TemplateToken) -> ScheduleEntry? {
        guard let cron = token["cron"].flatMap({ located($0) }) else { return nil }
        do throws(ScheduleError) {
            _ = try CronSchedule(cron.text)
        } catch {
            log.error(
                .cronInvalid,
                "Invalid cron expression. Expected format: '* * * * *' (minute hour day month weekday)",
                at: cron.place, remedy: error.message)
        }
        return ScheduleEntry(cron: cron, timezone: token["timezone"].flatMap { located($0) })
    }

    private mutating func readInterface(_ token: TemplateToken, into trigger: inout WorkflowTrigger) {
        for entry in token["inputs"]?.entries ?? [] {
            if let definition = input(entry, isCall: true) { trigger.inputs.append(definition) }
        }
        for entry in token["secrets"]?.entries ?? [] {
            guard let name = located(entry.key) else { continue }
            trigger.secrets.append(
                SecretDefinition(
                    name: name, description: entry.value["description"]?.literalText,
                    isRequired: entry.value["required"]?.bool ?? false))
        }
        for entry in token["outputs"]?.entries ?? [] {
            guard let name = located(entry.key), let value = entry.value["value"] else { continue }
            trigger.outputs.append(
                OutputDefinition(name: name, description: entry.value["description"]?.literalText, value: value))
        }
    }

    private mutating func input(_ entry: TokenEntry, isCall: Bool) -> InputDefinition? {
        guard let name = located(entry.key) else { return nil }
        let spec = entry.value
        let type = spec["type"]?.string.flatMap(InputType.init(rawValue:)) ?? .string
        var result = InputDefinition(name: name, type: type)
        result.description = spec["description"]?.literalText
        result.isRequired = spec["required"]?.bool ?? false
        result.defaultValue = spec["default"]
        result.options = spec["options"]?.items.map { $0.compactMap(\.literalText) }
        if !isCall { checkDispatchInput(result, spec) }
        return result
    }

    private mutating func checkDispatchInput(_ input: InputDefinition, _ spec: TemplateToken) {
        if let value = input.defaultValue, !fits(value, input.type) {
            log.error(
                .dispatchInputInvalid,
                "The default of input '\(input.name.text)' is not a \(input.type.rawValue).", at: value.place)
        }
        if input.type == .choice, input.options?.isEmpty != false {
            log.error(.dispatchInputInvalid, "Missing 'options' for choice input", at: spec.place)
        } else if input.type != .choice, input.options != nil {
            log.error(
                .dispatchInputInvalid, "Input type is not 'choice', but 'options' is defined", at: spec.place)
        }
    }

    /// Whether a literal can be a value of the type; the texts of booleans and numbers count too.
    private func fits(_ value: TemplateToken, _ type: InputType) -> Bool {
        switch type {
        case .string, .choice, .environment: true
        case .boolean: value.bool != nil || ["true", "false", ""].contains(value.string ?? "?")
        case .number: value.number != nil || value.string.map { $0.isEmpty || Double($0) != nil } == true
        }
    }
}
