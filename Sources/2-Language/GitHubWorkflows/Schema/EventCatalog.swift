// SPDX-License-Identifier: Apache-2.0

/// The filters that an event's configuration may hold.
package struct EventFilters: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// `branches` and `branches-ignore`.
    package static let branches = EventFilters(rawValue: 1 << 0)
    /// `tags` and `tags-ignore`.
    package static let tags = EventFilters(rawValue: 1 << 1)
    /// `paths` and `paths-ignore`.
    package static let paths = EventFilters(rawValue: 1 << 2)
    package static let workflows = EventFilters(rawValue: 1 << 3)
    package static let names = EventFilters(rawValue: 1 << 4)
    package static let versions = EventFilters(rawValue: 1 << 5)
    /// `types` of the author's own choosing (`repository_dispatch`).
    package static let ownTypes = EventFilters(rawValue: 1 << 6)

    var properties: [SchemaProperty] {
        let keys: [(EventFilters, [String])] = [
            (.branches, ["branches", "branches-ignore"]), (.tags, ["tags", "tags-ignore"]),
            (.paths, ["paths", "paths-ignore"]), (.workflows, ["workflows"]), (.names, ["names"]),
            (.versions, ["versions"]), (.ownTypes, ["types"]),
        ]
        return keys.filter { contains($0.0) }.flatMap { $0.1 }.map { .optional($0, "strings") }
    }
}

/// An event that can start a workflow.
package struct EventDescription: Sendable {
    package var name: String
    /// The activity types GitHub knows; empty where the event has none.
    package var types: [String] = []
    package var filters: EventFilters = []
    /// Keys GitHub does not know are errors; with other events it ignores them.
    package var isStrict = false

    /// The definition of the event's configuration.
    var definition: String { name.split(separator: "_").joined(separator: "-") }
}

package enum EventCatalog {
    /// Every event with filters of the common form; `schedule`, `workflow_call` and `workflow_dispatch` have their own.
    package static let events: [EventDescription] = changeEvents + discussionEvents + deliveryEvents + plainEvents

    private static let changed = ["created", "edited", "deleted"]

    private static let pullRequestTypes = [
        "assigned", "unassigned", "labeled", "unlabeled", "opened", "edited", "closed", "reopened", "synchronize",
        "converted_to_draft", "locked", "unlocked", "enqueued", "dequeued", "milestoned", "demilestoned",
        "ready_for_review", "review_requested", "review_request_removed", "auto_merge_enabled",
        "auto_merge_disabled", "stacked",
    ]

    private static let changeEvents: [EventDescription] = [
        EventDescription(name: "push", filters: [.branches, .tags, .paths], isStrict: true),
        EventDescription(
            name: "pull_request", types: pullRequestTypes, filters: [.branches, .tags, .paths], isStrict: true),
        EventDescription(
            name: "pull_request_target", types: pullRequestTypes, filters: [.branches, .tags, .paths],
            isStrict: true),
        EventDescription(name: "pull_request_comment", types: changed),
        EventDescription(name: "pull_request_review", types: ["submitted", "edited", "dismissed"]),
        EventDescription(name: "pull_request_review_comment", types: changed),
        EventDescription(name: "merge_group", types: ["checks_requested"], filters: .branches),
        EventDescription(name: "branch_protection_rule", types: changed),
        EventDescription(name: "check_run", types: ["completed", "created", "rerequested", "requested_action"]),
        EventDescription(name: "check_suite", types: ["completed", "requested", "rerequested"]),
    ]

    private static let discussionEvents: [EventDescription] = [
        EventDescription(
            name: "discussion",
            types: [
                "created", "edited", "deleted", "transferred", "pinned", "unpinned", "labeled", "unlabeled", "locked",
                "unlocked", "category_changed", "answered", "unanswered",
            ]),
        EventDescription(name: "discussion_comment", types: changed),
        EventDescription(name: "issue_comment", types: changed),
        EventDescription(
            name: "issues",
            types: [
                "opened", "edited", "deleted", "transferred", "pinned", "unpinned", "closed", "reopened", "assigned",
                "unassigned", "labeled", "unlabeled", "locked", "unlocked", "milestoned", "demilestoned",
                "field_added", "field_removed", "typed", "untyped",
            ]),
        EventDescription(name: "label", types: changed),
        EventDescription(name: "milestone", types: ["created", "closed", "opened", "edited", "deleted"]),
        EventDescription(name: "project", types: ["created", "updated", "closed", "reopened", "edited", "deleted"]),
        EventDescription(name: "project_card", types: ["created", "moved", "converted", "edited", "deleted"]),
        EventDescription(name: "project_column", types: ["created", "updated", "moved", "deleted"]),
        EventDescription(name: "watch", types: ["started"]),
    ]

    private static let deliveryEvents: [EventDescription] = [
        EventDescription(
            name: "release",
            types: ["published", "unpublished", "created", "edited", "deleted", "prereleased", "released"]),
        EventDescription(name: "registry_package", types: ["published", "updated"]),
        EventDescription(
            name: "image_version", types: ["created", "ready", "deleted"], filters: [.names, .versions]),
        EventDescription(name: "repository_dispatch", filters: .ownTypes),
        EventDescription(
            name: "workflow_run", types: ["requested", "completed", "in_progress"], filters: [.workflows, .branches]),
    ]

    private static let plainEvents: [EventDescription] = [
        "create", "delete", "deployment", "deployment_status", "dynamic", "fork", "gollum", "interactive_component",
        "member", "page_build", "public", "status",
    ].map { EventDescription(name: $0) }

    /// Every name that `on` may hold, sorted.
    package static let names: [String] =
        (events.map(\.name) + ["schedule", "workflow_call", "workflow_dispatch"]).sorted()
}

extension WorkflowSchema {
    mutating func defineEvents() {
        oneOf("on", ["event-name", "event-names", "on-mapping"])
        choice("event-name", EventCatalog.names)
        sequence("event-names", of: "event-name")
        mapping(
            "on-mapping",
            EventCatalog.events.map { .optional($0.name, $0.definition) } + [
                .optional("schedule", "schedule", "At certain times."),
                .optional("workflow_call", "workflow-call", "When another workflow calls this one."),
                .optional("workflow_dispatch", "workflow-dispatch", "When a person or a program starts it."),
            ])
        for event in EventCatalog.events { define(event) }
        sequence("schedule", of: "cron-mapping")
        mapping(
            "cron-mapping",
            [
                .required("cron", "cron-pattern", "Minute, hour, day of month, month, day of week."),
                .optional("timezone", "timezone-string", "The IANA name of the zone; UTC by default."),
            ])
        nonEmptyString("cron-pattern")
        nonEmptyString("timezone-string")
    }

    private mutating func define(_ event: EventDescription) {
        let name = event.definition
        var properties = event.filters.properties
        if !event.types.isEmpty {
            properties.insert(.optional("types", "\(name)-activity", "What must have happened."), at: 0)
            oneOf("\(name)-activity", ["null", "\(name)-activity-type", "\(name)-activity-types"])
            sequence("\(name)-activity-types", of: "\(name)-activity-type")
            choice("\(name)-activity-type", event.types, isOpen: true)
        }
        oneOf(name, ["null", "\(name)-mapping"])
        mapping("\(name)-mapping", properties, isOpen: !event.isStrict)
    }
}
