// SPDX-License-Identifier: Apache-2.0

package import PipelineModel
package import StructuredData

/// Makes the event payload that GitHub would send, from what is known here: what `github.event` holds in a local run.
///
/// Source: the webhook payloads of GitHub's documentation. A payload given by the user (`--payload`) is laid over it.
package struct EventPayload {
    private let repository: RepositoryState

    package init(repository: RepositoryState) {
        self.repository = repository
    }

    /// - Parameters:
    ///   - inputs: the typed inputs of a dispatch.
    ///   - given: the user's own payload; its top-level keys win.
    package func make(event: String, ref: String?, inputs: DataObject, given: DataObject? = nil) -> DataObject {
        var payload: DataObject = [
            "repository": .object(repositoryObject), "sender": .object(sender),
        ]
        for (key, value) in details(of: event, ref: ref, inputs: inputs) { payload[key] = value }
        for (key, value) in given ?? DataObject() { payload[key] = value }
        return payload
    }

    private func details(of event: String, ref: String?, inputs: DataObject) -> DataObject {
        let refText = DataValue.string(ref ?? "")
        switch event {
        case "push": return push(ref: ref)
        case "pull_request", "pull_request_target", "pull_request_review", "pull_request_review_comment":
            return pullRequest(ref: ref)
        case "workflow_dispatch", "workflow_call":
            return ["inputs": .object(DataObject(inputs.map { ($0, .string($1.payloadText)) })), "ref": refText]
        case "schedule": return ["schedule": ""]
        case "create", "delete":
            return ["ref": .string(GitReference.shortName(ref)), "ref_type": .string(GitReference.kind(ref))]
        case "release":
            let tag = DataValue.string(GitReference.shortName(ref))
            return [
                "action": "published", "release": ["tag_name": tag, "name": tag, "draft": false, "prerelease": false],
            ]
        default: return DataObject()
        }
    }

    private func push(ref: String?) -> DataObject {
        let none = DataValue.string(String(repeating: "0", count: 40))
        let commit = repository.headCommit.map { DataValue.object(commitObject($0)) } ?? .null
        return [
            "ref": .string(ref ?? ""), "before": none, "after": .string(repository.sha), "created": false,
            "deleted": false,
            "forced": false, "base_ref": .null, "compare": "", "head_commit": commit,
            "commits": .array(commit == .null ? [] : [commit]),
            "pusher": ["name": .string(repository.actor), "email": .string(repository.headCommit?.authorEmail ?? "")],
        ]
    }

    private func pullRequest(ref: String?) -> DataObject {
        let head: DataValue = [
            "ref": .string(GitReference.shortName(ref)), "sha": .string(repository.sha),
            "repo": .object(repositoryObject),
        ]
        let target: DataValue = ["ref": .string(repository.defaultBranch), "repo": .object(repositoryObject)]
        return [
            "action": "opened", "number": 1,
            "pull_request": [
                "number": 1, "state": "open", "draft": false, "merged": false, "head": head, "base": target,
                "title": .string(repository.headCommit?.message.split(separator: "\n").first.map(String.init) ?? ""),
                "user": .object(sender), "labels": [],
            ],
        ]
    }

    private func commitObject(_ commit: CommitInfo) -> DataObject {
        let author: DataValue = ["name": .string(commit.authorName), "email": .string(commit.authorEmail)]
        return [
            "id": .string(commit.id), "message": .string(commit.message), "timestamp": .string(commit.timestamp),
            "author": author, "committer": author, "distinct": true,
            "url": .string("\(repository.serverURL)/\(repository.fullName)/commit/\(commit.id)"),
        ]
    }

    private var sender: DataObject {
        ["login": .string(repository.actor), "type": "User"]
    }

    private var repositoryObject: DataObject {
        let url = "\(repository.serverURL)/\(repository.fullName)"
        return [
            "name": .string(repository.name), "full_name": .string(repository.fullName),
            "owner": ["login": .string(repository.owner), "name": .string(repository.owner)],
            "default_branch": .string(repository.defaultBranch), "private": false, "fork": false,
            "html_url": .string(url), "clone_url": .string(url + ".git"),
        ]
    }
}

extension DataValue {
    /// A dispatch input as the payload carries it: text, whatever its type.
    fileprivate var payloadText: String {
        switch self {
        case .bool(let value): value ? "true" : "false"
        case .string(let value): value
        default: jsonText()
        }
    }
}
