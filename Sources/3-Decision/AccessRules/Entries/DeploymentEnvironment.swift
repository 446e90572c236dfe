// SPDX-License-Identifier: Apache-2.0

package import StructuredData
package import Timekeeping

/// Where a project deploys to, and what has to hold before it may.
package struct DeploymentEnvironment: Hashable, Sendable {
    package var rules: EnvironmentRules
    package var freeze: Freeze?

    package var name: String { rules.name }
}

/// What an environment asks of a deployment.
package struct EnvironmentRules: Hashable, Sendable, DataRepresentable {
    package var name: String
    /// How many have to approve; 0 for none.
    package var requiredApprovals: Int
    /// Who may; empty for everybody with the role `approve`.
    package var reviewers: [EntryID]
    /// The author of what is deployed does not count.
    package var excludesAuthor: Bool
    /// How long a deployment waits at least.
    package var waitMinutes: Int
    /// Patterns of branches that may be deployed; empty for all.
    package var branchPatterns: [String]
    /// How long it waits for approvals before it fails.
    package var expiryMinutes: Int

    package static let standardExpiryMinutes = AccessLimits.waitMinutes

    package init(name: String) {
        self.name = name
        requiredApprovals = 0
        reviewers = []
        excludesAuthor = false
        waitMinutes = 0
        branchPatterns = []
        expiryMinutes = Self.standardExpiryMinutes
    }

    package var data: DataValue {
        .present([
            "name": .string(name), "approvals": .int(requiredApprovals),
            "reviewers": .texts(nonEmpty: reviewers.map(\.description)), "notAuthor": .flag(excludesAuthor),
            "waitMinutes": .int(waitMinutes), "branches": .texts(nonEmpty: branchPatterns),
            "expiryMinutes": .int(expiryMinutes),
        ])
    }

    package init(data: DataValue) throws(DataShapeError) {
        name = try data.string("name")
        requiredApprovals = data.int("approvals", default: 0)
        reviewers = data.strings("reviewers").compactMap { EntryID($0) }
        excludesAuthor = data.bool("notAuthor")
        waitMinutes = data.int("waitMinutes", default: 0)
        branchPatterns = data.strings("branches")
        expiryMinutes = data.int("expiryMinutes", default: Self.standardExpiryMinutes)
    }
}

/// A time in which nothing is deployed.
package struct Freeze: Hashable, Sendable, DataRepresentable {
    package var reason: String
    /// `nil`: until it is lifted.
    package var until: Timestamp?

    package init(reason: String, until: Timestamp? = nil) {
        self.reason = reason
        self.until = until
    }

    package func isOn(_ now: Timestamp) -> Bool { until.map { now < $0 } ?? true }

    package var data: DataValue { .present(["reason": .string(reason), "until": until.map { .time($0) }]) }

    package init(data: DataValue) throws(DataShapeError) {
        reason = try data.string("reason")
        until = data.time("until")
    }
}
