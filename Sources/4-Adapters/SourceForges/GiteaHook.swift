// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import StructuredData

/// The webhooks of Gitea and Forgejo in GitHub's shape: they are close to it, and most keys stay as they are.
///
/// Source: `modules/structs/hook.go` and `modules/webhook/type.go` of Gitea.
struct GiteaHook {
    private let name: String
    private let payload: DataObject

    init(_ name: String, _ payload: DataObject) {
        self.name = name
        self.payload = payload
    }

    func events() throws(DiagnosticError) -> [TranslatedEvent] {
        switch name {
        case "push": return try push()
        case "pull_request": return pullRequest()
        case "pull_request_approved": return [review("approved")]
        case "pull_request_rejected": return [review("changes_requested")]
        case "pull_request_comment": return [review("commented")]
        case "release":
            return [TranslatedEvent(name, renamed(["updated": "edited"]))]
        default: return [TranslatedEvent(name, shaped)]
        }
    }

    /// What all of its events lack: the kind of an account.
    private var shaped: DataObject {
        var payload = payload
        if let sender = payload["sender"]?.object { payload["sender"] = .object(Self.account(sender)) }
        return payload
    }

    private static func account(_ user: DataObject) -> DataObject {
        var user = user
        let login = user["login"]?.string ?? user["username"]?.string ?? ""
        user["login"] = .string(login)
        if user["type"] == nil { user["type"] = isBot(login) ? "Bot" : "User" }
        return user
    }

    /// The accounts under which their own actions act.
    private static func isBot(_ login: String) -> Bool {
        ["gitea-actions", "forgejo-actions"].contains(login) || login.hasSuffix("[bot]")
    }

    private func renamed(_ actions: [String: String]) -> DataObject {
        var payload = shaped
        if let action = payload["action"]?.string, let other = actions[action] { payload["action"] = .string(other) }
        return payload
    }

    // MARK: Pushes

    private func push() throws(DiagnosticError) -> [TranslatedEvent] {
        guard let before = payload["before"]?.string, let after = payload["after"]?.string else {
            throw WebhookBody.malformed("The push of Gitea lacks 'before' or 'after'.")
        }
        var payload = shaped
        payload["created"] = .bool(GitNames.isNone(before))
        payload["deleted"] = .bool(GitNames.isNone(after))
        payload["forced"] = false
        payload["base_ref"] = .null
        payload["compare"] = payload["compare_url"] ?? ""
        // GitHub lists the oldest commit first.
        payload["commits"] = .array((payload["commits"]?.array ?? []).reversed().map { Self.commit($0) })
        payload["head_commit"] = payload["head_commit"].map { Self.commit($0) } ?? .null
        if var pusher = payload["pusher"]?.object {
            pusher["name"] = pusher["login"] ?? pusher["username"] ?? ""
            payload["pusher"] = .object(pusher)
        }
        // It sends `create` and `delete` itself.
        return [TranslatedEvent(name, payload)]
    }

    private static func commit(_ commit: DataValue) -> DataValue {
        guard var object = commit.object else { return .null }
        object["distinct"] = true
        return .object(object)
    }

    // MARK: Pull requests

    private static let activities = [
        "synchronized": "synchronize", "label_updated": "labeled", "label_cleared": "unlabeled",
    ]

    private func pullRequest() -> [TranslatedEvent] {
        var payload = renamed(Self.activities)
        if payload["action"]?.string == "reviewed" { return [review("commented")] }
        payload["pull_request"] = .object(shapedRequest)
        if payload["action"]?.string == "synchronize" {
            payload["after"] = payload["pull_request"]?["head"]?["sha"] ?? payload["commit_id"] ?? .null
        }
        guard payload["action"]?.string == "edited", let changes = payload["changes"]?.object else {
            return [TranslatedEvent("pull_request", payload)]
        }
        var events: [TranslatedEvent] = []
        var edits = changes
        let title = payload["pull_request"]?["title"]?.string ?? ""
        if let from = changes["title"]?["from"]?.string, DraftTitle.isDraft(from) != DraftTitle.isDraft(title) {
            var draft = payload
            draft["action"] = DraftTitle.isDraft(title) ? "converted_to_draft" : "ready_for_review"
            events.append(TranslatedEvent("pull_request", draft))
            if DraftTitle.rest(of: from) == DraftTitle.rest(of: title) { edits["title"] = nil }
        }
        if let from = edits["ref"]?["from"] {
            edits["base"] = ["ref": ["from": from]]
            edits["ref"] = nil
        }
        if !edits.isEmpty || events.isEmpty {
            payload["changes"] = .object(edits)
            events.append(TranslatedEvent("pull_request", payload))
        }
        return events
    }

    private func review(_ state: String) -> TranslatedEvent {
        var payload = shaped
        payload["action"] = "submitted"
        payload["pull_request"] = .object(shapedRequest)
        payload["review"] = [
            "state": .string(state), "body": payload["review"]?["content"] ?? "", "user": payload["sender"] ?? .null,
        ]
        return TranslatedEvent("pull_request_review", payload)
    }

    private var shapedRequest: DataObject {
        var request = payload["pull_request"]?.object ?? [:]
        if request["draft"]?.bool == nil {
            request["draft"] = .bool(DraftTitle.isDraft(request["title"]?.string ?? ""))
        }
        if let user = request["user"]?.object { request["user"] = .object(Self.account(user)) }
        return request
    }
}
