// SPDX-License-Identifier: Apache-2.0

/// What a permission is about.
package enum PermissionScope: String, CaseIterable, Hashable, Sendable {
    case actions
    case artifactMetadata = "artifact-metadata"
    case attestations
    case checks
    case codeQuality = "code-quality"
    case contents
    case copilotRequests = "copilot-requests"
    case deployments
    case discussions
    case drives
    case idToken = "id-token"
    case issues
    case models
    case packages
    case pages
    case pullRequests = "pull-requests"
    case repositoryProjects = "repository-projects"
    case securityEvents = "security-events"
    case statuses
    case vulnerabilityAlerts = "vulnerability-alerts"

    /// The greatest level that the scope knows.
    package var greatest: PermissionLevel {
        switch self {
        case .models, .vulnerabilityAlerts: .read
        default: .write
        }
    }

    /// Whether the scope knows `read`.
    package var hasRead: Bool {
        switch self {
        case .idToken, .copilotRequests: false
        default: true
        }
    }

    /// Whether the scope is one of the thirteen that GitHub began with.
    package var isClassic: Bool {
        switch self {
        case .artifactMetadata, .attestations, .codeQuality, .copilotRequests, .drives, .models, .vulnerabilityAlerts:
            false
        default: true
        }
    }

    var levelDefinition: String {
        switch (hasRead, greatest) {
        case (false, _): "permission-level-write-or-no-access"
        case (true, .read): "permission-level-read-or-no-access"
        default: "permission-level-any"
        }
    }
}

package enum PermissionLevel: Int, Comparable, Hashable, Sendable {
    case none
    case read
    case write

    package init?(text: some StringProtocol) {
        switch text {
        case "none": self = .none
        case "read": self = .read
        case "write": self = .write
        default: return nil
        }
    }

    package var text: String {
        switch self {
        case .none: "none"
        case .read: "read"
        case .write: "write"
        }
    }

    package static func < (left: PermissionLevel, right: PermissionLevel) -> Bool { left.rawValue < right.rawValue }
}
