// SPDX-License-Identifier: Apache-2.0

internal import StructuredData
internal import TriggerIntake

/// The shapes of who is told what, and of what was sent.
enum TellingSchemas {
    private static let text = APISchemas.text
    private static let integer = APISchemas.integer

    static let all: DataObject = [
        "Notifications": APISchemas.object([
            "policies": ["type": "array", "items": ["type": "object", "additionalProperties": true]],
            "slack": ["type": "object", "additionalProperties": text],
            "language": text,
        ]),
        "DeliveryRow": APISchemas.object(delivery, required: ["id", "hook", "type", "createdAt", "state"]),
        "DeliveryList": APISchemas.list(of: "DeliveryRow"),
        "Delivery": APISchemas.object(
            whole, required: ["id", "hook", "type", "createdAt", "state", "body", "attempts"]),
        "Incoming": APISchemas.object(
            incoming, required: ["id", "event", "receivedAt", "state", "attempts", "notes"]),
        "IncomingList": APISchemas.list(of: "Incoming"),
        "TestDelivery": APISchemas.object(["id": text, "url": text], required: ["id", "url"]),
    ]

    private static let incoming: DataObject = [
        "id": text, "event": text, "ref": text, "actor": text, "receivedAt": integer, "attempts": integer,
        "state": ["type": "string", "enum": ["waiting", "worked", "failed"]], "retryAt": integer, "code": text,
        "problem": text, "remedy": text, "moreNotes": integer,
        "notes": APISchemas.list(
            APISchemas.object(
                [
                    "kind": ["type": "string", "enum": .array(noteKinds)], "workflow": text, "run": integer,
                    "reason": text,
                ], required: ["kind", "workflow", "reason"])),
    ]
    private static let noteKinds = DeliveryNote.Kind.allCases.map { DataValue.string($0.rawValue) }

    private static let delivery: DataObject = [
        "id": text, "hook": text, "type": text, "createdAt": integer, "attemptCount": integer,
        "state": ["type": "string", "enum": ["waiting", "delivered", "givenUp"]], "nextAt": integer,
        "deliveredAt": integer, "reason": text, "lastStatus": integer, "lastProblem": text,
    ]

    private static let whole: DataObject = {
        var object = delivery
        object["body"] = ["type": ["object", "null"], "additionalProperties": true]
        object["attempts"] = APISchemas.list(attempt)
        return object
    }()

    private static let attempt = APISchemas.object(
        [
            "at": integer, "url": text, "requestHeaders": headers, "durationMs": integer, "status": integer,
            "problem": text, "answerHeaders": headers, "answerBody": text, "answerCut": APISchemas.flag,
        ], required: ["at", "url", "durationMs"])

    private static let headers = APISchemas.list(
        APISchemas.object(["name": text, "value": text], required: ["name", "value"]))
}
