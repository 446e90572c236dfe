// SPDX-License-Identifier: Apache-2.0

public import StructuredData

extension PlannedCall: DataRepresentable {
    public var data: DataValue {
        var object: DataObject = ["uses": .string(reference)]
        if !inputs.isEmpty {
            object["inputs"] = .array(inputs.map { [.string($0.name), .string($0.type), $0.value.data] })
        }
        object.set("secrets", secrets?.data)
        if inheritsSecrets { object["inheritsSecrets"] = true }
        object.set("outputs", outputs?.data)
        object.set("env", env?.data)
        return .object(object)
    }

    public init(data: DataValue) throws(DataShapeError) {
        self.init(reference: try data.string("uses"))
        inputs = try data.list("inputs") { (value) throws(DataShapeError) in
            guard let parts = value.array, parts.count == 3, let name = parts[0].string, let type = parts[1].string
            else {
                throw DataShapeError("a call's input")
            }
            return PlannedInput(name: name, type: type, value: try TemplateValue(data: parts[2]))
        }
        secrets = try TemplateValue(optional: data["secrets"])
        inheritsSecrets = data.bool("inheritsSecrets")
        outputs = try TemplateValue(optional: data["outputs"])
        env = try TemplateValue(optional: data["env"])
    }
}

extension PlannedSteps: DataRepresentable {
    public var data: DataValue {
        var object: DataObject = ["runsOn": runsOn.data, "list": .array(steps.map(\.data))]
        object.set("env", env?.data)
        object.set("shell", defaultShell?.data)
        object.set("directory", defaultWorkingDirectory?.data)
        object.set("outputs", outputs?.data)
        object.set("environment", environment?.data)
        object.set("container", container?.data)
        object.set("services", services?.data)
        object.set("snapshot", snapshot?.data)
        return .object(object)
    }

    public init(data: DataValue) throws(DataShapeError) {
        self.init(
            runsOn: try TemplateValue(data: data["runsOn"] ?? .null),
            steps: try data.list("list") { (value) throws(DataShapeError) in try PlannedStep(data: value) })
        env = try TemplateValue(optional: data["env"])
        defaultShell = try TemplateValue(optional: data["shell"])
        defaultWorkingDirectory = try TemplateValue(optional: data["directory"])
        outputs = try TemplateValue(optional: data["outputs"])
        environment = try TemplateValue(optional: data["environment"])
        container = try TemplateValue(optional: data["container"])
        services = try TemplateValue(optional: data["services"])
        snapshot = try TemplateValue(optional: data["snapshot"])
    }
}

extension PlannedStep: DataRepresentable {
    public var data: DataValue {
        var object: DataObject = ["id": .string(id), "condition": .string(condition), "work": work.data]
        object.set("name", name?.data)
        object.set("env", env?.data)
        object.set("continueOnError", continueOnError?.data)
        object.set("timeoutMinutes", timeoutMinutes?.data)
        if isBackground { object["background"] = true }
        object.set("line", line.map { .number(Double($0)) })
        return .object(object)
    }

    public init(data: DataValue) throws(DataShapeError) {
        self.init(id: try data.string("id"), work: try StepWork(data: data["work"] ?? .null))
        condition = try data.string("condition")
        name = try TemplateValue(optional: data["name"])
        env = try TemplateValue(optional: data["env"])
        continueOnError = try TemplateValue(optional: data["continueOnError"])
        timeoutMinutes = try TemplateValue(optional: data["timeoutMinutes"])
        isBackground = data.bool("background")
        line = data["line"]?.int
    }
}

extension StepWork: DataRepresentable {
    public var data: DataValue {
        switch self {
        case .script(let work):
            var object: DataObject = ["run": work.script.data]
            object.set("shell", work.shell?.data)
            object.set("directory", work.workingDirectory?.data)
            return .object(object)
        case .action(let work):
            var object: DataObject = ["uses": .string(work.reference.text)]
            object.set("with", work.inputs?.data)
            object.set("definition", work.definition?.data)
            object.set("commit", work.commit.map(DataValue.string))
            return .object(object)
        case .hook(let hook): return ["hook": .string(hook.id)]
        case .wait(let ids): return ["wait": .array(ids.map(DataValue.string))]
        case .waitAll: return ["waitAll": true]
        case .cancel(let ids): return ["cancel": .array(ids.map(DataValue.string))]
        }
    }

    public init(data: DataValue) throws(DataShapeError) {
        if let script = data["run"] {
            var work = ScriptWork(script: try TemplateValue(data: script))
            work.shell = try TemplateValue(optional: data["shell"])
            work.workingDirectory = try TemplateValue(optional: data["directory"])
            self = .script(work)
        } else if let uses = data["uses"]?.string {
            var work = ActionWork(reference: ActionReference(text: uses))
            work.inputs = try TemplateValue(optional: data["with"])
            if let definition = data["definition"] { work.definition = try ActionDefinition(data: definition) }
            work.commit = data["commit"]?.string
            self = .action(work)
        } else if data["hook"] != nil {
            self = .hook(try data.required("hook") { $0.string.flatMap { ActionHook(id: $0) } })
        } else if data["wait"] != nil {
            self = .wait(data.strings("wait"))
        } else if data["cancel"] != nil {
            self = .cancel(data.strings("cancel"))
        } else if data.bool("waitAll") {
            self = .waitAll
        } else {
            throw DataShapeError("a step's work")
        }
    }
}
