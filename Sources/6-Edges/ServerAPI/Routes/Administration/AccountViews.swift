// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Credentials
internal import ServerOperation
internal import StructuredData
internal import Timekeeping

/// What the API shows of people and tokens: nothing by which one could sign in.
extension Account {
    var shown: DataValue {
        [
            "id": .string(id.description), "name": .string(name), "email": .textOrNull(email),
            "serverAdmin": .bool(isServerAdmin), "disabled": .bool(isDisabled),
            "hasPassword": .bool(passwordReference != nil), "hasIdentity": .bool(identity != nil),
            "addedAt": .moment(addedAt),
        ]
    }
}

extension IssuedToken {
    func shown(_ directory: Directory, lastUse: Timestamp?) -> DataValue {
        [
            "id": .string(id.description), "name": .string(name), "prefix": .string(prefix),
            "owner": .string(directory.name(of: owner)),
            "scopes": .array(grant.scopes.sorted().map { .string($0.rawValue) }),
            "projects": grant.projects.map { projects in
                .array(projects.sorted().map { .string(directory.name(of: $0)) })
            } ?? .null, "issuedAt": .moment(issuedAt), "expiresAt": .momentOrNull(grant.expiresAt),
            "lastUsedAt": .momentOrNull(lastUse), "revokedAt": .momentOrNull(revokedAt),
        ]
    }
}

extension DataValue {
    static func textOrNull(_ text: String?) -> DataValue { text.map { .string($0) } ?? .null }
    /// Milliseconds since 1970.
    static func moment(_ time: Timestamp) -> DataValue { .number(Double(time.milliseconds)) }
    static func momentOrNull(_ time: Timestamp?) -> DataValue { time.map { .moment($0) } ?? .null }
    static func texts(_ texts: some Sequence<String>) -> DataValue { .array(texts.map(DataValue.string)) }
}

extension Set<Permission> {
    /// In the order in which they are listed everywhere.
    var shown: DataValue { .texts(Permission.allCases.filter { contains($0) }.map(\.rawValue)) }
}
