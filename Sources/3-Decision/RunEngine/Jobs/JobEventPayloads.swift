// SPDX-License-Identifier: Apache-2.0

package import PipelineModel
package import StructuredData

/// Always the first of a job.
package struct JobBegan: EventPayload {
    package static let typeName = "jobBegan"
    package var job: JobID
    package var attempt: Int
    package var planDigest: String
    /// The job's timeout.
    package var deadline: Int64?

    public var data: DataValue {
        .present([
            "job": .string(job.text),
            "attempt": .int(attempt, unless: 1),
            "plan": .string(planDigest),
            "deadline": deadline.map { .time($0) },
        ])
    }

    package init(job: JobID, attempt: Int, planDigest: String, deadline: Int64?) {
        self.job = job
        self.attempt = attempt
        self.planDigest = planDigest
        self.deadline = deadline
    }

    public init(data: DataValue) throws(DataShapeError) {
        job = try data.job("job")
        attempt = data.int("attempt", default: 1)
        planDigest = try data.string("plan")
        deadline = data.time("deadline")
    }
}

/// Steps came to light, in pieces: of the job, inside a composite step, or after the last.
package struct StepsListed: EventPayload {
    package static let typeName = "stepsListed"
    /// The composite step they are inside of.
    package var parent: StepPath?
    package var steps: [StepListing]
    /// Whether steps of the same scope came before.
    package var continues: Bool

    public var data: DataValue {
        .present([
            "parent": parent.map { .string($0.description) },
            "steps": .array(steps.map(\.data)),
            "continues": .flag(continues),
        ])
    }

    package init(parent: StepPath?, steps: [StepListing], continues: Bool) {
        self.parent = parent
        self.steps = steps
        self.continues = continues
    }

    public init(data: DataValue) throws(DataShapeError) {
        parent = try data.optionalStep("parent")
        steps = try data.list("steps") { item throws(DataShapeError) in try StepListing(data: item) }
        continues = data.bool("continues")
    }
}

/// All that a first step needs is there, or not.
package struct JobPrepared: EventPayload {
    package static let typeName = "jobPrepared"
    package var failure: Reason?

    public var data: DataValue {
        .present([
            "failure": failure?.data
        ])
    }

    package init(failure: Reason?) {
        self.failure = failure?.bounded
    }

    public init(data: DataValue) throws(DataShapeError) {
        failure = try data.reason("failure")
    }
}

/// A step's turn has come: its executor evaluates its condition.
package struct StepScheduled: EventPayload {
    package static let typeName = "stepScheduled"
    package var attempt: StepAttempt
    package var flags: StatusFlags

    public var data: DataValue {
        .present([
            "attempt": .string(attempt.description),
            "flags": .string(flags.code),
        ])
    }

    package init(attempt: StepAttempt, flags: StatusFlags) {
        self.attempt = attempt
        self.flags = flags
    }

    public init(data: DataValue) throws(DataShapeError) {
        attempt = try data.attempt("attempt")
        flags = StatusFlags(code: data["flags"]?.string ?? "")
    }
}

/// A background step waits for a place.
package struct StepHeld: EventPayload {
    package static let typeName = "stepHeld"
    package var step: StepPath
    package var flags: StatusFlags
    package var reason: Reason

    public var data: DataValue {
        .present([
            "step": .string(step.description),
            "flags": .string(flags.code),
            "reason": reason.data,
        ])
    }

    package init(step: StepPath, flags: StatusFlags, reason: Reason) {
        self.step = step
        self.flags = flags
        self.reason = reason.bounded
    }

    public init(data: DataValue) throws(DataShapeError) {
        step = try data.step("step")
        flags = StatusFlags(code: data["flags"]?.string ?? "")
        reason = try data.reason("reason") ?? Reason(.capacity, "")
    }
}

/// Its condition held, and it runs.
package struct StepStarted: EventPayload {
    package static let typeName = "stepStarted"
    package var attempt: StepAttempt
    /// Past it the step is cancelled.
    package var deadline: Int64?

    public var data: DataValue {
        .present([
            "attempt": .string(attempt.description),
            "deadline": deadline.map { .time($0) },
        ])
    }

    package init(attempt: StepAttempt, deadline: Int64?) {
        self.attempt = attempt
        self.deadline = deadline
    }

    public init(data: DataValue) throws(DataShapeError) {
        attempt = try data.attempt("attempt")
        deadline = data.time("deadline")
    }
}

/// It is a composite action whose steps are listed next.
package struct StepExpanded: EventPayload {
    package static let typeName = "stepExpanded"
    package var attempt: StepAttempt

    public var data: DataValue {
        .present([
            "attempt": .string(attempt.description)
        ])
    }

    package init(attempt: StepAttempt) {
        self.attempt = attempt
    }

    public init(data: DataValue) throws(DataShapeError) {
        attempt = try data.attempt("attempt")
    }
}

/// The steps inside a composite step are over.
package struct StepCompleting: EventPayload {
    package static let typeName = "stepCompleting"
    package var attempt: StepAttempt
    package var outcome: Conclusion
    package var reason: Reason?

    public var data: DataValue {
        .present([
            "attempt": .string(attempt.description),
            "outcome": outcome.data,
            "reason": reason?.data,
        ])
    }

    package init(attempt: StepAttempt, outcome: Conclusion, reason: Reason?) {
        self.attempt = attempt
        self.outcome = outcome
        self.reason = reason?.bounded
    }

    public init(data: DataValue) throws(DataShapeError) {
        attempt = try data.attempt("attempt")
        outcome = try data.conclusion("outcome")
        reason = try data.reason("reason")
    }
}

/// A step attempt was told to end.
package struct StepCancelling: EventPayload {
    package static let typeName = "stepCancelling"
    package var attempt: StepAttempt
    package var mode: StepCancellation.Mode
    package var reason: Reason
    /// When it is told harder, or no longer waited for.
    package var deadline: Int64?

    public var data: DataValue {
        .present([
            "attempt": .string(attempt.description),
            "mode": .string(mode.rawValue),
            "reason": reason.data,
            "deadline": deadline.map { .time($0) },
        ])
    }

    package init(attempt: StepAttempt, mode: StepCancellation.Mode, reason: Reason, deadline: Int64?) {
        self.attempt = attempt
        self.mode = mode
        self.reason = reason.bounded
        self.deadline = deadline
    }

    public init(data: DataValue) throws(DataShapeError) {
        attempt = try data.attempt("attempt")
        mode = try data.required("mode") { $0.string.flatMap(StepCancellation.Mode.init(rawValue:)) }
        reason = try data.reason("reason") ?? Reason(.cancelled, "")
        deadline = data.time("deadline")
    }
}

/// An attempt was cut off, and the policy allows another.
package struct StepRetried: EventPayload {
    package static let typeName = "stepRetried"
    /// The new attempt.
    package var attempt: StepAttempt
    package var reason: Reason

    public var data: DataValue {
        .present([
            "attempt": .string(attempt.description),
            "reason": reason.data,
        ])
    }

    package init(attempt: StepAttempt, reason: Reason) {
        self.attempt = attempt
        self.reason = reason.bounded
    }

    public init(data: DataValue) throws(DataShapeError) {
        attempt = try data.attempt("attempt")
        reason = try data.reason("reason") ?? Reason(.interrupted, "")
    }
}

/// A step is over; skipped ones too.
package struct StepFinished: EventPayload {
    package static let typeName = "stepFinished"
    package var attempt: StepAttempt
    package var result: StepResult
    /// The run attempt whose result stands; `nil`: it ran in this one.
    package var takenFrom: Int?

    public var data: DataValue {
        .present([
            "attempt": .string(attempt.description),
            "result": result.data,
            "takenFrom": takenFrom.map { .int($0) },
        ])
    }

    package init(attempt: StepAttempt, result: StepResult, takenFrom: Int? = nil) {
        self.attempt = attempt
        self.result = result.bounded
        self.takenFrom = takenFrom
    }

    public init(data: DataValue) throws(DataShapeError) {
        attempt = try data.attempt("attempt")
        result = try StepResult(data: data["result"] ?? .null)
        takenFrom = data["takenFrom"]?.int
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
