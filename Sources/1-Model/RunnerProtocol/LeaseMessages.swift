// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// A credential for one lease and nothing else: what a job is given that is carried out where its own code can read it.
package struct LeaseCredential: Hashable, Sendable, DataRepresentable {
    /// Shown as `Authorization: Bearer …`.
    package var text: String

    /// By which it is told from other credentials.
    package static let prefix = "mrt_lease."

    package init(text: String) { self.text = text }

    public var data: DataValue { ["credential": .string(text)] }

    public init(data: DataValue) throws(DataShapeError) { text = try data.string("credential") }
}

/// "I carry this job. Is there something that I must hear?"
package struct AttendRequest: Hashable, Sendable, DataRepresentable {
    /// What the asker has heard of its cancellation already.
    package enum Heard: String, Hashable, Sendable {
        case nothing
        case soft
        case forced
    }

    package var lease: LeaseKey
    package var heard: Heard
    /// How long the server may wait for something to say, in milliseconds.
    package var waitMs: Int64

    package init(_ lease: LeaseKey, heard: Heard = .nothing, waitMs: Int64 = RunnerLimits.pollMs) {
        self.lease = lease
        self.heard = heard
        self.waitMs = waitMs
    }

    public var data: DataValue {
        ["lease": lease.data, "heard": .string(heard.rawValue), "waitMs": .number(Double(waitMs))]
    }

    public init(data: DataValue) throws(DataShapeError) {
        lease = try LeaseKey(data: data["lease"] ?? .null)
        guard let heard = Heard(rawValue: data["heard"]?.string ?? Heard.nothing.rawValue) else {
            throw DataShapeError("what was heard of a cancellation")
        }
        self.heard = heard
        waitMs = Int64(data["waitMs"]?.int ?? 0)
    }
}

package struct AttendAnswer: Hashable, Sendable, DataRepresentable {
    /// `nil`: nothing that the asker has not heard.
    package var cancellation: LeaseCancellation?
    /// How long the lease lasts without a word, in milliseconds.
    package var leaseMs: Int64

    package init(cancellation: LeaseCancellation? = nil, leaseMs: Int64) {
        self.cancellation = cancellation
        self.leaseMs = leaseMs
    }

    public var data: DataValue {
        var object: DataObject = ["leaseMs": .number(Double(leaseMs))]
        object.set("cancellation", cancellation?.data)
        return .object(object)
    }

    public init(data: DataValue) throws(DataShapeError) {
        if let told = data["cancellation"] { cancellation = try LeaseCancellation(data: told) }
        leaseMs = data["leaseMs"]?.int.map { Int64($0) } ?? RunnerLimits.leaseMs
    }
}

/// "What carried this job is gone": the server judges by what it has heard of the job whether another may have it.
package struct ForsakenLease: Hashable, Sendable, DataRepresentable {
    package var lease: LeaseKey
    /// In a sentence.
    package var reason: String

    package init(_ lease: LeaseKey, reason: String) {
        self.lease = lease
        self.reason = String(reason.prefix(RunnerLimits.refusalCharacters))
    }

    public var data: DataValue { ["lease": lease.data, "reason": .string(reason)] }

    public init(data: DataValue) throws(DataShapeError) {
        self.init(try LeaseKey(data: data["lease"] ?? .null), reason: try data.string("reason"))
    }
}
