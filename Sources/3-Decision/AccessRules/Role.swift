// SPDX-License-Identifier: Apache-2.0

/// What somebody is in a project. Each role may do all that the ones before it may.
///
/// Beside these stands the administrator of the server, who may do everything in every project.
package enum Role: String, Hashable, Sendable, CaseIterable, Comparable {
    /// Sees runs, logs and artifacts.
    case read
    /// Starts, cancels and reruns.
    case run
    /// Lets deployments pass.
    case approve
    /// Keeps secrets, environments and hooks.
    case maintain
    /// Changes the project and who is in it.
    case admin

    package static func < (left: Role, right: Role) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .read: 0
        case .run: 1
        case .approve: 2
        case .maintain: 3
        case .admin: 4
        }
    }

    /// All that the role may do in its project.
    package var permissions: Set<Permission> {
        Set(Permission.allCases.filter { $0.minimumRole.map { $0 <= self } ?? false })
    }
}
