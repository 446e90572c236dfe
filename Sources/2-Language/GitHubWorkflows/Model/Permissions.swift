// SPDX-License-Identifier: Apache-2.0

/// What a job's token may do: a level for each scope that is named, or one level for all.
package struct Permissions: Hashable, Sendable {
    /// Levels of the scopes that are named.
    private var levels: [PermissionScope: PermissionLevel] = [:]
    /// The level of scopes that are not named.
    private var others = PermissionLevel.none

    /// No access.
    package init() {}

    /// `read-all` or `write-all`.
    package init(all level: PermissionLevel) {
        others = level
    }

    /// What a job has that asks for nothing.
    ///
    /// - Parameter includesIdentityToken: only a trusted workflow may have an ID token without asking for it.
    package init(policy: PermissionsPolicy, includesIdentityToken: Bool) {
        switch policy {
        case .limitedRead:
            levels = [.contents: .read, .packages: .read]
        case .write:
            others = .write
            if !includesIdentityToken { levels[.idToken] = PermissionLevel.none }
        }
    }

    /// The level of `scope`, no higher than the scope goes.
    package subscript(scope: PermissionScope) -> PermissionLevel {
        get { min(levels[scope] ?? others, scope.greatest) }
        set { levels[scope] = newValue }
    }

    /// The scopes with access, in the order of ``PermissionScope``. `read-all` and `write-all` stand for the classic
    /// scopes here, as they do in GitHub's own listings; the newer ones are listed where they are named.
    package var granted: [(scope: PermissionScope, level: PermissionLevel)] {
        PermissionScope.allCases.compactMap { scope in
            guard isListed(scope), self[scope] != .none else { return nil }
            return (scope, self[scope])
        }
    }

    /// Where this asks for more than `limit`, in GitHub's order.
    func excess(over limit: Permissions) -> [PermissionExcess] {
        Self.comparisonOrder.filter { isListed($0) && self[$0] > limit[$0] }.map {
            PermissionExcess(scope: $0, requested: self[$0], allowed: limit[$0])
        }
    }

    private func isListed(_ scope: PermissionScope) -> Bool { levels[scope] != nil || scope.isClassic }

    /// Those that GitHub names when it refuses a call come in this order.
    private static let comparisonOrder: [PermissionScope] = [
        .actions, .artifactMetadata, .attestations, .checks, .codeQuality, .contents, .copilotRequests, .deployments,
        .discussions, .drives, .issues, .packages, .pages, .pullRequests, .repositoryProjects, .statuses,
        .securityEvents, .idToken, .models, .vulnerabilityAlerts,
    ]
}

struct PermissionExcess: Hashable {
    var scope: PermissionScope
    var requested: PermissionLevel
    var allowed: PermissionLevel

    var requestedText: String { "\(scope.rawValue): \(requested.text)" }
    var allowedText: String { "\(scope.rawValue): \(allowed.text)" }
}
