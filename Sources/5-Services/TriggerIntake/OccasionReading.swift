// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import PipelineModel
internal import ScheduleRules
internal import SourceControl
internal import SourceForges
internal import StructuredData
internal import WorkflowPlanning

/// Finds the commits that something is about, brings them, and says what they are held against. Blocks.
struct OccasionReading {
    /// An occasion, and the files of its commit.
    struct Found {
        var occasion: Occasion
        var export: CommitFiles.Export
    }

    let project: TriggerProject
    let mirror: ProjectMirror
    let trees: CommitFiles
    /// Of the delivery.
    let id: String
    /// What workflows of the default branch wait for, where that is known.
    let table: TriggerTable?
    let fetched: FetchedRefs
    /// When what is worked was asked for, and when the work on it began: milliseconds since the epoch.
    let askedAt: Int64
    let now: Int64

    func found(_ cause: TriggerCause) throws(DiagnosticError) -> [Found] {
        switch cause {
        case .forge(let events):
            var found: [Found] = []
            for (index, event) in events.enumerated() where event.startsWorkflows {
                found += try forge(event, index)
            }
            return found
        case .dispatch(let request): return [try dispatch(request)]
        case .repositoryDispatch(let request):
            var occasion = onDefault("repository_dispatch", payload: repositoryDispatch(request), index: 0)
            occasion.activity = request.type
            occasion.actor = request.actor
            return [Found(occasion: occasion, export: try defaultBranch(fetching: true))]
        case .schedule(let tick):
            let payload: DataObject = ["schedule": .string(tick.line.cron), "repository": .object(repositoryPayload)]
            var occasion = onDefault("schedule", payload: payload, index: 0)
            occasion.schedule = tick.line
            return [Found(occasion: occasion, export: try defaultBranch(fetching: true))]
        case .workflowRun(let news):
            var payload = news.payload
            payload["repository"] = .object(repositoryPayload)
            payload["sender"] = ["login": .string(news.actor), "type": "User"]
            var occasion = onDefault("workflow_run", payload: payload, index: 0)
            occasion.activity = news.activity.rawValue
            occasion.finishedWorkflow = news.workflowName
            occasion.filterRef = news.headBranch.map { "refs/heads/" + $0 }
            occasion.actor = news.actor
            occasion.chainDepth = news.chainDepth + 1
            return [Found(occasion: occasion, export: try defaultBranch(fetching: false))]
        }
    }

    // MARK: the default branch

    func onDefault(_ event: String, payload: DataObject, index: Int) -> Occasion {
        Occasion(event, key: .delivery(id: id, index: index), ref: project.defaultRef, payload: payload)
    }

    /// - Parameter fetching: whether the remote is asked where the branch is now; what webhooks and polls told is here anyway.
    func defaultBranch(fetching: Bool) throws(DiagnosticError) -> CommitFiles.Export {
        try mirror.prepare()
        if !fetching, let known = try mirror.commit(of: project.defaultRef) { return try trees.export(known) }
        guard try bring(project.defaultRef), let commit = try mirror.commit(of: project.defaultRef) else {
            throw DiagnosticError(
                .defaultBranchMissing, "\(mirror.address) has no branch '\(project.defaultBranch)'.",
                remedy: "Set the project's default branch to one that it has.")
        }
        return try trees.export(commit)
    }

    /// Where a ref is now, or was at some moment since it was asked for.
    ///
    /// - Returns: whether the remote has it.
    private func bring(_ ref: String) throws(DiagnosticError) -> Bool {
        if fetched.has(ref, since: askedAt) { return true }
        guard try mirror.fetch([ref]) else { return false }
        fetched.note(ref, at: now)
        return true
    }

    private var repositoryPayload: DataObject {
        let state = repositoryState
        return EventPayload(repository: state).make(event: "", ref: nil, inputs: [:])["repository"]?.object ?? [:]
    }

    private var repositoryState: RepositoryState {
        var state = RepositoryState(root: "/")
        state.fullName = project.fullName
        state.serverURL = project.serverURL
        state.defaultBranch = project.defaultBranch
        return state
    }

    private func repositoryDispatch(_ request: RepositoryDispatch) -> DataObject {
        [
            "action": .string(request.type), "branch": .string(project.defaultBranch),
            "client_payload": .object(request.payload), "repository": .object(repositoryPayload),
            "sender": ["login": .string(request.actor), "type": "User"],
        ]
    }

    // MARK: dispatches

    private func dispatch(_ request: WorkflowDispatch) throws(DiagnosticError) -> Found {
        try request.check()
        let name = request.ref ?? project.defaultBranch
        let full = name.hasPrefix("refs/") ? [name] : ["refs/heads/" + name, "refs/tags/" + name]
        // What pull requests bring, of whoever, comes in by their own way alone, and is judged there.
        for ref in full where ref.hasPrefix("refs/heads/") || ref.hasPrefix("refs/tags/") {
            guard try bring(ref), let commit = try mirror.commit(of: ref) else { continue }
            let payload: DataObject = [
                "workflow": .string(request.workflow), "repository": .object(repositoryPayload),
                "sender": ["login": .string(request.actor), "type": "User"],
            ]
            var occasion = Occasion(
                "workflow_dispatch", key: .delivery(id: id, index: 0), ref: ref, payload: payload)
            occasion.workflow = request.workflow
            occasion.jobs = Set(request.jobs)
            occasion.inputs = request.inputs
            occasion.actor = request.actor
            return Found(occasion: occasion, export: try trees.export(commit))
        }
        throw DiagnosticError(
            .dispatchRefMissing, "\(project.fullName) has no branch or tag '\(name.prefix(200))'.",
            remedy: "Name one that it has, or push it first.")
    }

    // MARK: what a forge told

    private func forge(_ event: ForgeEvent, _ index: Int) throws(DiagnosticError) -> [Found] {
        switch event.name {
        case "push": return [try push(event)]
        case "pull_request", "pull_request_review", "pull_request_review_comment":
            return try PullRequestReading(reading: self).found(event, index)
        // What GitHub says of runs of its own.
        case "workflow_run", "workflow_job": return []
        case "create", "release", "merge_group":
            guard let ref = event.ref else { return [] }
            let commit = try commit(event, of: ref)
            return [Found(occasion: occasion(event, index, ref: ref), export: try trees.export(commit))]
        case "workflow_dispatch":
            guard let ref = event.ref else { return [] }
            var occasion = occasion(event, index, ref: ref)
            occasion.activity = nil
            occasion.workflow = event.payload["workflow"]?.string
            for (name, value) in event.payload["inputs"]?.object ?? [:] where value != .null {
                occasion.inputs[name] = value.coercedText
            }
            return [Found(occasion: occasion, export: try trees.export(try commit(event, of: ref)))]
        default:
            if let table, !table.events.contains(event.name) { return [] }
            let found = Found(
                occasion: occasion(event, index, ref: project.defaultRef), export: try defaultBranch(fetching: true))
            return [found]
        }
    }

    func occasion(_ event: ForgeEvent, _ index: Int, ref: String) -> Occasion {
        var occasion = Occasion(event.name, key: .delivery(id: id, index: index), ref: ref, payload: event.payload)
        occasion.activity = event.action
        occasion.actor = event.sender
        if event.name == "merge_group" { occasion.baseBranch = mergeBase(event) }
        return occasion
    }

    private func mergeBase(_ event: ForgeEvent) -> String? {
        guard let ref = event.payload["merge_group"]?["base_ref"]?.string else { return nil }
        return ref.hasPrefix("refs/heads/") ? String(ref.dropFirst("refs/heads/".count)) : ref
    }

    /// The commit that the event names, else where its ref is now.
    private func commit(_ event: ForgeEvent, of ref: String) throws(DiagnosticError) -> String {
        if let commit = event.commit {
            try mirror.obtain(commit, from: [ref])
            return commit
        }
        guard try mirror.fetch([ref]), let commit = try mirror.commit(of: ref) else {
            throw DiagnosticError(
                .commitMissing, "\(mirror.address) has no '\(ref)' any more.",
                remedy: "It was taken away since; there is nothing to run.")
        }
        return commit
    }

    private func push(_ event: ForgeEvent) throws(DiagnosticError) -> Found {
        guard let ref = event.ref, let commit = event.commit else {
            throw DiagnosticError(.deliveryUnreadable, "A push without a ref or a commit.")
        }
        if trees.existing(commit) == nil { try mirror.obtain(commit, from: [ref]) }
        let export = try trees.export(commit)
        var occasion = occasion(event, 0, ref: ref)
        occasion.key = .push(ref: ref, commit: export.commit.id)
        occasion.activity = nil
        occasion.skipMarker = SkipMarker.find(in: event.headMessage ?? export.commit.message)
        let (mirror, project, before) = (mirror, project, event.before)
        let (told, new) = (event.changedPaths, export.commit.id)
        occasion.changedPaths = { () throws(DiagnosticError) in
            if let before, try mirror.has(before) {
                return try mirror.changedPaths(from: before, to: new, fromMergeBase: false) ?? told
            }
            // A new branch: what it brings beside the default branch.
            guard ref != project.defaultRef, let base = try mirror.commit(of: project.defaultRef) else { return told }
            return try mirror.changedPaths(from: base, to: new, fromMergeBase: true) ?? told
        }
        return Found(occasion: occasion, export: export)
    }
}

extension DataValue {
    /// As an input's text.
    var coercedText: String {
        switch self {
        case .string(let text): text
        case .bool(let flag): flag ? "true" : "false"
        default: jsonText()
        }
    }
}
