// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import StructuredData

/// Values of a run that its machine knows by name and digest only.
struct RunValues {
    /// By leg, and for a matrix also what its legs set together under the job's own id.
    var outputs: [JobID: DataObject] = [:]
    var legs: [JobID: LegValues] = [:]
    /// By the leg that calls.
    var callInputs: [JobID: DataObject] = [:]
    /// Display names of legs that call, for the names of the jobs inside.
    var names: [JobID: String] = [:]

    /// What the job set; of a matrix, what its legs set, a later leg's non-empty value winning.
    func outputs(of job: JobID) -> DataObject {
        if let own = outputs[job] { return own }
        var merged = DataObject()
        for (leg, values) in outputs.sorted(by: { $0.key.legOrder < $1.key.legOrder }) where leg.withoutLeg == job {
            for (name, value) in values where merged[name] == nil || value != .string("") { merged[name] = value }
        }
        return merged
    }
}

/// One combination of a matrix.
struct LegValues {
    var matrix: DataObject
    var strategy: DataObject

    /// What `strategy` holds for a job without a matrix.
    static let plainStrategy: DataObject = [
        "fail-fast": true, "job-index": 0, "job-total": 1, "max-parallel": 1,
    ]
}

extension JobID {
    /// The job around it: `deploy#1` of `deploy#1/migrate`.
    var parent: JobID? {
        text.lastIndex(of: "/").map { JobID(String(text[..<$0])) }
    }

    /// The job whose leg this is: `a#1/test` of `a#1/test#2`.
    var withoutLeg: JobID {
        let start = text.lastIndex(of: "/") ?? text.startIndex
        return text[start...].lastIndex(of: "#").map { JobID(String(text[..<$0])) } ?? self
    }

    /// The leg's number, for ordering; 0 without one.
    var legOrder: Int {
        text.lastIndex(of: "#").flatMap { Int(text[text.index(after: $0)...]) } ?? 0
    }
}
