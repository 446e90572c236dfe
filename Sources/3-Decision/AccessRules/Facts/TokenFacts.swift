// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// A token was made and shown once.
package struct TokenIssued: DirectoryPayload {
    package static let typeName = "tokenIssued"
    package var token: EntryID
    package var owner: TokenOwner
    package var name: String
    package var prefix: String
    package var sha256: String
    package var grant: TokenGrant

    package var data: DataValue {
        .present([
            "token": .id(token), "owner": owner.data, "name": .string(name), "prefix": .string(prefix),
            "sha256": .string(sha256), "grant": grant.data,
        ])
    }
    package var place: AccessTarget { owner.target }

    package init(token: EntryID, owner: TokenOwner, name: String, prefix: String, sha256: String, grant: TokenGrant) {
        self.token = token
        self.owner = owner
        self.name = name
        self.prefix = prefix
        self.sha256 = sha256
        self.grant = grant
    }

    package init(data: DataValue) throws(DataShapeError) {
        token = try data.id("token", .token)
        owner = try data.part("owner")
        name = try data.string("name")
        prefix = try data.string("prefix")
        sha256 = try data.string("sha256")
        grant = try data.part("grant")
    }

    package func subject(_ names: EntryNames) -> String { "token \(name)" }
    package func words(_ names: EntryNames) -> String {
        "made the token \(name) (\(prefix)…) of \(names(owner.id)) with the scope \(grant.scopeWords)"
            + (grant.expiresAt.map { " until \(day($0))" } ?? "")
    }
}

/// It is good for nothing any more.
package struct TokenRevoked: DirectoryPayload {
    package static let typeName = "tokenRevoked"
    package var token: EntryID
    package var owner: TokenOwner
    package var reason: String?

    package var data: DataValue { .present(["token": .id(token), "owner": owner.data, "reason": .text(reason)]) }
    package var place: AccessTarget { owner.target }

    package init(token: EntryID, owner: TokenOwner, reason: String? = nil) {
        self.token = token
        self.owner = owner
        self.reason = reason
    }

    package init(data: DataValue) throws(DataShapeError) {
        token = try data.id("token", .token)
        owner = try data.part("owner")
        reason = data["reason"]?.string
    }

    package func subject(_ names: EntryNames) -> String { "token \(names(token))" }
    package func words(_ names: EntryNames) -> String {
        "revoked the token \(names(token)) of \(names(owner.id))" + (reason.map { ": \($0)" } ?? "")
    }
}

/// Whose a token is.
package enum TokenOwner: Hashable, Sendable, DataRepresentable {
    case account(EntryID)
    /// A project's tokens are nobody's own, and stay when people go. They reach their project alone.
    case project(EntryID)

    package var id: EntryID {
        switch self {
        case .account(let id), .project(let id): id
        }
    }

    package var target: AccessTarget {
        switch self {
        case .account: .server
        case .project(let id): .project(id)
        }
    }

    package var data: DataValue { .id(id) }

    package init(data: DataValue) throws(DataShapeError) {
        guard let id = data.string.flatMap({ EntryID($0) }) else { throw DataShapeError("an owner of a token") }
        switch id.kind {
        case .account: self = .account(id)
        case .project: self = .project(id)
        default: throw DataShapeError("an owner of a token")
        }
    }
}
