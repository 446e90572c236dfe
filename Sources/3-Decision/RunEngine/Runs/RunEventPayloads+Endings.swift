// SPDX-License-Identifier: Apache-2.0

package import PipelineModel
package import StructuredData

/// A leg failed, so the others of its job are cancelled.
package struct FailFastTripped: EventPayload {
    package static let typeName = "failFastTripped"
    package var job: JobID
    /// The one that failed.
    package var leg: JobID

    public var data: DataValue { ["job": .string(job.text), "leg": .string(leg.text)] }

    package init(job: JobID, leg: JobID) {
        self.job = job
        self.leg = leg
    }

    public init(data: DataValue) throws(DataShapeError) {
        job = try data.job("job")
        leg = try data.job("leg")
    }
}

/// A job that still waits for its needs was cancelled: it ends, without being judged, when they are over.
package struct WaitingJobCancelled: EventPayload {
    package static let typeName = "waitingJobCancelled"
    package var job: JobID
    package var reason: Reason

    public var data: DataValue { ["job": .string(job.text), "reason": reason.data] }

    package init(job: JobID, reason: Reason) {
        self.job = job
        self.reason = reason.bounded
    }

    public init(data: DataValue) throws(DataShapeError) {
        job = try data.job("job")
        reason = try data.reason("reason") ?? Reason(.cancelled, "")
    }
}

package struct JobFinished: EventPayload {
    package static let typeName = "jobFinished"
    package var job: JobID
    /// What `needs.*.result` says from now on.
    package var result: Conclusion
    package var reason: Reason?
    /// What the jobs after it inherit.
    package var lineage: JobStatusFlags
    /// It should have run, but what it needs is not to be had here.
    package var isUnavailable: Bool

    public var data: DataValue {
        .present([
            "job": .string(job.text), "result": result.data, "reason": reason?.data,
            "lineage": .omitted(.string(lineage.code), where: lineage.isEmpty), "unavailable": .flag(isUnavailable),
        ])
    }

    package init(
        job: JobID, result: Conclusion, reason: Reason?, lineage: JobStatusFlags, isUnavailable: Bool = false
    ) {
        self.job = job
        self.result = result
        self.reason = reason?.bounded
        self.lineage = lineage
        self.isUnavailable = isUnavailable
    }

    public init(data: DataValue) throws(DataShapeError) {
        job = try data.job("job")
        result = try data.conclusion("result")
        reason = try data.reason("reason")
        lineage = JobStatusFlags(code: data["lineage"]?.string ?? "")
        isUnavailable = data.bool("unavailable")
    }
}

/// The run, or a job of it, waits for its concurrency group.
package struct GroupAsked: EventPayload {
    package static let typeName = "groupAsked"
    /// `nil`: the run.
    package var leg: JobID?
    package var request: GroupRequest

    public var data: DataValue {
        .present(["leg": leg.map { .string($0.text) }, "request": request.data])
    }

    package init(leg: JobID?, request: GroupRequest) {
        self.leg = leg
        self.request = request
    }

    public init(data: DataValue) throws(DataShapeError) {
        leg = data["leg"]?.string.map { JobID($0) }
        request = try GroupRequest(data: data["request"] ?? .null)
    }
}

package struct GroupHeld: EventPayload {
    package static let typeName = "groupHeld"
    package var leg: JobID?

    public var data: DataValue { .present(["leg": leg.map { .string($0.text) }]) }

    package init(leg: JobID?) { self.leg = leg }

    public init(data: DataValue) throws(DataShapeError) {
        leg = data["leg"]?.string.map { JobID($0) }
    }
}

/// The arbiter confirmed that the group is free of this holder.
package struct GroupReleased: EventPayload {
    package static let typeName = "groupReleased"
    package var leg: JobID?

    public var data: DataValue { .present(["leg": leg.map { .string($0.text) }]) }

    package init(leg: JobID?) { self.leg = leg }

    public init(data: DataValue) throws(DataShapeError) {
        leg = data["leg"]?.string.map { JobID($0) }
    }
}

package struct RunCancelling: EventPayload {
    package static let typeName = "runCancelling"
    package var level: CancelLevel
    package var reason: Reason

    public var data: DataValue { ["level": .string(level.rawValue), "reason": reason.data] }

    package init(level: CancelLevel, reason: Reason) {
        self.level = level
        self.reason = reason.bounded
    }

    public init(data: DataValue) throws(DataShapeError) {
        level = try data.required("level") { $0.string.flatMap(CancelLevel.init(rawValue:)) }
        reason = try data.reason("reason") ?? Reason(.cancelled, "")
    }
}

package struct CapacityChanged: EventPayload {
    package static let typeName = "capacityChanged"
    /// `Int.max`: no limit.
    package var capacity: Int

    public var data: DataValue { .present(["capacity": .int(capacity, unless: .max)]) }

    package init(capacity: Int) { self.capacity = capacity }

    public init(data: DataValue) throws(DataShapeError) {
        capacity = data.int("capacity", default: .max)
    }
}

package struct RunFinished: EventPayload {
    package static let typeName = "runFinished"
    package var conclusion: Conclusion
    package var reason: Reason?
    package var hasUnavailable: Bool

    public var data: DataValue {
        .present(["conclusion": conclusion.data, "reason": reason?.data, "unavailable": .flag(hasUnavailable)])
    }

    package init(conclusion: Conclusion, reason: Reason?, hasUnavailable: Bool) {
        self.conclusion = conclusion
        self.reason = reason?.bounded
        self.hasUnavailable = hasUnavailable
    }

    public init(data: DataValue) throws(DataShapeError) {
        conclusion = try data.conclusion("conclusion")
        reason = try data.reason("reason")
        hasUnavailable = data.bool("unavailable")
    }
}
