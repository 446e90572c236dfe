// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import StructuredData

extension ForgeEvent {
    /// Reads the facts of a payload that is in GitHub's shape.
    ///
    /// Source: "Webhook events and payloads" and "Events that trigger workflows" of GitHub's documentation.
    ///
    /// - Parameter name: GitHub's name of the event.
    /// - Throws: ``DiagnosticCode/webhookMalformed`` where something is missing that a run of the event needs.
    package init(_ name: String, _ payload: DataObject, forge: ForgeKind) throws(DiagnosticError) {
        self.forge = forge
        self.name = name
        self.payload = payload
        kind = .other(name)
        repository = ForgeRepository(payload: payload["repository"])
        let account = payload["sender"] ?? payload["pusher"]
        sender = account?["login"]?.string ?? account?["name"]?.string
        isBot = Self.isBot(payload["sender"])
        let action = payload["action"]?.string ?? ""
        switch name {
        case "ping": kind = .ping
        case "push": try readPush()
        case "create", "delete": try readRefEvent()
        case "pull_request", "pull_request_target", "pull_request_review", "pull_request_review_comment":
            try readPullRequest(action)
        case "release":
            guard let tag = payload["release"]?["tag_name"]?.string, GitNames.isShortRef(tag) else {
                throw Self.malformed(name, forge, "release.tag_name")
            }
            kind = .release(action: action)
            ref = "refs/tags/" + tag
        case "merge_group":
            let head = payload["merge_group"]?["head_sha"]?.string
            ref = try Self.fullRef(payload["merge_group"]?["head_ref"], name, forge)
            guard let head, GitNames.isCommit(head) else { throw Self.malformed(name, forge, "merge_group.head_sha") }
            commit = head
        case "issue_comment": kind = .issueComment(action: action)
        case "workflow_dispatch":
            kind = .workflowDispatch
            ref = try Self.fullRef(payload["ref"], name, forge)
        case "repository_dispatch": kind = .repositoryDispatch(type: action)
        default: break
        }
        if !["ping", "push"].contains(name), repository == nil, kind != .other(name) {
            throw Self.malformed(name, forge, "repository.full_name")
        }
    }

    private mutating func readPush() throws(DiagnosticError) {
        guard repository != nil else { throw Self.malformed(name, forge, "repository.full_name") }
        guard let ref = payload["ref"]?.string, GitNames.isRef(ref) else { throw Self.malformed(name, forge, "ref") }
        guard let after = payload["after"]?.string, GitNames.isCommit(after) else {
            throw Self.malformed(name, forge, "after")
        }
        let before = payload["before"]?.string ?? GitNames.noCommit
        guard GitNames.isCommit(before) else { throw Self.malformed(name, forge, "before") }
        self.ref = ref
        self.before = before
        self.after = after
        let isDeleted = GitNames.isNone(after) || payload["deleted"]?.bool == true
        if isDeleted {
            kind = GitNames.isTag(ref) ? .tagDeleted : .branchDeleted
            return
        }
        kind = GitNames.isTag(ref) ? .tag : .push
        let head = payload["head_commit"]
        let headID = head?["id"]?.string.flatMap { GitNames.isCommit($0) ? $0 : nil }
        commit = headID ?? after
        headMessage = head?["message"]?.string
        commits = (payload["commits"]?.array ?? []).compactMap { ForgeCommit($0) }
        changedPaths = knownPaths()
    }

    /// `nil` where the list may be cut off: by the number of commits or of paths, or because history was rewritten.
    private func knownPaths() -> [String]? {
        let listed = payload["commits"]?.array?.count ?? 0
        guard kind == .push, listed > 0, listed == commits.count, listed < ForgeLimits.commitsListed,
            payload["forced"]?.bool != true, (payload["total_commits"]?.int ?? listed) <= listed,
            commits.allSatisfy(\.hasPaths)
        else { return nil }
        let paths = Set(commits.flatMap { $0.added + $0.modified + $0.removed })
        return paths.count > ForgeLimits.changedPaths ? nil : paths.sorted()
    }

    private mutating func readRefEvent() throws(DiagnosticError) {
        guard let short = payload["ref"]?.string, GitNames.isShortRef(short) else {
            throw Self.malformed(name, forge, "ref")
        }
        let isTag = payload["ref_type"]?.string == "tag"
        ref = short.hasPrefix("refs/") ? short : (isTag ? "refs/tags/" : "refs/heads/") + short
        if name == "delete" { kind = isTag ? .tagDeleted : .branchDeleted }
        // Only Gitea tells.
        commit = payload["sha"]?.string.flatMap { GitNames.isCommit($0) ? $0 : nil }
    }

    private mutating func readPullRequest(_ action: String) throws(DiagnosticError) {
        guard let request = ForgePullRequest(payload, forge: forge) else {
            throw Self.malformed(name, forge, "pull_request.number, .head.sha, .head.ref or .base.ref")
        }
        if name == "pull_request" { kind = .pullRequest(action: action) }
        pullRequest = request
        ref = "refs/pull/\(request.number)/merge"
        commit = request.headSHA
        before = payload["before"]?.string.flatMap { GitNames.isCommit($0) ? $0 : nil }
        after = request.headSHA
        // Not in GitHub's payload; what is made of a merge request has it.
        headMessage = payload["head_commit"]?["message"]?.string
        if repository == nil { throw Self.malformed(name, forge, "repository.full_name") }
    }

    private static func fullRef(
        _ value: DataValue?, _ name: String, _ forge: ForgeKind
    ) throws(DiagnosticError) -> String {
        guard let ref = value?.string, GitNames.isShortRef(ref) else { throw malformed(name, forge, "ref") }
        return ref.hasPrefix("refs/") ? ref : "refs/heads/" + ref
    }

    private static func isBot(_ sender: DataValue?) -> Bool {
        sender?["type"]?.string == "Bot" || sender?["login"]?.string?.hasSuffix("[bot]") == true
    }

    static func malformed(_ name: String, _ forge: ForgeKind, _ what: String) -> DiagnosticError {
        WebhookBody.malformed("The event '\(name.shortened(to: 60))' of \(forge.title) has no usable \(what).")
    }
}
