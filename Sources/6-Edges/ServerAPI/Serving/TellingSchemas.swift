// SPDX-License-Identifier: Apache-2.0

internal import StructuredData

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
        "TestDelivery": APISchemas.object(["id": text, "url": text], required: ["id", "url"]),
    ]

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
