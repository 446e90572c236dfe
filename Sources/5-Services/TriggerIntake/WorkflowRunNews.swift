// SPDX-License-Identifier: Apache-2.0

package import PipelineModel
package import RunCoordination
internal import SourceForges
package import StructuredData

/// A run of the project was asked for, began or ended: what `on: workflow_run` waits for.
package struct WorkflowRunNews: Hashable, Sendable {
    package enum Activity: String, Hashable, Sendable, CaseIterable {
        case requested
        case inProgress = "in_progress"
        case completed
    }

    package var activity: Activity
    package var run: Int
    package var attempt: Int
    package var workflowName: String
    package var workflowPath: String
    /// The event that started the run.
    package var event: String
    /// A branch's or a tag's name; of a pull request the branch that it comes from.
    package var headBranch: String?
    package var headSHA: String
    package var actor: String
    /// In GitHub's words; `nil` until it is over.
    package var conclusion: String?
    package var title: String?
    /// Runs before it.
    package var chainDepth: Int

    package init(_ change: RunChange) {
        let record = change.record
        switch change.kind {
        case .began, .held: activity = .requested
        case .running, .gated: activity = .inProgress
        case .finished(let conclusion):
            activity = .completed
            self.conclusion = conclusion.rawValue
        }
        run = change.run.number
        attempt = change.attempt
        workflowName = record.plan.workflowName
        workflowPath = record.plan.workflowPath
        event = record.plan.trigger.event
        let request = record.payload["pull_request"]
        headBranch = request?["head"]?["ref"]?.string ?? record.repository.ref.map(Self.short)
        headSHA = request?["head"]?["sha"]?.string ?? record.repository.sha
        actor = record.repository.actor
        title = record.title
        chainDepth = record.chainDepth
    }

    private static func short(_ ref: String) -> String {
        for prefix in ["refs/heads/", "refs/tags/"] where ref.hasPrefix(prefix) {
            return String(ref.dropFirst(prefix.count))
        }
        return ref
    }

    /// The same however often it is told.
    var id: String { OwnDeliveryID.workflowRun.id("\(run):\(attempt):\(activity.rawValue)") }

    /// `github.event`, beside the repository and the sender.
    ///
    /// Source: the payload of `workflow_run` of GitHub's documentation.
    var payload: DataObject {
        let status =
            switch activity {
            case .requested: "queued"
            case .inProgress: "in_progress"
            case .completed: "completed"
            }
        let text = { (value: String?) -> DataValue in value.map { .string($0) } ?? .null }
        return [
            "action": .string(activity.rawValue),
            "workflow": ["name": .string(workflowName), "path": .string(workflowPath), "state": "active"],
            "workflow_run": [
                "id": .number(Double(run)), "run_number": .number(Double(run)),
                "run_attempt": .number(Double(attempt)), "name": .string(workflowName), "path": .string(workflowPath),
                "display_title": .string(title ?? workflowName), "event": .string(event), "status": .string(status),
                "conclusion": text(conclusion), "head_branch": text(headBranch), "head_sha": .string(headSHA),
                "actor": ["login": .string(actor), "type": "User"],
                "triggering_actor": ["login": .string(actor), "type": "User"], "pull_requests": [],
            ],
        ]
    }
}

extension WorkflowRunNews: DataRepresentable {
    package var data: DataValue {
        var object: DataObject = [
            "activity": .string(activity.rawValue), "run": .number(Double(run)), "attempt": .number(Double(attempt)),
            "name": .string(workflowName), "path": .string(workflowPath), "event": .string(event),
            "sha": .string(headSHA), "actor": .string(actor), "depth": .number(Double(chainDepth)),
        ]
        object.set("branch", headBranch.map { .string($0) })
        object.set("conclusion", conclusion.map { .string($0) })
        object.set("title", title.map { .string($0) })
        return .object(object)
    }

    package init(data: DataValue) throws(DataShapeError) {
        activity = try data.required("activity") { $0.string.flatMap(Activity.init(rawValue:)) }
        run = try data.int("run")
        attempt = try data.int("attempt")
        workflowName = try data.string("name")
        workflowPath = try data.string("path")
        event = try data.string("event")
        headSHA = try data.string("sha")
        actor = data["actor"]?.string ?? ""
        chainDepth = data["depth"]?.int ?? 0
        headBranch = data["branch"]?.string
        conclusion = data["conclusion"]?.string
        title = data["title"]?.string
    }
}
