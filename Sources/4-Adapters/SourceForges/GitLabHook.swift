// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import StructuredData

/// GitLab's webhooks in GitHub's shape: what `github.event` has on GitHub under the same name, where GitLab tells it.
///
/// Source: "Webhook events" of GitLab's documentation.
struct GitLabHook {
    let payload: DataObject

    init(_ payload: DataObject) { self.payload = payload }

    func events() throws(DiagnosticError) -> [TranslatedEvent] {
        // System hooks have `event_name` only.
        guard let kind = payload["object_kind"]?.string ?? payload["event_name"]?.string else {
            throw WebhookBody.malformed("The webhook of GitLab has neither 'object_kind' nor 'event_name'.")
        }
        switch kind {
        case "push", "tag_push": return try push()
        case "merge_request": return try GitLabMergeRequest(self).events()
        case "release": return [release()]
        case "note": return note()
        default: return [TranslatedEvent(kind, payload)]
        }
    }

    // MARK: Parts

    var repository: DataObject { Self.repository(payload["project"]) }

    static func repository(_ project: DataValue?) -> DataObject {
        guard let project, let path = project["path_with_namespace"]?.string else { return [:] }
        var repository = ForgeRepository(
            fullName: path, cloneURL: project["git_http_url"]?.string, webURL: project["web_url"]?.string,
            defaultBranch: project["default_branch"]?.string,
            // 0 private, 10 for everybody with an account, 20 public.
            isPrivate: project["visibility_level"]?.int != 20)
        repository.id = project["id"]?.int
        var object = repository.payload
        if project["visibility_level"]?.int == 10 { object["visibility"] = "internal" }
        object.set("description", project["description"])
        object.set("ssh_url", project["git_ssh_url"])
        object.set("url", project["web_url"])
        return object
    }

    /// Who did it: `user` of most hooks, fields of a push's own.
    var sender: DataObject {
        Self.account(payload["user"])
            ?? Self.account(
                login: payload["user_username"]?.string ?? payload["user_name"]?.string, id: payload["user_id"],
                avatar: payload["user_avatar"])
    }

    static func account(_ user: DataValue?) -> DataObject? {
        guard let user, let login = user["username"]?.string else { return nil }
        return account(login: login, id: user["id"], avatar: user["avatar_url"])
    }

    private static func account(login: String?, id: DataValue?, avatar: DataValue?) -> DataObject {
        guard let login else { return [:] }
        var account: DataObject = ["login": .string(login), "type": isBot(login) ? "Bot" : "User"]
        account.set("id", id)
        account.set("avatar_url", avatar)
        return account
    }

    /// The names of the accounts behind project and group access tokens, and of service accounts.
    static func isBot(_ login: String) -> Bool {
        let isOfToken = (login.hasPrefix("project_") || login.hasPrefix("group_")) && login.contains("_bot")
        return isOfToken || login.hasPrefix("service_account_") || login.hasSuffix("[bot]")
    }

    static func commit(_ commit: DataValue) -> DataObject {
        let author = commit["author"] ?? [:]
        var object: DataObject = ["distinct": true, "author": author, "committer": author]
        for key in ["id", "message", "timestamp", "url", "added", "modified", "removed"] {
            object.set(key, commit[key])
        }
        return object
    }

    // MARK: Pushes

    private func push() throws(DiagnosticError) -> [TranslatedEvent] {
        guard let ref = payload["ref"]?.string, let before = payload["before"]?.string,
            let after = payload["after"]?.string
        else { throw WebhookBody.malformed("The push of GitLab lacks 'ref', 'before' or 'after'.") }
        let commits = (payload["commits"]?.array ?? []).map { Self.commit($0) }
        var facts = PushFacts(ref: ref, before: before, after: after, repository: repository, sender: sender)
        facts.commits = commits.map { .object($0) }
        facts.totalCommits = payload["total_commits_count"]?.int
        // Of an annotated tag, `after` is the tag.
        let head = payload["checkout_sha"]?.string ?? after
        let listed = commits.first { $0["id"]?.string == head }
        facts.headCommit = .object(listed ?? ["id": .string(head)])
        facts.pusher = [
            "name": payload["user_username"] ?? payload["user_name"] ?? "", "email": payload["user_email"] ?? "",
        ]
        if let web = payload["project"]?["web_url"]?.string {
            facts.compareURL = "\(web)/-/compare/\(before)...\(after)"
        }
        return facts.events
    }

    // MARK: Releases and comments

    private func release() -> TranslatedEvent {
        let actions: [String: DataValue] = ["create": "published", "update": "edited", "delete": "deleted"]
        var release: DataObject = [
            "tag_name": payload["tag"] ?? .null, "name": payload["name"] ?? .null,
            "body": payload["description"] ?? .null, "draft": false, "prerelease": false,
        ]
        release.set("id", payload["id"])
        release.set("html_url", payload["url"])
        release.set("created_at", payload["created_at"])
        release.set("published_at", payload["released_at"])
        release.set("target_commitish", payload["commit"]?["id"])
        let action = payload["action"]?.string ?? ""
        return TranslatedEvent(
            "release",
            [
                "action": actions[action] ?? .string(action), "release": .object(release),
                "repository": .object(repository), "sender": .object(sender),
            ])
    }

    /// Comments on issues and merge requests are `issue_comment`, as on GitHub; those on commits `commit_comment`.
    private func note() -> [TranslatedEvent] {
        let note = payload["object_attributes"] ?? [:]
        // What GitLab itself writes below an issue is no comment.
        if note["system"]?.bool == true { return [] }
        var comment: DataObject = ["body": note["note"] ?? "", "user": .object(sender)]
        comment.set("id", note["id"])
        comment.set("html_url", note["url"])
        comment.set("created_at", note["created_at"])
        comment.set("updated_at", note["updated_at"])
        var translated: DataObject = [
            "action": note["action"]?.string == "update" ? "edited" : "created", "comment": .object(comment),
            "repository": .object(repository), "sender": .object(sender),
        ]
        switch note["noteable_type"]?.string {
        case "MergeRequest": translated["issue"] = issue(payload["merge_request"], isRequest: true)
        case "Issue": translated["issue"] = issue(payload["issue"], isRequest: false)
        case "Commit":
            comment.set("commit_id", note["commit_id"])
            translated["comment"] = .object(comment)
            return [TranslatedEvent("commit_comment", translated)]
        default: return [TranslatedEvent("note", payload)]
        }
        return [TranslatedEvent("issue_comment", translated)]
    }

    private func issue(_ item: DataValue?, isRequest: Bool) -> DataValue {
        var issue: DataObject = [
            "number": item?["iid"] ?? .null, "title": item?["title"] ?? "", "body": item?["description"] ?? .null,
            "state": item?["state"]?.string == "opened" ? "open" : "closed",
            "labels": .array((item?["labels"]?.array ?? []).map { .object(Self.label($0)) }),
        ]
        issue.set("html_url", item?["url"])
        if isRequest { issue["pull_request"] = ["html_url": item?["url"] ?? .null] }
        return .object(issue)
    }

    static func label(_ label: DataValue) -> DataObject {
        var object: DataObject = ["name": label["title"] ?? ""]
        object.set("id", label["id"])
        object.set("color", label["color"]?.string.map { .string($0.hasPrefix("#") ? String($0.dropFirst()) : $0) })
        object.set("description", label["description"])
        return object
    }
}
