// SPDX-License-Identifier: Apache-2.0

internal import GitHubWorkflows

/// What GitHub's page "Events that trigger workflows" says beyond the schema.
enum EventTable {
    /// `nil`: no such event. Empty: the event has no activity types. `repository_dispatch` takes any.
    static func activityTypes(of event: String) -> [String]? {
        if let found = EventCatalog.events.first(where: { $0.name == event }) { return found.types }
        return EventCatalog.names.contains(event) ? [] : nil
    }

    static var names: [String] { EventCatalog.names }

    /// Which events take a filter; its `-ignore` form is for the same ones.
    static let filters: [(name: String, events: [String])] = [
        ("branches", ["merge_group", "push", "pull_request", "pull_request_target", "workflow_run"]),
        ("tags", ["push"]),
        ("paths", ["push", "pull_request", "pull_request_target"]),
    ]
}
