// SPDX-License-Identifier: Apache-2.0

/// The events that start workflows, with the activity types that each knows.
///
/// Source: GitHub's page "Events that trigger workflows", and its workflow schema where the page lags behind.
enum EventTable {
    /// `nil`: no such event. Empty: the event has no activity types. `repository_dispatch` takes any.
    static func activityTypes(of event: String) -> [String]? { types[event] }

    static var names: [String] { types.keys.sorted() }

    private static let pullRequest = words(
        """
        assigned unassigned labeled unlabeled opened edited closed reopened synchronize converted_to_draft locked \
        unlocked enqueued dequeued milestoned demilestoned ready_for_review review_requested review_request_removed \
        auto_merge_enabled auto_merge_disabled stacked
        """)

    private static let types: [String: [String]] = [
        "branch_protection_rule": words("created edited deleted"),
        "check_run": words("created rerequested completed requested_action"),
        "check_suite": words("completed"),
        "create": [],
        "delete": [],
        "deployment": [],
        "deployment_status": [],
        "discussion": words(
            "created edited deleted transferred pinned unpinned labeled unlabeled locked unlocked category_changed "
                + "answered unanswered"),
        "discussion_comment": words("created edited deleted"),
        "fork": [],
        "gollum": [],
        "image_version": words("created ready deleted"),
        "issue_comment": words("created edited deleted"),
        "issues": words(
            "opened edited deleted transferred pinned unpinned closed reopened assigned unassigned labeled unlabeled "
                + "locked unlocked milestoned demilestoned typed untyped field_added field_removed"),
        "label": words("created edited deleted"),
        "merge_group": words("checks_requested"),
        "milestone": words("created closed opened edited deleted"),
        "page_build": [],
        "project": words("created closed reopened edited deleted"),
        "project_card": words("created moved converted edited deleted"),
        "project_column": words("created updated moved deleted"),
        "public": [],
        "pull_request": pullRequest,
        "pull_request_comment": words("created edited deleted"),
        "pull_request_review": words("submitted edited dismissed"),
        "pull_request_review_comment": words("created edited deleted"),
        "pull_request_target": pullRequest,
        "push": [],
        "registry_package": words("published updated"),
        "release": words("published unpublished created edited deleted prereleased released"),
        "repository_dispatch": [],
        "schedule": [],
        "status": [],
        "watch": words("started"),
        "workflow_call": [],
        "workflow_dispatch": [],
        "workflow_run": words("completed requested in_progress"),
    ]

    /// Which events take a filter; its `-ignore` form is for the same ones.
    static let filters: [(name: String, events: [String])] = [
        ("branches", ["merge_group", "push", "pull_request", "pull_request_target", "workflow_run"]),
        ("tags", ["push"]),
        ("paths", ["push", "pull_request", "pull_request_target"]),
    ]

    private static func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
}
