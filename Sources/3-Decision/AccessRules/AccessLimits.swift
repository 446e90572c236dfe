// SPDX-License-Identifier: Apache-2.0

/// How much the directory holds. All of it is in memory, and each change is an event that is kept for ever.
package enum AccessLimits {
    package static let accounts = 10_000
    package static let projects = 5_000
    package static let tokensOfAnOwner = 1_000
    /// Ended tokens that are still known by name, an owner.
    package static let endedTokensOfAnOwner = 100
    package static let projectsOfAToken = 100
    package static let environmentsOfAProject = 100
    package static let reviewersOfAnEnvironment = 50
    package static let branchPatterns = 50
    package static let valuesOfAPlace = 1_000
    package static let runners = 10_000
    package static let labelsOfARunner = 50
    package static let capacityOfARunner = 1_000
    package static let openRegistrations = 1_000
    package static let hooksOfAPlace = 100
    package static let channelsOfAPlace = 100
    package static let eventNames = 50
    /// 30 days.
    package static let waitMinutes = 43_200
    package static let nameBytes = 100
    package static let addressBytes = 254
    package static let urlBytes = 2_000
    package static let reasonBytes = 1_000
    package static let userAgentBytes = 300
}
