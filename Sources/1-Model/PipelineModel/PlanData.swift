// SPDX-License-Identifier: Apache-2.0

public import StructuredData

/// The plan's stored form. The digest that is printed is taken over it, so that order and defaults are fixed here:
/// what is absent is left out, and mappings keep the order of the file.
extension Plan: DataRepresentable {
    /// Raised when a reader of an older form would misread the new one.
    public static let formatVersion = 1

    public var data: DataValue {
        var object: DataObject = [
            "format": DataValue.number(Double(Self.formatVersion)), "path": .string(workflowPath),
            "name": .string(workflowName), "trigger": trigger.data, "jobs": .array(jobs.map(\.data)),
        ]
        object.set("runName", runName?.data)
        object.set("env", env?.data)
        object.set("concurrency", concurrency?.data)
        return .object(object)
    }

    public init(data: DataValue) throws(DataShapeError) {
        guard try data.int("format") <= Self.formatVersion else { throw DataShapeError("a plan of a known format") }
        self.init(
            workflowPath: try data.string("path"), workflowName: try data.string("name"),
            trigger: try Trigger(data: data["trigger"] ?? .null),
            jobs: try data.list("jobs") { (value) throws(DataShapeError) in try PlannedJob(data: value) })
        runName = try TemplateValue(optional: data["runName"])
        env = try TemplateValue(optional: data["env"])
        concurrency = try TemplateValue(optional: data["concurrency"])
    }
}

extension TemplateValue {
    /// `nil` for what is absent.
    init?(optional data: DataValue?) throws(DataShapeError) {
        guard let data else { return nil }
        try self.init(data: data)
    }
}

extension Trigger: DataRepresentable {
    public var data: DataValue {
        var object: DataObject = ["event": .string(event)]
        object.set("ref", ref.map(DataValue.string))
        if !inputs.isEmpty { object["inputs"] = .object(inputs) }
        return .object(object)
    }

    public init(data: DataValue) throws(DataShapeError) {
        self.init(
            event: try data.string("event"), ref: data["ref"]?.string, inputs: data["inputs"]?.object ?? DataObject())
    }
}

extension PlannedJob: DataRepresentable {
    public var data: DataValue {
        var object: DataObject = [
            "key": .string(key.text), "condition": .string(condition), "included": .bool(isIncluded),
            "reason": reason.data,
        ]
        if !needs.isEmpty { object["needs"] = .array(needs.map { .string($0.text) }) }
        object.set("name", name?.data)
        object.set("unavailable", unavailable?.data)
        object.set("strategy", strategy?.data)
        object.set(
            "permissions",
            permissions.map { scopes in
                .object(DataObject(scopes.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
            })
        object.set("concurrency", concurrency?.data)
        object.set("timeoutMinutes", timeoutMinutes?.data)
        object.set("cancelTimeoutMinutes", cancelTimeoutMinutes?.data)
        object.set("continueOnError", continueOnError?.data)
        switch work {
        case .steps(let steps): object["steps"] = steps.data
        case .call(let call): object["call"] = call.data
        }
        return .object(object)
    }

    public init(data: DataValue) throws(DataShapeError) {
        let work: PlannedWork =
            if let call = data["call"] { .call(try PlannedCall(data: call)) } else {
                .steps(try PlannedSteps(data: data["steps"] ?? .null))
            }
        self.init(key: JobKey(try data.string("key")), work: work)
        condition = try data.string("condition")
        isIncluded = data.bool("included", default: true)
        reason = try Reason(data: data["reason"] ?? .null)
        needs = data.strings("needs").map(JobKey.init)
        name = try TemplateValue(optional: data["name"])
        if let value = data["unavailable"] { unavailable = try Reason(data: value) }
        if let value = data["strategy"] { strategy = try PlannedStrategy(data: value) }
        if let scopes = data["permissions"]?.object {
            permissions = Dictionary(uniqueKeysWithValues: scopes.map { ($0, $1.string ?? "none") })
        }
        concurrency = try TemplateValue(optional: data["concurrency"])
        timeoutMinutes = try TemplateValue(optional: data["timeoutMinutes"])
        cancelTimeoutMinutes = try TemplateValue(optional: data["cancelTimeoutMinutes"])
        continueOnError = try TemplateValue(optional: data["continueOnError"])
    }
}

extension PlannedStrategy: DataRepresentable {
    public var data: DataValue {
        var object = DataObject()
        object.set("matrix", matrix?.data)
        object.set("failFast", failFast?.data)
        object.set("maxParallel", maxParallel?.data)
        object.set("legs", legs.map { .array($0.map(DataValue.object)) })
        return .object(object)
    }

    public init(data: DataValue) throws(DataShapeError) {
        self.init(
            matrix: try TemplateValue(optional: data["matrix"]),
            failFast: try TemplateValue(optional: data["failFast"]),
            maxParallel: try TemplateValue(optional: data["maxParallel"]))
        legs = data["legs"]?.array?.compactMap(\.object)
    }
}
