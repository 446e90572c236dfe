// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import SourceControl
internal import SourceForges
internal import StructuredData

/// What an event of a pull request is held against: the workflows of the merge for `pull_request`, where the forge made one of the present
/// head, else those of the head; those of the default branch for `pull_request_target`.
struct PullRequestReading {
    let reading: OccasionReading

    private var project: TriggerProject { reading.project }
    private var mirror: ProjectMirror { reading.mirror }

    func found(_ event: ForgeEvent, _ index: Int) throws(DiagnosticError) -> [OccasionReading.Found] {
        guard let request = event.pullRequest else { return [] }
        let folder = project.forge == .gitlab ? "refs/merge-requests" : "refs/pull"
        let (head, merge) = ("\(folder)/\(request.number)/head", "\(folder)/\(request.number)/merge")
        try bring(request, head: head, merge: merge)
        var found: [OccasionReading.Found] = []
        if !(request.isFork && project.forks == .ignore) {
            let commits = try commits(request, merge: merge)
            let export = try reading.trees.export(commits.run)
            let occasion = occasion(event, request, index, head: commits.head)
            found.append(OccasionReading.Found(occasion: occasion, export: export))
        }
        if event.name == "pull_request" { found += try target(event, request, index) }
        return found
    }

    /// All that the event needs, in one fetch where the forge has the merge.
    private func bring(
        _ request: ForgePullRequest, head: String, merge: String
    ) throws(DiagnosticError) {
        let base = "refs/heads/" + (request.baseRef ?? project.defaultBranch)
        let branches = Array(Set([project.defaultRef, base])).sorted()
        if try mirror.fetch([head, merge] + branches), try mirror.has(request.headSHA) { return }
        // No merge where there is a conflict; no base branch where it was removed.
        if try mirror.fetch([head] + branches), try mirror.has(request.headSHA) { return }
        try mirror.obtain(request.headSHA, from: [head])
    }

    /// The commit that runs, and the request's head.
    private func commits(
        _ request: ForgePullRequest, merge: String
    ) throws(DiagnosticError) -> (run: String, head: GitCommit?) {
        let merged = try mirror.commit(of: merge)
        let found = try mirror.commits([request.headSHA] + (merged.map { [$0] } ?? []))
        let head = found.first { $0.id == request.headSHA }
        // Forges make it anew some time after a push: one of an earlier head is not this one.
        guard let merged, let commit = found.first(where: { $0.id == merged }),
            commit.parents.contains(request.headSHA)
        else { return (request.headSHA, head) }
        return (merged, head)
    }

    private func occasion(
        _ event: ForgeEvent, _ request: ForgePullRequest, _ index: Int, head: GitCommit?
    ) -> Occasion {
        var occasion = reading.occasion(event, index, ref: "refs/pull/\(request.number)/merge")
        let isNewHead = event.name == "pull_request" && ["opened", "synchronize"].contains(event.action)
        if isNewHead { occasion.key = .request(number: request.number, head: request.headSHA) }
        occasion.baseBranch = request.baseRef ?? project.defaultBranch
        if event.name == "pull_request" {
            occasion.skipMarker = (event.headMessage ?? head?.message).flatMap { SkipMarker.find(in: $0) }
        }
        if request.isFork { occasion.fork = trust(request) }
        occasion.changedPaths = changedPaths(request)
        return occasion
    }

    private func trust(_ request: ForgePullRequest) -> ForkTrust {
        var trust = ForkTrust(request, project.approval)
        if project.forks == .run, trust.isApprovalNeeded {
            trust.isApprovalNeeded = false
            trust.reason += " The project lets them run without one."
        }
        return trust
    }

    private func changedPaths(_ request: ForgePullRequest) -> @Sendable () throws(DiagnosticError) -> [String]? {
        let (mirror, project) = (mirror, project)
        return { () throws(DiagnosticError) in
            let branch = "refs/heads/" + (request.baseRef ?? project.defaultBranch)
            var base = request.baseSHA
            if let known = base, try !mirror.has(known) { base = nil }
            if base == nil { base = try mirror.commit(of: branch) }
            guard let base else { return nil }
            return try mirror.changedPaths(from: base, to: request.headSHA, fromMergeBase: true)
        }
    }

    /// With the project's own rights, and so of the project's own code.
    private func target(
        _ event: ForgeEvent, _ request: ForgePullRequest, _ index: Int
    ) throws(DiagnosticError) -> [OccasionReading.Found] {
        if let table = reading.table, !table.events.contains("pull_request_target"),
            try mirror.commit(of: project.defaultRef) == table.commit
        {
            return []
        }
        guard let commit = try mirror.commit(of: project.defaultRef) else { return [] }
        var occasion = reading.occasion(event, index, ref: project.defaultRef)
        occasion.event = "pull_request_target"
        occasion.baseBranch = request.baseRef ?? project.defaultBranch
        if ["opened", "synchronize"].contains(event.action) {
            occasion.key = .request(number: request.number, head: request.headSHA)
        }
        occasion.changedPaths = changedPaths(request)
        return [OccasionReading.Found(occasion: occasion, export: try reading.trees.export(commit))]
    }
}
