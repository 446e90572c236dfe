// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import StructuredData

/// A merge request's hook as `pull_request` events. GitLab tells of one save, which can be several of GitHub's
/// activities: new commits, two labels and the end of a draft.
struct GitLabMergeRequest {
    private let hook: GitLabHook
    private let attributes: DataValue
    private let changes: DataValue

    init(_ hook: GitLabHook) throws(DiagnosticError) {
        guard let attributes = hook.payload["object_attributes"], attributes.object != nil else {
            throw WebhookBody.malformed("The merge request of GitLab has no 'object_attributes'.")
        }
        self.hook = hook
        self.attributes = attributes
        changes = hook.payload["changes"] ?? [:]
    }

    func events() throws(DiagnosticError) -> [TranslatedEvent] {
        switch attributes["action"]?.string ?? "" {
        case "open": return [event("opened")]
        case "reopen": return [event("reopened")]
        case "close", "merge": return [event("closed")]
        case "approved", "approval": return [review("submitted", state: "approved")]
        case "unapproved", "unapproval": return [review("dismissed", state: "dismissed")]
        case "update": return updates()
        default:
            // Sent by the "Test" button, among others.
            return [TranslatedEvent("merge_request", hook.payload)]
        }
    }

    // MARK: Updates

    private func updates() -> [TranslatedEvent] {
        var events: [TranslatedEvent] = []
        if let before = attributes["oldrev"]?.string {
            let after = attributes["last_commit"]?["id"] ?? .null
            events.append(event("synchronize", ["before": .string(before), "after": after]))
        }
        if let isDraft = draftChange { events.append(event(isDraft ? "converted_to_draft" : "ready_for_review")) }
        events += differences("labels", "id", added: "labeled", removed: "unlabeled") { ["label": .object(label($0))] }
        events += differences("assignees", "username", added: "assigned", removed: "unassigned") {
            ["assignee": .object(GitLabHook.account($0) ?? [:])]
        }
        events += differences(
            "reviewers", "username", added: "review_requested", removed: "review_request_removed"
        ) { ["requested_reviewer": .object(GitLabHook.account($0) ?? [:])] }
        if let milestone = changes["milestone_id"] {
            events.append(event(milestone["current"]?.number == nil ? "demilestoned" : "milestoned"))
        }
        if let isLocked = changes["discussion_locked"]?["current"]?.bool {
            events.append(event(isLocked ? "locked" : "unlocked"))
        }
        if let edits { events.append(event("edited", ["changes": .object(edits)])) }
        return events
    }

    /// What a draft is now, where that changed.
    private var draftChange: Bool? {
        for key in ["draft", "work_in_progress"] {
            if let now = changes[key]?["current"]?.bool, now != changes[key]?["previous"]?.bool { return now }
        }
        return nil
    }

    /// An event for each that is in one of the two lists only. GitLab repeats lists that did not change.
    private func differences(
        _ key: String, _ identity: String, added: String, removed: String, _ extra: (DataValue) -> DataObject
    ) -> [TranslatedEvent] {
        guard let before = changes[key]?["previous"]?.array, let now = changes[key]?["current"]?.array else {
            return []
        }
        let identitiesBefore = Set(before.compactMap { $0[identity] })
        let identitiesNow = Set(now.compactMap { $0[identity] })
        let gone = before.filter { $0[identity].map { !identitiesNow.contains($0) } ?? false }
        let new = now.filter { $0[identity].map { !identitiesBefore.contains($0) } ?? false }
        return new.map { event(added, extra($0)) } + gone.map { event(removed, extra($0)) }
    }

    private var edits: DataObject? {
        var edits = DataObject()
        if let title = changes["title"]?["previous"]?.string {
            // The word before the title that makes a draft is no edit on GitHub.
            let now = changes["title"]?["current"]?.string ?? ""
            if DraftTitle.rest(of: title) != DraftTitle.rest(of: now) { edits["title"] = ["from": .string(title)] }
        }
        if let body = changes["description"] { edits["body"] = ["from": body["previous"] ?? .null] }
        if let base = changes["target_branch"]?["previous"] { edits["base"] = ["ref": ["from": base]] }
        return edits.isEmpty ? nil : edits
    }

    // MARK: Parts

    private func event(_ action: String, _ extra: DataObject = [:]) -> TranslatedEvent {
        var payload: DataObject = [
            "action": .string(action), "number": attributes["iid"] ?? .null, "pull_request": .object(pullRequest),
            "repository": .object(hook.repository), "sender": .object(hook.sender),
        ]
        // GitHub has none: whether a commit asks to be skipped is seen without asking git.
        if let commit = attributes["last_commit"] { payload["head_commit"] = .object(GitLabHook.commit(commit)) }
        for (key, value) in extra { payload[key] = value }
        return TranslatedEvent("pull_request", payload)
    }

    private func review(_ action: String, state: DataValue) -> TranslatedEvent {
        let review: DataValue = ["state": state, "user": .object(hook.sender), "body": .null]
        return TranslatedEvent("pull_request_review", event(action, ["review": review]).payload)
    }

    private var pullRequest: DataObject {
        let state = attributes["state"]?.string ?? ""
        let isMerged = state == "merged" || attributes["action"]?.string == "merge"
        var object: DataObject = [
            "number": attributes["iid"] ?? .null, "title": attributes["title"] ?? "",
            "body": attributes["description"] ?? .null,
            "state": isMerged || state == "closed" ? "closed" : "open", "merged": .bool(isMerged),
            "draft": .bool(isDraft), "locked": attributes["discussion_locked"] ?? false,
            "user": .object(author ?? [:]), "head": .object(head), "base": .object(target),
            "labels": .array(labels.map { .object(label($0)) }),
            "assignees": accounts("assignees"), "requested_reviewers": accounts("reviewers"),
            "merge_commit_sha": attributes["merge_commit_sha"] ?? .null,
        ]
        object.set("id", attributes["id"])
        object.set("html_url", attributes["url"])
        object.set("created_at", attributes["created_at"])
        object.set("updated_at", attributes["updated_at"])
        if isMerged { object.set("merged_at", attributes["updated_at"]) }
        if let isFirst = attributes["first_contribution"]?.bool {
            object["author_association"] = isFirst ? "FIRST_TIME_CONTRIBUTOR" : "CONTRIBUTOR"
        }
        return object
    }

    private var isDraft: Bool {
        attributes["draft"]?.bool ?? attributes["work_in_progress"]?.bool
            ?? DraftTitle.isDraft(attributes["title"]?.string ?? "")
    }

    private var labels: [DataValue] { attributes["labels"]?.array ?? hook.payload["labels"]?.array ?? [] }

    private func label(_ value: DataValue) -> DataObject { GitLabHook.label(value) }

    private func accounts(_ key: String) -> DataValue {
        .array((hook.payload[key]?.array ?? []).compactMap { GitLabHook.account($0).map { .object($0) } })
    }

    /// The hook has the author's number only; the name is there where somebody else in it has that number.
    private var author: DataObject? {
        guard let id = attributes["author_id"] else { return nil }
        let others = (hook.payload["assignees"]?.array ?? []) + (hook.payload["reviewers"]?.array ?? [])
        let found = ([hook.payload["user"]].compactMap(\.self) + others).first { $0["id"] == id }
        return GitLabHook.account(found) ?? ["id": id]
    }

    private var head: DataObject {
        let ref = attributes["source_branch"] ?? .null
        var repository = GitLabHook.repository(attributes["source"])
        if repository.isEmpty { return ["ref": ref, "sha": headSHA, "repo": .null] }
        repository.set("id", attributes["source_project_id"])
        let isFork = attributes["source_project_id"] != attributes["target_project_id"]
        repository["fork"] = .bool(isFork)
        let owner = repository["owner"]?["login"]?.string ?? ""
        return [
            "label": .string("\(owner):\(ref.string ?? "")"), "ref": ref, "sha": headSHA,
            "repo": .object(repository), "user": repository["owner"] ?? .null,
        ]
    }

    private var headSHA: DataValue { attributes["last_commit"]?["id"] ?? .null }

    private var target: DataObject {
        let ref = attributes["target_branch"] ?? .null
        var repository = GitLabHook.repository(attributes["target"])
        if repository.isEmpty { repository = hook.repository }
        repository.set("id", attributes["target_project_id"])
        let owner = repository["owner"]?["login"]?.string ?? ""
        return [
            "label": .string("\(owner):\(ref.string ?? "")"), "ref": ref, "sha": .null, "repo": .object(repository),
            "user": repository["owner"] ?? .null,
        ]
    }
}
