// SPDX-License-Identifier: Apache-2.0

package import PipelineModel
package import StructuredData

/// A `wait` or `cancel` step waits for background steps.
package struct WaitBegan: EventPayload {
    package static let typeName = "waitBegan"
    package var step: StepPath
    package var targets: [StepPath]
    /// Whether it cancels them.
    package var cancels: Bool

    public var data: DataValue {
        .present([
            "step": .string(step.description),
            "targets": .texts(targets.map(\.description)),
            "cancels": .flag(cancels),
        ])
    }

    package init(step: StepPath, targets: [StepPath], cancels: Bool) {
        self.step = step
        self.targets = targets
        self.cancels = cancels
    }

    public init(data: DataValue) throws(DataShapeError) {
        step = try data.step("step")
        targets = data.strings("targets").compactMap { StepPath($0) }
        cancels = data.bool("cancels")
    }
}

/// The background steps of a scope are over, and no `wait` stood for them.
package struct BackgroundJoined: EventPayload {
    package static let typeName = "backgroundJoined"
    package var parent: StepPath?
    /// Where one failed.
    package var failure: Reason?

    public var data: DataValue {
        .present([
            "parent": parent.map { .string($0.description) },
            "failure": failure?.data,
        ])
    }

    package init(parent: StepPath?, failure: Reason?) {
        self.parent = parent
        self.failure = failure?.bounded
    }

    public init(data: DataValue) throws(DataShapeError) {
        parent = try data.optionalStep("parent")
        failure = try data.reason("failure")
    }
}

/// What was not begun of a scope will not be.
package struct StepsAbandoned: EventPayload {
    package static let typeName = "stepsAbandoned"
    package var parent: StepPath?
    package var reason: Reason

    public var data: DataValue {
        .present([
            "parent": parent.map { .string($0.description) },
            "reason": reason.data,
        ])
    }

    package init(parent: StepPath?, reason: Reason) {
        self.parent = parent
        self.reason = reason.bounded
    }

    public init(data: DataValue) throws(DataShapeError) {
        parent = try data.optionalStep("parent")
        reason = try data.reason("reason") ?? Reason(.cancelled, "")
    }
}

/// A step is to run after the last.
package struct PostStepAdded: EventPayload {
    package static let typeName = "postStepAdded"
    /// Whose action asked.
    package var attempt: StepAttempt
    package var id: String

    public var data: DataValue {
        .present([
            "attempt": .string(attempt.description),
            "id": .string(id),
        ])
    }

    package init(attempt: StepAttempt, id: String) {
        self.attempt = attempt
        self.id = id.bounded(EngineLimits.nameBytes)
    }

    public init(data: DataValue) throws(DataShapeError) {
        attempt = try data.attempt("attempt")
        id = try data.string("id")
    }
}

package struct JobCancelling: EventPayload {
    package static let typeName = "jobCancelling"
    package var level: CancelLevel
    package var reason: Reason
    /// When it is forced.
    package var deadline: Int64?

    public var data: DataValue {
        .present([
            "level": .string(level.rawValue),
            "reason": reason.data,
            "deadline": deadline.map { .time($0) },
        ])
    }

    package init(level: CancelLevel, reason: Reason, deadline: Int64?) {
        self.level = level
        self.reason = reason.bounded
        self.deadline = deadline
    }

    public init(data: DataValue) throws(DataShapeError) {
        level = try data.required("level") { $0.string.flatMap(CancelLevel.init(rawValue:)) }
        reason = try data.reason("reason") ?? Reason(.cancelled, "")
        deadline = data.time("deadline")
    }
}

/// The steps are over.
package struct JobClosing: EventPayload {
    package static let typeName = "jobClosing"
    package var conclusion: Conclusion
    package var reason: Reason?

    public var data: DataValue {
        .present([
            "conclusion": conclusion.data,
            "reason": reason?.data,
        ])
    }

    package init(conclusion: Conclusion, reason: Reason?) {
        self.conclusion = conclusion
        self.reason = reason?.bounded
    }

    public init(data: DataValue) throws(DataShapeError) {
        conclusion = try data.conclusion("conclusion")
        reason = try data.reason("reason")
    }
}

/// The last of a job: its outcome goes to the run.
package struct JobEnded: EventPayload {
    package static let typeName = "jobEnded"
    package var outcome: JobOutcome

    public var data: DataValue {
        .present([
            "outcome": outcome.data
        ])
    }

    package init(outcome: JobOutcome) {
        self.outcome = outcome
    }

    public init(data: DataValue) throws(DataShapeError) {
        outcome = try JobOutcome(data: data["outcome"] ?? .null)
    }
}

extension DataValue {
    fileprivate func step(_ key: String) throws(DataShapeError) -> StepPath {
        try required(key) { $0.string.flatMap { StepPath($0) } }
    }

    fileprivate func optionalStep(_ key: String) throws(DataShapeError) -> StepPath? {
        self[key] == nil ? nil : try step(key)
    }
}
