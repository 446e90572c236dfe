// SPDX-License-Identifier: Apache-2.0

package import ScheduleRules
package import SourceForges
package import StructuredData

/// What asked for runs.
package enum TriggerCause: Sendable {
    /// What a webhook or a poll told.
    case forge([ForgeEvent])
    /// A person, or a program, started a workflow.
    case dispatch(WorkflowDispatch)
    /// A program told of something of its own.
    case repositoryDispatch(RepositoryDispatch)
    case schedule(ScheduleTick)
    /// A run of the project was asked for, began or ended.
    case workflowRun(WorkflowRunNews)

    /// As lists call it.
    package var title: String {
        switch self {
        case .forge(let events): events.first?.name ?? "nothing"
        case .dispatch: "workflow_dispatch"
        case .repositoryDispatch: "repository_dispatch"
        case .schedule: "schedule"
        case .workflowRun: "workflow_run"
        }
    }

    /// The branch, tag or pull request that it is about.
    package var ref: String? {
        switch self {
        case .forge(let events): events.first?.ref
        case .dispatch(let request): request.ref
        case .repositoryDispatch, .schedule: nil
        case .workflowRun(let news): news.headBranch
        }
    }

    package var actor: String? {
        switch self {
        case .forge(let events): events.first?.sender
        case .dispatch(let request): request.actor
        case .repositoryDispatch(let request): request.actor
        case .schedule: nil
        case .workflowRun(let news): news.actor
        }
    }
}

extension TriggerCause: DataRepresentable {
    package var data: DataValue {
        switch self {
        case .forge(let events): ["kind": "forge", "events": .array(events.map(\.data))]
        case .dispatch(let request): ["kind": "dispatch", "request": request.data]
        case .repositoryDispatch(let request): ["kind": "repositoryDispatch", "request": request.data]
        case .schedule(let tick): ["kind": "schedule", "tick": tick.data]
        case .workflowRun(let news): ["kind": "workflowRun", "news": news.data]
        }
    }

    package init(data: DataValue) throws(DataShapeError) {
        switch data["kind"]?.string {
        case "forge":
            self = .forge(
                try data.list("events") { (event) throws(DataShapeError) in try ForgeEvent(data: event) })
        case "dispatch": self = .dispatch(try WorkflowDispatch(data: data["request"] ?? .null))
        case "repositoryDispatch": self = .repositoryDispatch(try RepositoryDispatch(data: data["request"] ?? .null))
        case "schedule": self = .schedule(try ScheduleTick(data: data["tick"] ?? .null))
        case "workflowRun": self = .workflowRun(try WorkflowRunNews(data: data["news"] ?? .null))
        default: throw DataShapeError("what asked for runs")
        }
    }
}
