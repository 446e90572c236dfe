// SPDX-License-Identifier: Apache-2.0

package import PipelineModel
package import StructuredData

/// What `concurrency:` came to once its expressions were evaluated.
package struct GroupRequest: Hashable, Sendable, DataRepresentable {
    /// How many may wait behind the holder.
    package enum Queue: String, Hashable, Sendable {
        /// One: a newer one takes its place, and the older is cancelled.
        case single
        /// Up to ``EngineLimits/groupQueue``, first come, first served.
        case max
    }

    /// Compared without regard to case.
    package var group: String
    package var cancelsInProgress: Bool
    package var queue: Queue

    package init(group: String, cancelsInProgress: Bool = false, queue: Queue = .single) {
        self.group = group.bounded(EngineLimits.nameBytes)
        self.cancelsInProgress = cancelsInProgress
        self.queue = queue
    }

    public var data: DataValue {
        .present([
            "group": .string(group), "cancelInProgress": .flag(cancelsInProgress),
            "queue": .omitted(.string(queue.rawValue), where: queue == .single),
        ])
    }

    public init(data: DataValue) throws(DataShapeError) {
        self.init(
            group: try data.string("group"), cancelsInProgress: data.bool("cancelInProgress"),
            queue: data["queue"]?.string.flatMap(Queue.init(rawValue:)) ?? .single)
    }
}

/// Who asks for, waits for or holds a group: a run, or a job of it.
package struct GroupHolder: Hashable, Sendable, CustomStringConvertible, DataRepresentable {
    package var run: RunID
    /// The run's attempt: an older one's claims end with it.
    package var attempt: Int
    /// `nil`: the run itself.
    package var job: JobID?

    package init(run: RunID, attempt: Int, job: JobID? = nil) {
        self.run = run
        self.attempt = attempt
        self.job = job
    }

    package var data: DataValue {
        .present([
            "run": .number(Double(run.number)), "attempt": .number(Double(attempt)),
            "job": job.map { .string($0.text) },
        ])
    }

    package init(data: DataValue) throws(DataShapeError) {
        self.init(
            run: RunID(try data.int("run")), attempt: try data.int("attempt"),
            job: data["job"]?.string.map { JobID($0) })
    }

    package var description: String { job.map { "\(run).\(attempt)/\($0)" } ?? "\(run).\(attempt)" }

    /// Whether this holder cannot end before `other` does: it is the run, or the calling job, that `other` is part of.
    package func encloses(_ other: GroupHolder) -> Bool {
        guard run == other.run, attempt == other.attempt else { return false }
        guard let job else { return true }
        guard let inner = other.job else { return false }
        return inner == job || inner.text.utf8.starts(with: job.text.utf8 + [UInt8(ascii: "/")])
    }
}

/// Where a holder stands with its group.
package struct GroupClaim: Hashable, Sendable {
    package enum Phase: String, Hashable, Sendable {
        case asked
        case held
        /// The holder is over; the arbiter has not yet confirmed that it knows.
        case releasing
        case released
    }

    package var request: GroupRequest
    package var phase: Phase

    package init(request: GroupRequest, phase: Phase = .asked) {
        self.request = request
        self.phase = phase
    }
}
