// SPDX-License-Identifier: Apache-2.0

internal import NotificationRules
internal import PipelineModel
package import StructuredData
package import Timekeeping

extension WebhookEvent {
    /// Raised when something that was there changes its meaning or goes; what is added does not raise it.
    package static let version = 1
    /// Names of a list that are sent.
    private static let listedNames = 50

    /// What is sent, by the convention of Standard Webhooks: `{"type": …, "version": 1, "timestamp": …, "data": {…}}`.
    /// The page docs/reference/webhooks.md has its schema. What is not known is absent.
    ///
    /// - Parameter time: when it happened, not when it is sent.
    package func envelope(at time: Timestamp) -> DataValue {
        [
            "type": .string(type), "version": .number(Double(Self.version)), "timestamp": .string(time.description),
            "data": .object(data),
        ]
    }

    private var data: DataObject {
        switch self {
        case .runCreated(let run), .runStarted(let run), .runFinished(let run): return Self.data(run)
        case .jobFinished(let run, let job):
            return ["project": .string(run.subject.project), "run": Self.run(run), "job": Self.data(job)]
        case .approvalRequested(let run, let approval), .approvalDecided(let run, let approval):
            return ["project": .string(run.subject.project), "run": Self.run(run), "approval": Self.data(approval)]
        case .projectUpdated(let project, let changed, let person):
            var data: DataObject = [
                "project": .string(project.cut(NoticeLimits.nameBytes)), "changed": Self.names(changed),
            ]
            data.set("by", Self.name(person))
            return data
        }
    }

    private static func data(_ run: WebhookRun) -> DataObject {
        ["project": .string(run.subject.project), "run": Self.run(run)]
    }

    private static func run(_ run: WebhookRun) -> DataValue {
        let labels = run.labels
        var data: DataObject = [
            "number": .number(Double(run.number)), "attempt": .number(Double(run.attempt)),
            "workflow": .string(run.subject.workflow), "branch": .string(run.subject.branch),
            "event": .string(run.event.cut(NoticeLimits.nameBytes)),
        ]
        data.set("name", name(labels.workflow))
        data.set("title", name(labels.title))
        data.set("commit", name(labels.commit))
        data.set("url", labels.url.flatMap { $0.utf8.count <= NoticeLimits.linkBytes ? .string($0) : nil })
        if let author = run.author {
            data["author"] = [
                "name": .string(author.name), "email": .string(author.email.cut(NoticeLimits.mailBytes)),
            ]
        }
        data.set("conclusion", run.conclusion.map { .string($0.rawValue) })
        data.set("reason", labels.sentence.map { .string($0.cut(NoticeLimits.sentenceBytes)) })
        data["createdAt"] = .string(run.created.description)
        data.set("startedAt", run.started.map { .string($0.description) })
        data.set("finishedAt", run.finished.map { .string($0.description) })
        return .object(data)
    }

    private static func data(_ job: WebhookJob) -> DataValue {
        var data: DataObject = [
            "id": .string(job.id.cut(NoticeLimits.nameBytes)), "name": .string(job.name.cut(NoticeLimits.nameBytes)),
            "attempt": .number(Double(job.attempt)), "conclusion": .string(job.conclusion.rawValue),
        ]
        data.set("reason", job.reason.map { .string($0.cut(NoticeLimits.sentenceBytes)) })
        data.set("runner", name(job.runner))
        data.set("startedAt", job.started.map { .string($0.description) })
        data["finishedAt"] = .string(job.finished.description)
        return .object(data)
    }

    private static func data(_ approval: WebhookApproval) -> DataValue {
        var data: DataObject = [
            "environment": .string(approval.environment.cut(NoticeLimits.nameBytes)),
            "approvers": names(approval.approvers), "requestedAt": .string(approval.requested.description),
        ]
        guard let decision = approval.decision else { return .object(data) }
        data["decision"] = decision.isApproved ? "approved" : "rejected"
        data["by"] = .string(decision.by.cut(NoticeLimits.nameBytes))
        data.set("comment", decision.comment.map { .string($0.cut(NoticeLimits.sentenceBytes)) })
        data["decidedAt"] = .string(decision.at.description)
        return .object(data)
    }

    private static func name(_ text: String?) -> DataValue? { text.map { .string($0.cut(NoticeLimits.nameBytes)) } }

    private static func names(_ names: [String]) -> DataValue {
        .array(names.prefix(listedNames).map { .string($0.cut(NoticeLimits.nameBytes)) })
    }
}
