// SPDX-License-Identifier: Apache-2.0

package import StructuredData
package import Timekeeping

/// What a token may be used for, at most. What its owner may not do, it may not do either.
package enum TokenScope: String, Hashable, Sendable, CaseIterable, Comparable {
    // As the role of the same name.
    case read
    case run
    case approve
    case maintain
    /// All that the owner may, the server too.
    case admin
    /// Registering runners, and nothing else.
    case runner
    /// Reading metrics, and nothing else.
    case metrics

    /// The role that it stands for.
    package var role: Role? { Role(rawValue: rawValue) }

    package var permissions: Set<Permission> {
        switch self {
        case .read, .run, .approve, .maintain: role?.permissions ?? []
        case .admin: Set(Permission.allCases).subtracting([.takeJobs])
        case .runner: [.registerRunners]
        case .metrics: [.viewMetrics]
        }
    }

    /// The narrowest scope that allows something; `nil` for what no token may.
    package static func narrowest(for permission: Permission) -> TokenScope? {
        [.metrics, .runner, .read, .run, .approve, .maintain, .admin].first { $0.permissions.contains(permission) }
    }

    package static func < (left: TokenScope, right: TokenScope) -> Bool {
        left.permissions.count != right.permissions.count
            ? left.permissions.count < right.permissions.count : left.rawValue < right.rawValue
    }
}

/// A token's scopes and bounds.
package struct TokenGrant: Hashable, Sendable, DataRepresentable {
    package var scopes: Set<TokenScope>
    /// `nil`: all that the owner can see, those that come later too.
    package var projects: Set<EntryID>?
    /// `nil`: never.
    package var expiresAt: Timestamp?

    package init(_ scopes: Set<TokenScope>, projects: Set<EntryID>? = nil, expiresAt: Timestamp? = nil) {
        self.scopes = scopes
        self.projects = projects
        self.expiresAt = expiresAt
    }

    package var permissions: Set<Permission> { scopes.reduce(into: []) { $0.formUnion($1.permissions) } }

    /// `read and metrics`.
    package var scopeWords: String {
        let names = scopes.sorted().map(\.rawValue)
        return names.isEmpty ? "nothing" : names.joined(separator: " and ")
    }

    package var data: DataValue {
        .present([
            "scopes": .texts(scopes.sorted().map(\.rawValue)),
            "projects": projects.map { .texts($0.sorted().map(\.description)) },
            "expires": expiresAt.map { .time($0) },
        ])
    }

    /// A scope or a project that is not known is left out: that can only take rights away.
    package init(data: DataValue) throws(DataShapeError) {
        scopes = Set(data.strings("scopes").compactMap(TokenScope.init(rawValue:)))
        projects = data["projects"] == nil ? nil : Set(data.strings("projects").compactMap { EntryID($0) })
        expiresAt = data.time("expires")
    }
}
