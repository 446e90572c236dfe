// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Credentials
internal import StructuredData

/// The shapes of what is administered: people, tokens, projects, environments, values, runners, hooks.
enum AdministrationSchemas {
    static let all: DataObject = people.merging(tokens).merging(places).merging(machines).merging(outgoing)

    // MARK: people

    private static let people: DataObject = [
        "Account": APISchemas.object(
            [
                "id": text, "name": text, "email": textOrNull, "serverAdmin": flag, "disabled": flag,
                "hasPassword": flag, "hasIdentity": flag, "addedAt": integer,
            ], required: ["id", "name", "email", "serverAdmin", "disabled", "hasPassword", "hasIdentity", "addedAt"]),
        "AccountList": APISchemas.list(of: "Account"),
        "NewAccount": APISchemas.object(
            [
                "name": name, "email": line(AccessLimits.addressBytes), "password": password, "serverAdmin": flag,
                "invitation": flag,
            ], required: ["name"]),
        "AccountMade": APISchemas.object(
            ["account": APISchemas.reference("Account"), "invitation": text], required: ["account"]),
        "AccountChange": APISchemas.object(["name": name, "email": ["type": ["string", "null"]]]),
        "ReasonGiven": APISchemas.object(["reason": line(AccessLimits.reasonBytes)]),
        "PasswordChange": APISchemas.object(
            ["password": password, "oldPassword": password], required: ["password"]),
        "ServerAdminChange": APISchemas.object(["serverAdmin": flag], required: ["serverAdmin"]),
        "Invitation": APISchemas.object(["link": text, "expiresAt": integer], required: ["link", "expiresAt"]),
        "Me": APISchemas.object(
            [
                "kind": choice(["account", "token", "runner"]), "id": text, "name": text,
                "account": APISchemas.reference("Account"), "token": APISchemas.reference("Token"),
                "permissions": APISchemas.list(permission),
                "projects": APISchemas.list(
                    APISchemas.object(
                        ["id": text, "name": text, "permissions": APISchemas.list(permission)],
                        required: ["id", "name", "permissions"])), "csrf": text,
            ], required: ["kind", "id", "name", "permissions", "projects"]),
        "CanI": APISchemas.object(
            [
                "permission": permission, "project": text, "allowed": flag,
                "verdict": choice(["allowed", "unknownCaller", "denied", "hidden"]), "sentence": text,
            ], required: ["permission", "allowed", "verdict", "sentence"]),
    ]

    // MARK: tokens

    private static let tokens: DataObject = [
        "Token": APISchemas.object(
            [
                "id": text, "name": text, "prefix": text, "owner": text, "scopes": APISchemas.list(scope),
                "projects": ["type": ["array", "null"], "items": text], "issuedAt": integer, "expiresAt": integerOrNull,
                "lastUsedAt": integerOrNull, "revokedAt": integerOrNull,
            ],
            required: [
                "id", "name", "prefix", "owner", "scopes", "projects", "issuedAt", "expiresAt", "lastUsedAt",
                "revokedAt",
            ]),
        "TokenList": APISchemas.list(of: "Token"),
        "NewToken": APISchemas.object(
            [
                "name": line(AccessLimits.nameBytes),
                "scopes": ["type": "array", "items": scope, "minItems": 1, "maxItems": 7],
                "projects": [
                    "type": "array", "items": text, "minItems": 1,
                    "maxItems": .number(Double(AccessLimits.projectsOfAToken)),
                ], "days": ["type": "integer", "minimum": 0, "maximum": 3_650],
            ], required: ["name", "scopes"]),
        "TokenMade": APISchemas.object(
            ["token": APISchemas.reference("Token"), "secret": text], required: ["token", "secret"]),
    ]

    // MARK: parts

    static let text = APISchemas.text
    static let integer = APISchemas.integer
    static let flag = APISchemas.flag
    static let textOrNull: DataValue = ["type": ["string", "null"]]
    static let integerOrNull: DataValue = ["type": ["integer", "null"]]
    static let name: DataValue = line(AccessLimits.nameBytes)
    static let password: DataValue = [
        "type": "string", "maxLength": .number(Double(PasswordRules.maximumBytes)),
    ]
    static let permission = choice(Permission.allCases.map(\.rawValue))
    static let scope = choice(TokenScope.allCases.map(\.rawValue))

    static func line(_ limit: Int) -> DataValue {
        ["type": "string", "minLength": 1, "maxLength": .number(Double(limit))]
    }

    static func choice(_ values: [String]) -> DataValue {
        ["type": "string", "enum": .array(values.map(DataValue.string))]
    }
}
