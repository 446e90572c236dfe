// SPDX-License-Identifier: Apache-2.0

package import NotificationRules
package import PipelineModel
package import Timekeeping

/// A run as endpoints are told of it.
package struct WebhookRun: Hashable, Sendable {
    package var subject: Subject
    package var number: Int
    package var attempt: Int
    package var event: String
    package var labels: RunNews.Labels
    package var author: Person?
    /// `nil` while it is not over.
    package var conclusion: Conclusion?
    package var created: Timestamp
    package var started: Timestamp?
    package var finished: Timestamp?

    package init(subject: Subject, number: Int, attempt: Int, event: String, created: Timestamp) {
        self.subject = subject
        self.number = number
        self.attempt = attempt
        self.event = event
        labels = RunNews.Labels()
        self.created = created
    }
}

/// A job of a run that ended.
package struct WebhookJob: Hashable, Sendable {
    package var id: String
    package var name: String
    package var attempt: Int
    package var conclusion: Conclusion
    /// Why, in a sentence.
    package var reason: String?
    package var runner: String?
    package var started: Timestamp?
    package var finished: Timestamp

    package init(id: String, name: String, attempt: Int, conclusion: Conclusion, finished: Timestamp) {
        self.id = id
        self.name = name
        self.attempt = attempt
        self.conclusion = conclusion
        self.finished = finished
    }
}

/// An approval that is asked for, or was given or refused.
package struct WebhookApproval: Hashable, Sendable {
    package var environment: String
    package var approvers: [String]
    package var requested: Timestamp
    package var decision: Decision?

    package struct Decision: Hashable, Sendable {
        package var isApproved: Bool
        package var by: String
        package var comment: String?
        package var at: Timestamp

        package init(isApproved: Bool, by person: String, comment: String?, at time: Timestamp) {
            self.isApproved = isApproved
            by = person
            self.comment = comment
            at = time
        }
    }

    package init(environment: String, approvers: [String], requested: Timestamp, decision: Decision? = nil) {
        self.environment = environment
        self.approvers = approvers
        self.requested = requested
        self.decision = decision
    }
}

/// Something that endpoints can be told of.
package enum WebhookEvent: Hashable, Sendable {
    case runCreated(WebhookRun)
    case runStarted(WebhookRun)
    case runFinished(WebhookRun)
    case jobFinished(WebhookRun, WebhookJob)
    case approvalRequested(WebhookRun, WebhookApproval)
    case approvalDecided(WebhookRun, WebhookApproval)
    /// - `changed`: the names of the settings that were changed.
    case projectUpdated(project: String, changed: [String], by: String?)

    /// Never renamed.
    package var type: String {
        switch self {
        case .runCreated: "run.created"
        case .runStarted: "run.started"
        case .runFinished: "run.finished"
        case .jobFinished: "job.finished"
        case .approvalRequested: "approval.requested"
        case .approvalDecided: "approval.decided"
        case .projectUpdated: "project.updated"
        }
    }

    /// All types, for those who choose some.
    package static let types = [
        "run.created", "run.started", "run.finished", "job.finished", "approval.requested", "approval.decided",
        "project.updated",
    ]
}
