// SPDX-License-Identifier: Apache-2.0

internal import StructuredData

/// An event in GitHub's words.
struct TranslatedEvent {
    var name: String
    var payload: DataObject

    init(_ name: String, _ payload: DataObject) {
        self.name = name
        self.payload = payload
    }
}

/// A ref that moved, from which GitHub's `push` is made, and `create` or `delete` beside it.
struct PushFacts {
    var ref: String
    var before: String
    /// All zeros: deleted. Of an annotated tag the tag object.
    var after: String
    var repository: DataObject
    var sender: DataObject
    var pusher: DataObject = [:]
    /// In GitHub's shape, oldest first.
    var commits: [DataValue] = []
    var headCommit: DataValue?
    var compareURL = ""
    /// How many there were, where the forge says so.
    var totalCommits: Int?

    var isCreated: Bool { GitNames.isNone(before) }
    var isDeleted: Bool { GitNames.isNone(after) }

    var events: [TranslatedEvent] {
        var events = [TranslatedEvent("push", push)]
        if isCreated || isDeleted { events.append(TranslatedEvent(isDeleted ? "delete" : "create", refEvent)) }
        return events
    }

    private var push: DataObject {
        var payload: DataObject = [
            "ref": .string(ref), "before": .string(before), "after": .string(after), "created": .bool(isCreated),
            "deleted": .bool(isDeleted), "forced": false, "base_ref": .null, "compare": .string(compareURL),
            "commits": .array(commits),
            "head_commit": isDeleted ? .null : headCommit ?? ["id": .string(after)],
            "repository": .object(repository), "pusher": .object(pusher), "sender": .object(sender),
        ]
        payload.set("total_commits", totalCommits.map { .number(Double($0)) })
        return payload
    }

    private var refEvent: DataObject {
        let isTag = GitNames.isTag(ref)
        var payload: DataObject = [
            "ref": .string(GitNames.short(ref)), "ref_type": isTag ? "tag" : "branch", "pusher_type": "user",
            "repository": .object(repository), "sender": .object(sender),
        ]
        if !isDeleted { payload["master_branch"] = repository["default_branch"] ?? "" }
        if !isDeleted { payload["sha"] = headCommit?["id"] ?? .string(after) }
        return payload
    }
}
