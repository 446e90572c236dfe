// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import RunCoordination
internal import RunIndex
internal import StructuredData

/// The shapes of what the API takes and gives.
enum APISchemas {
    static let all: DataObject = runs.merging(AdministrationSchemas.all)

    private static let runs: DataObject = [
        "Problem": object(
            [
                "type": text, "title": text, "status": integer, "detail": text, "code": text, "remedy": text,
            ], required: ["type", "title", "status", "code"]),
        "Empty": object([:]),
        "CancelRequest": object(["force": flag]),
        "RunRow": object(runRow, required: ["run", "attempt", "project", "workflow", "event", "state", "createdAt"]),
        "RunList": list(of: "RunRow"),
        "Reason": object(
            ["kind": text, "text": text, "expression": text, "values": list(text)], required: ["kind", "text"]),
        "Step": object(
            [
                "step": text, "attempt": integer, "title": text, "state": states, "conclusion": conclusions,
                "outcome": conclusions, "exitCode": integer, "reason": reference("Reason"), "startedAt": integer,
                "finishedAt": integer, "logLines": integer, "takenFrom": integer,
            ], required: ["step", "attempt", "title", "state"]),
        "Job": object(
            [
                "id": text, "name": text, "number": integer, "needs": list(text), "state": states,
                "conclusion": conclusions, "reason": reference("Reason"), "queuedAt": integer, "startedAt": integer,
                "finishedAt": integer, "runner": text, "notes": list(text), "takenFrom": integer,
                "steps": list(reference("Step")),
            ], required: ["id", "name", "state", "steps"]),
        "Run": object(
            runRow.merging([
                "reason": reference("Reason"), "startedAt": integer, "previousAttempt": integer,
                "jobs": list(reference("Job")),
            ]), required: ["run", "attempt", "state", "sentence", "jobs"]),
    ]

    private static let runRow: DataObject = [
        "run": integer, "attempt": integer, "project": text, "workflow": text, "path": text, "title": text,
        "event": text, "ref": text, "sha": text, "actor": text, "subject": text, "state": states, "sentence": text,
        "createdAt": integer, "url": text, "conclusion": ["anyOf": [conclusions, ["type": "null"]]],
        "finishedAt": ["type": ["integer", "null"]],
    ]

    static let text: DataValue = ["type": "string"]
    static let integer: DataValue = ["type": "integer"]
    static let flag: DataValue = ["type": "boolean"]
    private static let states: DataValue = [
        "type": "string",
        "enum": .array(RunReport.State.allCases.map { .string($0.rawValue) }),
    ]
    private static let conclusions: DataValue = [
        "type": "string", "enum": .array(Conclusion.allCases.map { .string($0.rawValue) }),
    ]

    static func reference(_ name: String) -> DataValue { ["$ref": .string("#/components/schemas/\(name)")] }

    static func list(_ items: DataValue) -> DataValue { ["type": "array", "items": items] }

    /// A page of a list.
    static func list(of name: String) -> DataValue {
        object(
            ["items": list(reference(name)), "next": ["type": ["string", "null"]]], required: ["items", "next"])
    }

    static func object(_ properties: DataObject, required: [String] = []) -> DataValue {
        var object: DataObject = ["type": "object", "properties": .object(properties)]
        if !required.isEmpty { object["required"] = .array(required.map(DataValue.string)) }
        return .object(object)
    }
}

extension DataObject {
    func merging(_ other: DataObject) -> DataObject {
        var merged = self
        for (key, value) in other { merged[key] = value }
        return merged
    }
}
