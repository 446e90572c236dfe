// SPDX-License-Identifier: Apache-2.0

package import PipelineModel
package import StructuredData

/// How a job ended, in the words of whoever ran it.
package struct JobOutcome: Hashable, Sendable, DataRepresentable {
    /// Before `continue-on-error`.
    package var conclusion: Conclusion
    package var reason: Reason?
    package var outputNames: [String]
    /// Digest of the job's sealed record.
    package var recordDigest: String?

    package init(
        _ conclusion: Conclusion, reason: Reason? = nil, outputNames: [String] = [], recordDigest: String? = nil
    ) {
        self.conclusion = conclusion
        self.reason = reason?.bounded
        self.outputNames = outputNames.prefix(EngineLimits.outputNames).map { $0.bounded(EngineLimits.nameBytes) }
        self.recordDigest = recordDigest
    }

    public var data: DataValue {
        .present([
            "conclusion": conclusion.data, "reason": reason?.data, "outputs": .texts(nonEmpty: outputNames),
            "record": recordDigest.map { .string($0) },
        ])
    }

    public init(data: DataValue) throws(DataShapeError) {
        conclusion = try data.conclusion("conclusion")
        reason = try data.reason("reason")
        outputNames = data.strings("outputs")
        recordDigest = data["record"]?.string
    }
}

/// A job of the attempt before whose results stand, in whole or for some of its legs.
package struct TakenJob: Hashable, Sendable, DataRepresentable {
    package var job: JobID
    /// As the attempt before expanded it; `nil` where it was skipped whole.
    package var expansion: JobExpansion?
    package var legs: [TakenLeg]
    package var result: Conclusion
    package var reason: Reason?
    /// Whether nothing of it runs again.
    package var isComplete: Bool

    package init(job: JobID, result: Conclusion, reason: Reason?, isComplete: Bool = true) {
        self.job = job
        self.result = result
        self.reason = reason
        self.isComplete = isComplete
        legs = []
    }

    public var data: DataValue {
        .present([
            "job": .string(job.text), "result": result.data, "reason": reason?.data,
            "legs": .omitted(.array(legs.map(\.data)), where: legs.isEmpty),
            "expansion": expansion.map {
                .present([
                    "legs": .array($0.legs.map(\.data)), "matrix": .flag($0.isMatrix),
                    "failFast": .omitted(.bool(false), where: $0.failFast),
                    "maxParallel": .int($0.maxParallel, unless: 0),
                ])
            },
            "partial": .flag(!isComplete),
        ])
    }

    public init(data: DataValue) throws(DataShapeError) {
        job = try data.job("job")
        result = try data.conclusion("result")
        reason = try data.reason("reason")
        legs = try data.list("legs") { item throws(DataShapeError) in try TakenLeg(data: item) }
        isComplete = !data.bool("partial")
        guard let expansion = data["expansion"] else { return }
        let legs = try expansion.list("legs") { item throws(DataShapeError) in try JobLeg(data: item) }
        self.expansion = JobExpansion(
            legs: legs, isMatrix: expansion.bool("matrix"), failFast: expansion.bool("failFast", default: true),
            maxParallel: expansion.int("maxParallel", default: 0))
    }
}

extension TakenJob {
    /// The job in pieces that an event can hold; ``merge(_:)`` puts them together.
    var pieces: [TakenJob] {
        let size = EngineLimits.listChunk
        let count = max(legs.count, expansion?.legs.count ?? 0)
        guard count > size else { return [self] }
        return stride(from: 0, to: count, by: size).map { start in
            var piece = self
            piece.legs = Array(legs.dropFirst(start).prefix(size))
            piece.expansion?.legs = Array((expansion?.legs ?? []).dropFirst(start).prefix(size))
            return piece
        }
    }

    mutating func merge(_ next: TakenJob) {
        legs.append(contentsOf: next.legs)
        expansion?.legs.append(contentsOf: next.expansion?.legs ?? [])
    }
}

extension Reason {
    /// As it stands in a list: the sentence alone, cut short.
    var listed: Reason { Reason(kind, text.bounded(EngineLimits.listedReasonBytes)) }
}

package struct TakenLeg: Hashable, Sendable, DataRepresentable {
    /// From 1.
    package var number: Int
    package var matrixDigest: String?
    package var attempt: Int
    package var outcome: JobOutcome
    package var conclusion: Conclusion
    /// The run attempt that it ran in.
    package var runAttempt: Int

    public var data: DataValue {
        .present([
            "number": .int(number), "digest": matrixDigest.map { .string($0) }, "attempt": .int(attempt, unless: 1),
            "outcome": outcome.data, "conclusion": conclusion.data, "runAttempt": .int(runAttempt),
        ])
    }

    package init(leg: RunLeg, runAttempt: Int) {
        number = leg.number
        matrixDigest = leg.settings.matrixDigest
        attempt = leg.attempt
        outcome = JobOutcome(
            leg.outcome ?? .skipped, reason: leg.reason?.listed, recordDigest: leg.recordDigest)
        conclusion = leg.conclusion ?? .skipped
        self.runAttempt = leg.takenFrom ?? runAttempt
    }

    public init(data: DataValue) throws(DataShapeError) {
        number = try data.int("number")
        matrixDigest = data["digest"]?.string
        attempt = data.int("attempt", default: 1)
        outcome = try JobOutcome(data: data["outcome"] ?? .null)
        conclusion = try data.conclusion("conclusion")
        runAttempt = try data.int("runAttempt")
    }
}

extension JobLeg: DataRepresentable {
    public var data: DataValue {
        .present([
            "name": .string(name.bounded(EngineLimits.nameBytes)), "digest": matrixDigest.map { .string($0) },
            "continueOnError": .flag(continueOnError),
            "timeoutMs": .omitted(.time(timeoutMs), where: timeoutMs == EngineLimits.jobTimeoutMs),
            "cancelTimeoutMs": .omitted(.time(cancelTimeoutMs), where: cancelTimeoutMs == EngineLimits.cancelTimeoutMs),
            "concurrency": concurrency?.data, "unavailable": unavailable?.data,
        ])
    }

    public init(data: DataValue) throws(DataShapeError) {
        self.init(name: try data.string("name"), matrixDigest: data["digest"]?.string)
        continueOnError = data.bool("continueOnError")
        timeoutMs = data.time("timeoutMs") ?? EngineLimits.jobTimeoutMs
        cancelTimeoutMs = data.time("cancelTimeoutMs") ?? EngineLimits.cancelTimeoutMs
        if let request = data["concurrency"] { concurrency = try GroupRequest(data: request) }
        unavailable = try data.reason("unavailable")
    }

    /// With each text cut to what an event may carry.
    var bounded: JobLeg {
        var leg = self
        leg.name = name.bounded(EngineLimits.nameBytes)
        leg.unavailable = unavailable?.listed
        return leg
    }
}

extension JobStatusFlags {
    /// One letter a flag: `f`, `c`, `s`, `r`.
    package var code: String {
        (contains(.failed) ? "f" : "") + (contains(.needCancelled) ? "c" : "") + (contains(.skipped) ? "s" : "")
            + (contains(.runCancelled) ? "r" : "")
    }

    package init(code: String) {
        self = []
        for letter in code.utf8 {
            switch letter {
            case UInt8(ascii: "f"): insert(.failed)
            case UInt8(ascii: "c"): insert(.needCancelled)
            case UInt8(ascii: "s"): insert(.skipped)
            case UInt8(ascii: "r"): insert(.runCancelled)
            default: break
            }
        }
    }

    /// What a result adds to the lineage of the jobs after it.
    package init(_ result: Conclusion) {
        switch result {
        case .success: self = []
        case .failure: self = .failed
        case .cancelled: self = .needCancelled
        case .skipped: self = .skipped
        }
    }
}
