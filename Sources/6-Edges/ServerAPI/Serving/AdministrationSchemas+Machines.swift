// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import StructuredData

/// The shapes of runners.
extension AdministrationSchemas {
    static let machines: DataObject = [
        "Runner": APISchemas.object(
            [
                "id": text, "name": text, "group": text, "labels": APISchemas.list(text), "capacity": integer,
                "ephemeral": flag, "paused": flag, "own": flag, "connected": flag, "heardAt": integerOrNull,
                "registeredAt": integer,
                "jobs": APISchemas.list(
                    APISchemas.object(
                        ["run": integer, "attempt": integer, "job": text, "since": integer],
                        required: ["run", "attempt", "job", "since"])),
            ],
            required: [
                "id", "name", "group", "labels", "capacity", "ephemeral", "paused", "own", "connected", "heardAt",
                "registeredAt", "jobs",
            ]),
        "RunnerList": APISchemas.list(of: "Runner"),
        "Registration": APISchemas.object(
            [
                "id": text, "prefix": text, "group": text, "labels": APISchemas.list(text), "ephemeral": flag,
                "once": flag, "issuedAt": integer, "expiresAt": integer,
            ], required: ["id", "prefix", "group", "labels", "ephemeral", "once", "issuedAt", "expiresAt"]),
        "RegistrationList": APISchemas.list(of: "Registration"),
        "NewRegistration": APISchemas.object([
            "group": name,
            "labels": [
                "type": "array", "items": line(AccessLimits.nameBytes),
                "maxItems": .number(Double(AccessLimits.labelsOfARunner)),
            ], "ephemeral": flag, "once": flag, "hours": ["type": "integer", "minimum": 1, "maximum": 720],
        ]),
        "RegistrationMade": APISchemas.object(
            ["registration": APISchemas.reference("Registration"), "secret": text],
            required: ["registration", "secret"]),
    ]
}
