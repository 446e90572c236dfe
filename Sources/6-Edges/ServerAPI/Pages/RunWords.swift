// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import PipelineModel
internal import RunCoordination
internal import RunIndex
internal import ServerOperation
internal import Timekeeping
internal import WebPages

/// What lists and heads say of a run, in the pages' own terms.
extension RunRow {
    /// - Parameter isHeld: whether it waits for somebody to let it begin.
    func shownState(isHeld: Bool = false) -> RunState {
        switch state {
        case .waiting: isHeld ? .blocked : .waiting
        case .running: .running
        case .finished: isIncomplete ? .incomplete : conclusion?.shown ?? .cancelled
        }
    }

    var createdTime: Timestamp { Timestamp(milliseconds: createdAt) }
    var finishedTime: Timestamp? { finishedAt.map { Timestamp(milliseconds: $0) } }

    /// The number of the pull request whose merge it is of.
    private var pullRequest: Int? {
        let parts = ref.split(separator: "/")
        return parts.count == 4 && parts[1] == "pull" ? Int(parts[2]) : nil
    }

    /// `main` of `refs/heads/main`.
    var branch: String {
        for prefix in ["refs/heads/", "refs/tags/", "refs/"] where ref.hasPrefix(prefix) {
            return String(ref.dropFirst(prefix.count))
        }
        return ref
    }

    func change(of project: Project?) -> Change {
        Change(
            branch: branch, commit: sha, title: subject, author: actor, pullRequest: pullRequest,
            link: project.flatMap { ForgeAddress($0).commit(sha) })
    }

    var trigger: WebPages.Trigger {
        switch event {
        case "push": .push
        case "pull_request", "pull_request_target": pullRequest.map { .pullRequest($0) } ?? .event(event)
        case "workflow_dispatch": .person(actor)
        default: .event(event)
        }
    }

    var mark: RunMark {
        RunMark(run: run.number, state: shownState(), durationMs: spanMs ?? 0)
    }
}

extension Conclusion {
    var shown: RunState {
        switch self {
        case .success: .passed
        case .failure: .failed
        case .cancelled: .cancelled
        case .skipped: .skipped
        }
    }
}

extension RunState {
    /// Narrows a list to runs that stand so; `nil` where no run does.
    func narrow(_ query: inout RunQuery) {
        switch self {
        case .passed:
            query.conclusion = .success
            query.isIncomplete = false
        case .incomplete: query.isIncomplete = true
        case .failed: query.conclusion = .failure
        case .cancelled: query.conclusion = .cancelled
        case .skipped: query.conclusion = .skipped
        case .running: query.state = .running
        case .waiting, .blocked: query.state = .waiting
        }
    }
}

/// Where a project's code is shown.
struct ForgeAddress {
    private let base: String
    private let forge: ProjectSettings.Forge

    init(_ project: Project) {
        forge = project.settings.forge
        base = project.settings.webAddress ?? ""
    }

    func commit(_ sha: String) -> PageAddress? { address("commit/\(sha)", sha) }

    /// A place in a file of a commit.
    func file(_ path: String, line: Int?, at sha: String) -> PageAddress? {
        let encoded = PageAddress(parts: path.split(separator: "/").map(String.init)).text.dropFirst()
        let place = line.map { "#L\($0)" } ?? ""
        return address((forge == .gitea ? "src/commit/" : "blob/") + "\(sha)/\(encoded)\(place)", sha)
    }

    private func address(_ rest: String, _ sha: String) -> PageAddress? {
        guard !base.isEmpty, sha.contains(where: { $0 != "0" }) else { return nil }
        switch forge {
        case .git: return nil
        case .github, .gitea: return PageAddress(checking: "\(base)/\(rest)")
        case .gitlab: return PageAddress(checking: "\(base)/-/\(rest)")
        }
    }
}
