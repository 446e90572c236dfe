// SPDX-License-Identifier: Apache-2.0

package import PipelineModel
package import StructuredData

/// "I am here, this is what I carry, and I have room for so many more."
package struct PollRequest: Hashable, Sendable, DataRepresentable {
    /// Of the runner's process: another one than before tells that it began anew.
    package var instance: String
    package var free: Int
    package var holds: [LeaseKey]
    /// Its own, too, which speak for themselves: this poll says that they are known, and not that they live.
    package var elsewhere: [LeaseKey] = []
    /// Of a poll that one server passes on to another: what else the runner has, by all that it says. Others decide about it.
    package var others: [LeaseKey] = []
    /// How long the server may wait for something to say, in milliseconds.
    package var waitMs: Int64
    /// Why it takes nothing new, in a sentence; `nil`: it does, or says nothing of it.
    package var refusal: String?
    /// What it takes nothing of, while it takes other jobs.
    package var holdbacks: [Holdback] = []
    /// Of the leases that it has, those that wait where it carries them out.
    package var waits: [LeaseWait] = []

    package init(instance: String, free: Int, holds: [LeaseKey], waitMs: Int64 = RunnerLimits.pollMs) {
        self.instance = instance
        self.free = free
        self.holds = holds
        self.waitMs = waitMs
    }

    public var data: DataValue {
        var object: DataObject = [
            "instance": .string(instance), "free": .number(Double(free)), "holds": .array(holds.map(\.data)),
            "waitMs": .number(Double(waitMs)),
        ]
        object.set("refusal", refusal.map(DataValue.string))
        object.set("elsewhere", elsewhere.isEmpty ? nil : .array(elsewhere.map(\.data)))
        object.set("others", others.isEmpty ? nil : .array(others.map(\.data)))
        object.set("holdbacks", holdbacks.isEmpty ? nil : .array(holdbacks.map(\.data)))
        object.set("waits", waits.isEmpty ? nil : .array(waits.map(\.data)))
        return .object(object)
    }

    public init(data: DataValue) throws(DataShapeError) {
        instance = try data.string("instance")
        free = try data.int("free")
        holds = try data.list("holds") { item throws(DataShapeError) in try LeaseKey(data: item) }
        if data["elsewhere"] != nil {
            elsewhere = try data.list("elsewhere") { item throws(DataShapeError) in try LeaseKey(data: item) }
        }
        if data["others"] != nil {
            others = try data.list("others") { item throws(DataShapeError) in try LeaseKey(data: item) }
        }
        waitMs = Int64(data["waitMs"]?.int ?? 0)
        refusal = data["refusal"]?.string.map { String($0.prefix(RunnerLimits.refusalCharacters)) }
        for item in (data["holdbacks"]?.array ?? []).prefix(RunnerLimits.holdbacks) {
            holdbacks.append(try Holdback(data: item))
        }
        for item in (data["waits"]?.array ?? []).prefix(RunnerLimits.waits) {
            waits.append(try LeaseWait(data: item))
        }
    }
}

package struct PollAnswer: Hashable, Sendable, DataRepresentable {
    package var assignments: [JobAssignment] = []
    package var cancellations: [LeaseCancellation] = []
    /// Held by the runner's word, and not its any more: their steps end at once, and nothing of them is published.
    package var lost: [LeaseKey] = []
    /// Nothing more comes: the runner ends when its jobs have.
    package var isDismissed = false
    /// How long a lease lasts without a word of its runner, in milliseconds.
    package var leaseMs = RunnerLimits.leaseMs

    package init() {}

    package init(leaseMs: Int64) { self.leaseMs = leaseMs }

    package var isEmpty: Bool {
        assignments.isEmpty && cancellations.isEmpty && lost.isEmpty && !isDismissed
    }

    public var data: DataValue {
        [
            "assignments": .array(assignments.map(\.data)), "cancellations": .array(cancellations.map(\.data)),
            "lost": .array(lost.map(\.data)), "dismissed": .bool(isDismissed),
            "leaseMs": .number(Double(leaseMs)),
        ]
    }

    public init(data: DataValue) throws(DataShapeError) {
        assignments = try data.list("assignments") { item throws(DataShapeError) in try JobAssignment(data: item) }
        cancellations = try data.list("cancellations") { item throws(DataShapeError) in
            try LeaseCancellation(data: item)
        }
        lost = try data.list("lost") { item throws(DataShapeError) in try LeaseKey(data: item) }
        isDismissed = data.bool("dismissed")
        leaseMs = data["leaseMs"]?.int.map { Int64($0) } ?? RunnerLimits.leaseMs
    }
}

/// A job, for the runner that the message goes to.
package struct JobAssignment: Hashable, Sendable, DataRepresentable {
    package var lease: LeaseKey
    /// The part of the plan that the job is, with all that its steps may ask for; read by the engine.
    package var content: DataObject
    /// How long the lease lasts without a word of its runner, in milliseconds.
    package var leaseMs: Int64
    /// It was cancelled before the runner has it, or has it again.
    package var cancellation: LeaseCancellation?

    package init(lease: LeaseKey, content: DataObject, leaseMs: Int64 = RunnerLimits.leaseMs) {
        self.lease = lease
        self.content = content
        self.leaseMs = leaseMs
    }

    public var data: DataValue {
        var object: DataObject = [
            "lease": lease.data, "content": .object(content), "leaseMs": .number(Double(leaseMs)),
        ]
        object.set("cancellation", cancellation?.data)
        return .object(object)
    }

    public init(data: DataValue) throws(DataShapeError) {
        lease = try LeaseKey(data: data["lease"] ?? .null)
        content = try data.required("content", \.object)
        leaseMs = data["leaseMs"]?.int.map { Int64($0) } ?? RunnerLimits.leaseMs
        if let told = data["cancellation"] { cancellation = try LeaseCancellation(data: told) }
    }
}

package struct LeaseCancellation: Hashable, Sendable, DataRepresentable {
    package var lease: LeaseKey
    /// Without waiting for what steps do when they are cancelled.
    package var isForced: Bool
    package var reason: String

    package init(lease: LeaseKey, isForced: Bool, reason: String) {
        self.lease = lease
        self.isForced = isForced
        self.reason = reason
    }

    public var data: DataValue { ["lease": lease.data, "force": .bool(isForced), "reason": .string(reason)] }

    public init(data: DataValue) throws(DataShapeError) {
        lease = try LeaseKey(data: data["lease"] ?? .null)
        isForced = data.bool("force")
        reason = try data.string("reason")
    }
}
