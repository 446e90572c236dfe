// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import RunCoordination
internal import RunIndex
internal import StructuredData

/// The shapes of what the API takes and gives.
enum APISchemas {
    static let all: DataObject = runs.merging(AdministrationSchemas.all).merging(TellingSchemas.all)

    /// What an approval would change: `added` and `removed` count commits against what is deployed; the newest are named.
    private static let deploymentChange = object(
        [
            "deployed": object(["run": integer, "attempt": integer, "sha": text, "ref": text, "at": integer]),
            "added": integer, "removed": integer,
            "commits": list(object(["sha": text, "author": text, "subject": text])),
        ], required: ["deployed"])

    private static let runs: DataObject = [
        "Problem": object(
            [
                "type": text, "title": text, "status": integer, "detail": text, "code": text, "remedy": text,
            ], required: ["type", "title", "status", "code"]),
        "Empty": object([:]),
        "CancelRequest": object(["force": flag]),
        "ReviewRequest": object(
            [
                "decision": ["type": "string", "enum": ["approve", "reject", "override"]], "reason": text,
            ], required: ["decision"]),
        "ReviewAnswer": object(["sentence": text], required: ["sentence"]),
        "Approval": object(
            [
                "run": integer, "attempt": integer, "job": text, "name": text, "project": text, "environment": text,
                "branch": text, "sentence": text, "required": integer, "approved": list(text), "url": text,
                "change": deploymentChange, "event": text,
                "inputs": ["type": "object", "additionalProperties": text],
            ], required: ["run", "attempt", "job", "environment", "sentence"]),
        "ApprovalList": list(of: "Approval"),
        "DispatchRequest": object(
            [
                "workflow": text, "ref": text, "inputs": ["type": "object"], "jobs": list(text),
                // What a forge tells is not for people to say: it decides about trust and secrets.
                "event": ["type": "string", "enum": ["workflow_dispatch"]],
            ], required: ["workflow"]),
        "EventDispatch": object(
            ["event_type": text, "client_payload": ["type": "object"]], required: ["event_type"]),
        "DispatchAnswer": object(
            [
                "runs": list(object(["run": integer, "workflow": text, "url": text], required: ["run", "url"])),
                "refused": list(object(["workflow": text, "reason": text], required: ["workflow", "reason"])),
            ], required: ["runs", "refused"]),
        "RerunRequest": object([
            "select": ["type": "string", "enum": ["all", "failed", "jobs", "from"]], "jobs": list(text), "from": text,
        ]),
        "RerunAnswer": object(["run": integer, "attempt": integer, "url": text], required: ["run", "attempt", "url"]),
        "WhyItem": object(
            [
                "title": text, "job": text, "step": text, "conclusion": conclusions, "reason": reference("Reason"),
                "notes": list(text),
            ], required: ["title", "job", "notes"]),
        "ReasonList": list(of: "WhyItem"),
        "Annotation": object(
            [
                "job": text, "step": text, "level": text, "message": text, "title": text, "file": text,
                "line": integer, "endLine": integer, "column": integer,
            ], required: ["job", "level", "message"]),
        "AnnotationList": list(of: "Annotation"),
        "Test": object(
            [
                "job": text, "suite": text, "name": text, "status": text, "durationSeconds": ["type": "number"],
                "file": text, "line": integer, "message": text,
            ], required: ["job", "name", "status"]),
        "TestList": list(of: "Test"),
        "Summary": object(["job": text, "step": text, "markdown": text], required: ["job", "step", "markdown"]),
        "SummaryList": list(of: "Summary"),
        "Artifact": object(
            [
                "name": text, "id": integer, "job": text, "step": text, "size": integer, "created": text,
                "digest": text, "expires": text,
            ], required: ["name", "id", "job", "size", "created"]),
        "ArtifactList": list(of: "Artifact"),
        "Match": object(
            ["job": text, "step": text, "attempt": integer, "line": integer, "text": text],
            required: ["job", "step", "attempt", "line", "text"]),
        "SearchResult": object(
            [
                "count": integer, "isCounted": flag, "matches": list(reference("Match")),
                "next": ["type": ["string", "null"]],
            ], required: ["count", "matches", "next"]),
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
                "finishedAt": integer, "runner": text, "environment": text, "notes": list(text),
                "takenFrom": integer,
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
        // A job that should have run was not to be had.
        "unavailable": flag,
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
