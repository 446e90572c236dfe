// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import StructuredData

/// The shapes of projects and of what is in them.
extension AdministrationSchemas {
    static let places: DataObject = projects.merging(environments)

    private static let projects: DataObject = [
        "Project": APISchemas.object(
            projectSettings.merging([
                "id": text, "environments": APISchemas.list(text), "webhookSecrets": integer, "addedAt": integer,
                "hasCredential": flag, "hasStatusToken": flag,
            ]),
            required: [
                "id", "name", "forge", "cloneURL", "defaultBranch", "forks", "status", "paused", "options",
                "environments", "webhookSecrets", "addedAt", "hasCredential", "hasStatusToken",
            ]),
        "ProjectList": APISchemas.list(of: "Project"),
        "NewProject": APISchemas.object(projectSettings.merging(secrets), required: ["name", "cloneURL"]),
        "ProjectChange": APISchemas.object(projectSettings.merging(secrets)),
        "WebhookSecretMade": APISchemas.object(
            ["secret": text, "secrets": integer, "url": text], required: ["secret", "secrets", "url"]),
        "Member": APISchemas.object(
            ["account": text, "name": text, "role": role], required: ["account", "name", "role"]),
        "MemberList": APISchemas.list(of: "Member"),
        "RoleGiven": APISchemas.object(["role": role], required: ["role"]),
    ]

    private static let environments: DataObject = [
        "Environment": APISchemas.object(
            rules.merging([
                "name": text,
                "freeze": [
                    "anyOf": [
                        APISchemas.object(
                            ["reason": text, "until": integerOrNull], required: ["reason", "until"]),
                        ["type": "null"],
                    ]
                ],
            ]),
            required: [
                "name", "approvals", "reviewers", "notAuthor", "waitMinutes", "branches", "expiryMinutes", "freeze",
            ]),
        "EnvironmentList": APISchemas.list(of: "Environment"),
        "EnvironmentRules": APISchemas.object(rules),
        "FreezeGiven": APISchemas.object(
            ["reason": line(AccessLimits.reasonBytes), "until": integerOrNull], required: ["reason"]),
        "Secret": APISchemas.object(
            ["name": text, "version": integer, "updatedAt": integer], required: ["name", "version", "updatedAt"]),
        "SecretList": APISchemas.list(of: "Secret"),
        "Variable": APISchemas.object(
            ["name": text, "version": integer, "updatedAt": integer, "value": text],
            required: ["name", "version", "updatedAt"]),
        "VariableList": APISchemas.list(of: "Variable"),
        "ValueGiven": APISchemas.object(["value": ["type": "string"]], required: ["value"]),
        "ValueSet": APISchemas.object(
            ["name": text, "version": integer, "updatedAt": integer, "warnings": APISchemas.list(text)],
            required: ["name", "version", "updatedAt", "warnings"]),
    ]

    private static let rules: DataObject = [
        "approvals": count(AccessLimits.reviewersOfAnEnvironment),
        "reviewers": lines(AccessLimits.nameBytes, count: AccessLimits.reviewersOfAnEnvironment), "notAuthor": flag,
        "waitMinutes": count(AccessLimits.waitMinutes),
        "branches": lines(AccessLimits.addressBytes, count: AccessLimits.branchPatterns),
        "expiryMinutes": count(AccessLimits.waitMinutes),
    ]

    private static func count(_ most: Int) -> DataValue {
        ["type": "integer", "minimum": 0, "maximum": .number(Double(most))]
    }

    static func lines(_ limit: Int, count: Int) -> DataValue {
        ["type": "array", "items": line(limit), "maxItems": .number(Double(count))]
    }

    private static let projectSettings: DataObject = [
        "name": line(AccessLimits.nameBytes), "forge": choice(ProjectSettings.Forge.allCases.map(\.rawValue)),
        "cloneURL": line(AccessLimits.urlBytes), "defaultBranch": line(AccessLimits.addressBytes),
        "forks": choice(ProjectSettings.ForkPolicy.allCases.map(\.rawValue)),
        "status": choice(ProjectSettings.StatusVisibility.allCases.map(\.rawValue)), "paused": flag,
        "options": ["type": "object", "additionalProperties": ["type": "string"]],
    ]

    /// What is sealed, and never shown again.
    private static let secrets: DataObject = ["credential": secret, "statusToken": secret]
    private static let secret: DataValue = ["type": ["string", "null"], "minLength": 1, "maxLength": 16384]

    private static let role = choice(Role.allCases.map(\.rawValue))
}
