// SPDX-License-Identifier: Apache-2.0

package import HTTPMessages
internal import StructuredData
internal import Timekeeping

/// The way a status is told.
package enum StatusRoute: String, Hashable, Sendable, CaseIterable {
    /// Commit statuses of GitHub: any token that may write statuses.
    case githubStatuses
    /// Check runs of GitHub: with summary and annotations, and only for the token of an App.
    case githubChecks
    case gitlabStatuses
    case giteaStatuses

    package var forge: ForgeKind {
        switch self {
        case .githubStatuses, .githubChecks: .github
        case .gitlabStatuses: .gitlab
        case .giteaStatuses: .gitea
        }
    }
}

/// How far the telling of one status is. It is kept with what is to be told, so that a check run is not made twice and
/// no annotation is sent twice when the process starts again.
package struct PostingProgress: Hashable, Sendable {
    /// The check run's number, once GitHub gave one; the next state of the same status updates it.
    package var checkRunID: Int?
    /// Whether GitHub has the present state; the rest are annotations.
    package var isStateSent = false
    package var annotationsSent = 0

    package init(checkRunID: Int? = nil) { self.checkRunID = checkRunID }
}

/// The calls that tell a status, as values.
///
/// Source: the REST documentation of GitHub (commit statuses, check runs), GitLab (commit statuses) and Gitea.
package struct StatusCalls: Sendable {
    private let address: ForgeAddress
    private let route: StatusRoute
    private let token: String

    package init(_ address: ForgeAddress, route: StatusRoute, token: String) {
        self.address = address
        self.route = route
        self.token = token
    }

    /// The call that comes next; `nil`: all is told.
    package func next(_ status: CommitStatus, _ progress: PostingProgress) -> HTTPCall? {
        if route == .githubChecks { return checkRunCall(status, progress) }
        guard !progress.isStateSent else { return nil }
        return address.call("POST", path(status), token: token, json: body(status))
    }

    // MARK: Statuses

    private func path(_ status: CommitStatus) -> String {
        "\(address.path(of: status.repository))/statuses/\(FormText.encoded(status.sha))"
    }

    private func body(_ status: CommitStatus) -> [UInt8] {
        let context = DataValue.string(status.context.shortened(to: ForgeLimits.contextCharacters))
        var object: DataObject = [
            "state": .string(stateWord(status.state)), "description": .string(status.shownDescription),
        ]
        object[route == .gitlabStatuses ? "name" : "context"] = context
        object.set("target_url", status.targetURL.map { .string($0) })
        if route == .gitlabStatuses { object.set("ref", status.ref.map { .string(GitNames.short($0)) }) }
        return Array(object.jsonText().utf8)
    }

    private func stateWord(_ state: CommitStatus.State) -> String {
        switch (route, state) {
        case (.gitlabStatuses, .failure), (.gitlabStatuses, .error): "failed"
        case (.gitlabStatuses, .cancelled): "canceled"
        // A skipped status would leave GitLab's pipeline "skipped", which blocks a merge unless a setting allows it.
        case (_, .skipped): "success"
        case (.gitlabStatuses, .running): "running"
        case (_, .running): "pending"
        case (_, .cancelled): "error"
        default: state.rawValue
        }
    }

    // MARK: Check runs

    private func checkRunCall(_ status: CommitStatus, _ progress: PostingProgress) -> HTTPCall? {
        let annotations = status.output?.annotations.prefix(ForgeLimits.annotations) ?? []
        let rest = annotations.dropFirst(progress.annotationsSent)
        if progress.isStateSent, rest.isEmpty { return nil }
        var object = DataObject()
        if !progress.isStateSent { addState(status, isNew: progress.checkRunID == nil, to: &object) }
        if let output = status.output {
            object["output"] = .object(outputObject(output, Array(rest.prefix(ForgeLimits.annotationsACall))))
        } else {
            object["output"] = [
                "title": .string(status.shownDescription), "summary": .string(status.shownDescription),
            ]
        }
        let json = Array(object.jsonText().utf8)
        let runs = "\(address.path(of: status.repository))/check-runs"
        if let id = progress.checkRunID { return address.call("PATCH", "\(runs)/\(id)", token: token, json: json) }
        return address.call("POST", runs, token: token, json: json)
    }

    private func addState(_ status: CommitStatus, isNew: Bool, to object: inout DataObject) {
        object["name"] = .string(status.context.shortened(to: ForgeLimits.contextCharacters))
        // An update may not name the commit.
        if isNew { object["head_sha"] = .string(status.sha) }
        object.set("details_url", status.targetURL.map { .string($0) })
        object.set("started_at", status.startedAt.map { .string($0.description) })
        switch status.state {
        case .pending: object["status"] = "queued"
        case .running: object["status"] = "in_progress"
        default:
            object["status"] = "completed"
            object["conclusion"] = .string(conclusion(status.state))
            object.set("completed_at", status.completedAt.map { .string($0.description) })
        }
    }

    /// Branch protection takes `success`, `neutral` and `skipped` as passed.
    private func conclusion(_ state: CommitStatus.State) -> String {
        switch state {
        case .success: "success"
        case .cancelled: "cancelled"
        case .skipped: "skipped"
        default: "failure"
        }
    }

    private func outputObject(_ output: CheckOutput, _ annotations: [CheckAnnotation]) -> DataObject {
        var summary = output.summary
        let unsent = output.annotations.count - ForgeLimits.annotations
        if unsent > 0 { summary = "\(unsent) further annotations are not shown here.\n\n" + summary }
        var object: DataObject = [
            "title": .string(output.title.shortened(to: ForgeLimits.contextCharacters)),
            "summary": .string(summary.shortened(to: ForgeLimits.outputCharacters)),
        ]
        object.set("text", output.text.map { .string($0.shortened(to: ForgeLimits.outputCharacters)) })
        if !annotations.isEmpty { object["annotations"] = .array(annotations.map { .object(annotation($0)) }) }
        return object
    }

    private func annotation(_ annotation: CheckAnnotation) -> DataObject {
        let start = max(1, annotation.startLine)
        let end = max(start, annotation.endLine)
        var object: DataObject = [
            "path": .string(annotation.path), "start_line": .number(Double(start)), "end_line": .number(Double(end)),
            "annotation_level": .string(annotation.level.rawValue),
            "message": .string(annotation.message.shortened(to: ForgeLimits.annotationMessageCharacters)),
        ]
        object.set("title", annotation.title.map { .string($0.shortened(to: ForgeLimits.contextCharacters)) })
        // GitHub refuses columns of an annotation over several lines.
        if start == end {
            object.set("start_column", annotation.startColumn.map { .number(Double(max(1, $0))) })
            object.set("end_column", annotation.endColumn.map { .number(Double(max(1, $0))) })
        }
        return object
    }
}
