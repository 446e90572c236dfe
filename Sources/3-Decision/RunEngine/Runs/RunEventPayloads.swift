// SPDX-License-Identifier: Apache-2.0

package import PipelineModel
package import StructuredData

/// Always the first: what the run is made of, and what came before it.
package struct RunStarted: EventPayload {
    package static let typeName = "runStarted"
    package var run: RunID
    package var attempt: Int
    package var planDigest: String
    /// `Int.max`: no limit.
    package var capacity: Int
    /// The attempt of the same run whose results are taken over.
    package var previousAttempt: Int?
    /// Jobs of that attempt that run again: what was asked for, and all that depends on it.
    package var rerun: [JobID]

    public var data: DataValue {
        .present([
            "run": .int(run.number), "attempt": .int(attempt), "plan": .string(planDigest),
            "capacity": .int(capacity, unless: .max), "previousAttempt": previousAttempt.map { .int($0) },
            "rerun": .texts(nonEmpty: rerun.map(\.text)),
        ])
    }

    package init(run: RunID, attempt: Int, planDigest: String, capacity: Int, previousAttempt: Int?, rerun: [JobID]) {
        self.run = run
        self.attempt = attempt
        self.planDigest = planDigest
        self.capacity = capacity
        self.previousAttempt = previousAttempt
        self.rerun = rerun
    }

    public init(data: DataValue) throws(DataShapeError) {
        run = RunID(try data.int("run"))
        attempt = try data.int("attempt")
        planDigest = try data.string("plan")
        capacity = data.int("capacity", default: .max)
        previousAttempt = data["previousAttempt"]?.int
        rerun = data.strings("rerun").map { JobID($0) }
    }
}

/// Results of the attempt before, in pieces of ``EngineLimits/listChunk``.
package struct ResultsTakenOver: EventPayload {
    package static let typeName = "resultsTakenOver"
    package var attempt: Int
    package var jobs: [TakenJob]

    public var data: DataValue { ["attempt": .int(attempt), "jobs": .array(jobs.map(\.data))] }

    package init(attempt: Int, jobs: [TakenJob]) {
        self.attempt = attempt
        self.jobs = jobs
    }

    public init(data: DataValue) throws(DataShapeError) {
        attempt = try data.int("attempt")
        jobs = try data.list("jobs") { item throws(DataShapeError) in try TakenJob(data: item) }
    }
}

/// The jobs of one workflow file, the plan's own or a called one's, in pieces.
package struct JobsListed: EventPayload {
    package static let typeName = "jobsListed"
    /// The calling leg; `nil` for the plan's own.
    package var caller: JobID?
    /// Ids within the file, in its order.
    package var jobs: [String]
    /// Whether a piece of the same list came before.
    package var continues: Bool

    public var data: DataValue {
        .present(["caller": caller.map { .string($0.text) }, "jobs": .texts(jobs), "continues": .flag(continues)])
    }

    package init(caller: JobID?, jobs: [String], continues: Bool) {
        self.caller = caller
        self.jobs = jobs
        self.continues = continues
    }

    public init(data: DataValue) throws(DataShapeError) {
        caller = data["caller"]?.string.map { JobID($0) }
        jobs = data.strings("jobs")
        continues = data.bool("continues")
    }
}

/// A job's condition held, and its matrix was spread, in pieces.
package struct JobExpanded: EventPayload {
    package static let typeName = "jobExpanded"
    package var job: JobID
    package var legs: [JobLeg]
    package var isMatrix: Bool
    package var failFast: Bool
    package var maxParallel: Int
    package var continues: Bool

    public var data: DataValue {
        .present([
            "job": .string(job.text), "legs": .array(legs.map(\.data)), "matrix": .flag(isMatrix),
            "failFast": .omitted(.bool(false), where: failFast), "maxParallel": .int(maxParallel, unless: 0),
            "continues": .flag(continues),
        ])
    }

    package init(job: JobID, expansion: JobExpansion, legs: [JobLeg], continues: Bool) {
        self.job = job
        self.legs = legs
        isMatrix = expansion.isMatrix
        failFast = expansion.failFast
        maxParallel = expansion.maxParallel
        self.continues = continues
    }

    public init(data: DataValue) throws(DataShapeError) {
        job = try data.job("job")
        legs = try data.list("legs") { item throws(DataShapeError) in try JobLeg(data: item) }
        isMatrix = data.bool("matrix")
        failFast = data.bool("failFast", default: true)
        maxParallel = data.int("maxParallel", default: 0)
        continues = data.bool("continues")
    }
}

/// A leg could start if the runner had a place for it.
package struct LegQueued: EventPayload {
    package static let typeName = "legQueued"
    package var leg: JobID
    package var reason: Reason

    public var data: DataValue { ["leg": .string(leg.text), "reason": reason.data] }

    package init(leg: JobID, reason: Reason) {
        self.leg = leg
        self.reason = reason.bounded
    }

    public init(data: DataValue) throws(DataShapeError) {
        leg = try data.job("leg")
        reason = try data.reason("reason") ?? Reason(.capacity, "")
    }
}

package struct LegStarted: EventPayload {
    package static let typeName = "legStarted"
    package var leg: JobID
    package var attempt: Int
    /// When the run stops waiting for word of it; `nil` for a call, whose jobs have their own.
    package var deadline: Int64?

    public var data: DataValue {
        .present([
            "leg": .string(leg.text), "attempt": .int(attempt, unless: 1), "deadline": deadline.map { .time($0) },
        ])
    }

    package init(leg: JobID, attempt: Int, deadline: Int64?) {
        self.leg = leg
        self.attempt = attempt
        self.deadline = deadline
    }

    public init(data: DataValue) throws(DataShapeError) {
        leg = try data.job("leg")
        attempt = data.int("attempt", default: 1)
        deadline = data.time("deadline")
    }
}

package struct LegCancelling: EventPayload {
    package static let typeName = "legCancelling"
    package var leg: JobID
    package var level: CancelLevel
    package var reason: Reason
    /// A new deadline, where this sets one.
    package var deadline: Int64?

    public var data: DataValue {
        .present([
            "leg": .string(leg.text), "level": .string(level.rawValue), "reason": reason.data,
            "deadline": deadline.map { .time($0) },
        ])
    }

    package init(leg: JobID, level: CancelLevel, reason: Reason, deadline: Int64? = nil) {
        self.leg = leg
        self.level = level
        self.reason = reason.bounded
        self.deadline = deadline
    }

    public init(data: DataValue) throws(DataShapeError) {
        leg = try data.job("leg")
        level = try data.required("level") { $0.string.flatMap(CancelLevel.init(rawValue:)) }
        reason = try data.reason("reason") ?? Reason(.cancelled, "")
        deadline = data.time("deadline")
    }
}

/// An attempt was cut off, and the policy allows another.
package struct LegRetried: EventPayload {
    package static let typeName = "legRetried"
    package var leg: JobID
    /// The new attempt.
    package var attempt: Int
    package var reason: Reason
    package var deadline: Int64?

    public var data: DataValue {
        .present([
            "leg": .string(leg.text), "attempt": .int(attempt), "reason": reason.data,
            "deadline": deadline.map { .time($0) },
        ])
    }

    package init(leg: JobID, attempt: Int, reason: Reason, deadline: Int64?) {
        self.leg = leg
        self.attempt = attempt
        self.reason = reason.bounded
        self.deadline = deadline
    }

    public init(data: DataValue) throws(DataShapeError) {
        leg = try data.job("leg")
        attempt = try data.int("attempt")
        reason = try data.reason("reason") ?? Reason(.interrupted, "")
        deadline = data.time("deadline")
    }
}

package struct LegFinished: EventPayload {
    package static let typeName = "legFinished"
    package var leg: JobID
    package var attempt: Int
    package var outcome: JobOutcome
    /// After `continue-on-error`.
    package var conclusion: Conclusion
    /// The run attempt that it ran in, where that is an earlier one.
    package var takenFrom: Int?

    public var data: DataValue {
        .present([
            "leg": .string(leg.text), "attempt": .int(attempt, unless: 1), "outcome": outcome.data,
            "conclusion": .omitted(conclusion.data, where: conclusion == outcome.conclusion),
            "takenFrom": takenFrom.map { .int($0) },
        ])
    }

    package init(leg: JobID, attempt: Int, outcome: JobOutcome, conclusion: Conclusion, takenFrom: Int? = nil) {
        self.leg = leg
        self.attempt = attempt
        self.outcome = outcome
        self.conclusion = conclusion
        self.takenFrom = takenFrom
    }

    public init(data: DataValue) throws(DataShapeError) {
        leg = try data.job("leg")
        attempt = data.int("attempt", default: 1)
        outcome = try JobOutcome(data: data["outcome"] ?? .null)
        conclusion = data["conclusion"] == nil ? outcome.conclusion : try data.conclusion("conclusion")
        takenFrom = data["takenFrom"]?.int
    }
}
