// SPDX-License-Identifier: Apache-2.0

/// What ids of deliveries begin with that are made here. No forge gives one of them: whoever may send webhooks could otherwise take
/// the place of what the server tells itself, whose ids can be foreseen.
package enum OwnDeliveryID: String, Hashable, Sendable, CaseIterable {
    /// A digest stands in for an id that the forge did not give.
    case body
    case dispatch
    case poll
    case schedule
    /// A digest stands in for an id that is too long for a stream's name.
    case sha256
    case workflowRun = "workflow-run"

    package func id(_ rest: String) -> String { "\(rawValue):\(rest)" }

    static func isOwn(_ id: String) -> Bool { allCases.contains { id.hasPrefix($0.id("")) } }
}
