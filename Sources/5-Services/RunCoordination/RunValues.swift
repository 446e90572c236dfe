// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import StructuredData

/// Values of a run that its machine knows by name and digest only. Each change is kept until it has been written.
struct RunValues {
    private var outputs: [JobID: DataObject] = [:]
    private var legs: [JobID: LegValues] = [:]
    /// By the leg that calls.
    private var callInputs: [JobID: DataObject] = [:]
    /// Display names of legs that call, for the names of the jobs inside.
    private var names: [JobID: String] = [:]
    /// Of a matrix, its legs that set something.
    private var legsWithOutputs: [JobID: [JobID]] = [:]
    private(set) var unwritten: [DataValue] = []

    // MARK: reading

    /// What the job set; of a matrix, what its legs set, a later leg's non-empty value winning.
    func outputs(of job: JobID) -> DataObject {
        if let own = outputs[job] { return own }
        var merged = DataObject()
        for leg in (legsWithOutputs[job] ?? []).sorted(by: { $0.legOrder < $1.legOrder }) {
            for (name, value) in outputs[leg] ?? DataObject() where merged[name] == nil || value != .string("") {
                merged[name] = value
            }
        }
        return merged
    }

    func leg(_ job: JobID) -> LegValues? { legs[job] }
    func inputs(ofCaller leg: JobID) -> DataObject { callInputs[leg] ?? DataObject() }
    func name(_ leg: JobID) -> String? { names[leg] }

    // MARK: changing

    mutating func set(outputs values: DataObject, of job: JobID) {
        // None set and none before: nothing to write.
        guard !values.isEmpty || outputs[job] != nil else { return }
        change(["outputs": .object(values), "job": .string(job.text)])
    }

    mutating func set(_ leg: LegValues, of job: JobID) {
        change(["matrix": .object(leg.matrix), "strategy": .object(leg.strategy), "job": .string(job.text)])
    }

    mutating func set(inputs: DataObject, ofCaller leg: JobID) {
        change(["inputs": .object(inputs), "job": .string(leg.text)])
    }

    mutating func set(name: String, of leg: JobID) {
        change(["name": .string(name), "job": .string(leg.text)])
    }

    mutating func takeUnwritten() -> [DataValue] {
        defer { unwritten = [] }
        return unwritten
    }

    /// Everything is to be written, in another attempt's record.
    mutating func markUnwritten() {
        unwritten = outputs.map { ["outputs": .object($1), "job": .string($0.text)] }
        unwritten += legs.map {
            ["matrix": .object($1.matrix), "strategy": .object($1.strategy), "job": .string($0.text)]
        }
        unwritten += callInputs.map { ["inputs": .object($1), "job": .string($0.text)] }
        unwritten += names.map { ["name": .string($1), "job": .string($0.text)] }
    }

    private mutating func change(_ change: DataValue) {
        set(change)
        unwritten.append(change)
    }

    /// One change, as it is written. What a newer version wrote beside it is passed over.
    mutating func set(_ change: DataValue) {
        guard let text = change["job"]?.string else { return }
        let job = JobID(text)
        if let values = change["outputs"]?.object {
            if outputs.updateValue(values, forKey: job) == nil, job != job.withoutLeg {
                legsWithOutputs[job.withoutLeg, default: []].append(job)
            }
        } else if let matrix = change["matrix"]?.object {
            legs[job] = LegValues(matrix: matrix, strategy: change["strategy"]?.object ?? LegValues.plainStrategy)
        } else if let inputs = change["inputs"]?.object {
            callInputs[job] = inputs
        } else if let name = change["name"]?.string {
            names[job] = name
        }
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
