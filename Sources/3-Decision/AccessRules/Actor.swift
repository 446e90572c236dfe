// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// Who did something, as far as it was known when it was done.
package struct Actor: Hashable, Sendable, DataRepresentable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case account
        case token
        case runner
        /// The server itself: a schedule, an expiry, a setting file.
        case system
        /// Somebody at a forge, through a webhook.
        case forge
    }

    package var kind: Kind
    /// The account's, token's or runner's.
    package var id: EntryID?
    /// Whose token it is.
    package var owner: EntryID?
    /// As it was called then.
    package var name: String
    /// Where the request came from.
    package var address: String?
    package var userAgent: String?

    package init(
        _ kind: Kind, id: EntryID? = nil, owner: EntryID? = nil, name: String, address: String? = nil,
        userAgent: String? = nil
    ) {
        self.kind = kind
        self.id = id
        self.owner = owner
        self.name = name.bounded(AccessLimits.nameBytes)
        self.address = address?.bounded(AccessLimits.addressBytes)
        self.userAgent = userAgent?.bounded(AccessLimits.userAgentBytes)
    }

    package static func system(_ name: String) -> Actor { Actor(.system, name: name) }

    /// The account that is answerable: itself, or the token's owner.
    package var account: EntryID? {
        [id, owner].compactMap { $0 }.first { $0.kind == .account }
    }

    package var data: DataValue {
        .present([
            "kind": .string(kind.rawValue), "id": .id(id), "owner": .id(owner), "name": .string(name),
            "address": .text(address), "agent": .text(userAgent),
        ])
    }

    package init(data: DataValue) throws(DataShapeError) {
        kind = try data.value("kind")
        id = data.optionalID("id")
        owner = data.optionalID("owner")
        name = data["name"]?.string ?? ""
        address = data["address"]?.string
        userAgent = data["agent"]?.string
    }
}
