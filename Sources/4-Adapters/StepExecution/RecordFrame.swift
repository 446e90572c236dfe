// SPDX-License-Identifier: Apache-2.0

package import PipelineModel
package import ProblemMatching
import StructuredData

/// How one step attempt ended, with the values that the journal must not hold.
package struct StepRecord: Hashable, Sendable {
    package typealias Pair = FileCommandPairs.Pair

    package var attempt: StepAttempt
    package var result: StepResult
    package var outputs: [Pair] = []
    /// What it added to the environment of the steps after it.
    package var environment: [Pair] = []
    /// What it put before `PATH`, first mentioned first.
    package var paths: [String] = []
    package var state: [Pair] = []
    /// Names the workspace as it was when the step was over; `nil` where nothing was kept.
    package var snapshot: String?
    /// A background step's changes count once it is waited for.
    package var isDeferred = false

    package init(attempt: StepAttempt, result: StepResult) {
        self.attempt = attempt
        self.result = result
    }
}

/// What a composite action's steps see, fixed when the action began.
package struct ScopeRecord: Hashable, Sendable {
    package var attempt: StepAttempt
    package var inputs: [FileCommandPairs.Pair]
    /// Environment of the calling steps that wins over the job's.
    package var environment: [FileCommandPairs.Pair]

    package init(
        attempt: StepAttempt, inputs: [FileCommandPairs.Pair], environment: [FileCommandPairs.Pair]
    ) {
        self.attempt = attempt
        self.inputs = inputs
        self.environment = environment
    }
}

/// One entry of a job's sealed record.
package enum RecordFrame: Hashable, Sendable {
    /// Values to redact, written before the output after them.
    case masks([String])
    /// A step without a process of its own began; one with a process has a receipt.
    case begun(StepAttempt)
    case scope(ScopeRecord)
    case step(StepRecord)
    /// The deferred changes of these background steps count from here on.
    case absorbed([StepPath])
    /// All problem matchers of the job, from here on.
    case matchers([ProblemMatcher])
    /// The job's outputs, evaluated when its steps were over.
    case outputs([FileCommandPairs.Pair])
}

extension RecordFrame {
    var data: DataValue {
        switch self {
        case .masks(let masks): ["masks": .array(masks.map { .string($0) })]
        case .begun(let attempt): ["begun": .string(attempt.description)]
        case .scope(let scope):
            [
                "scope": .string(scope.attempt.description), "inputs": Self.list(scope.inputs),
                "env": Self.list(scope.environment),
            ]
        case .matchers(let matchers): ["matchers": MatcherFile.data(matchers)]
        case .absorbed(let steps): ["absorbed": .array(steps.map { .string($0.description) })]
        case .outputs(let outputs): ["outputs": Self.list(outputs), "job": true]
        case .step(let record): .object(Self.object(record))
        }
    }

    init(data: DataValue) throws(DataShapeError) {
        if data["masks"] != nil {
            self = .masks(data.strings("masks"))
        } else if data["begun"] != nil {
            self = .begun(try data.required("begun") { $0.string.flatMap { StepAttempt($0) } })
        } else if let matchers = data["matchers"] {
            guard let read = try? MatcherFile.read(Array(matchers.jsonText().utf8)) else {
                throw DataShapeError("a job's problem matchers")
            }
            self = .matchers(read)
        } else if data["absorbed"] != nil {
            self = .absorbed(data.strings("absorbed").compactMap { StepPath($0) })
        } else if data.bool("job") {
            self = .outputs(Self.pairs(data["outputs"]))
        } else if data["scope"] != nil {
            self = .scope(
                ScopeRecord(
                    attempt: try data.required("scope") { $0.string.flatMap { StepAttempt($0) } },
                    inputs: Self.pairs(data["inputs"]), environment: Self.pairs(data["env"])))
        } else {
            self = .step(try Self.record(data))
        }
    }

    private static func object(_ record: StepRecord) -> DataObject {
        var object = DataObject()
        object["step"] = .string(record.attempt.description)
        object["result"] = record.result.data
        if !record.outputs.isEmpty { object["outputs"] = list(record.outputs) }
        if !record.environment.isEmpty { object["env"] = list(record.environment) }
        if !record.state.isEmpty { object["state"] = list(record.state) }
        if !record.paths.isEmpty { object["paths"] = .array(record.paths.map { .string($0) }) }
        if record.isDeferred { object["deferred"] = true }
        object.set("snapshot", record.snapshot.map(DataValue.string))
        return object
    }

    private static func record(_ data: DataValue) throws(DataShapeError) -> StepRecord {
        guard let resultData = data["result"] else { throw DataShapeError("a step's record") }
        let result = try StepResult(data: resultData)
        var record = StepRecord(
            attempt: try data.required("step") { $0.string.flatMap { StepAttempt($0) } }, result: result)
        record.outputs = pairs(data["outputs"])
        record.environment = pairs(data["env"])
        record.state = pairs(data["state"])
        record.paths = data.strings("paths")
        record.isDeferred = data.bool("deferred")
        record.snapshot = data["snapshot"]?.string
        return record
    }

    /// Names and values in turn: a name may come twice, and order counts.
    private static func list(_ pairs: [FileCommandPairs.Pair]) -> DataValue {
        .array(pairs.flatMap { [.string($0.name), .string($0.value)] })
    }

    private static func pairs(_ data: DataValue?) -> [FileCommandPairs.Pair] {
        let texts = data?.array?.compactMap(\.string) ?? []
        return stride(from: 0, to: texts.count - texts.count % 2, by: 2).map { .init(texts[$0], texts[$0 + 1]) }
    }
}

extension RecordFrame {
    /// What a step handed on, where the job's folder is another one now: environment, outputs and paths that name it.
    package func moved(_ folder: String, to other: String) -> RecordFrame {
        guard case .step(var record) = self else { return self }
        func moved(_ pairs: [StepRecord.Pair]) -> [StepRecord.Pair] {
            pairs.map { StepRecord.Pair($0.name, $0.value.replacing(folder, with: other)) }
        }
        record.outputs = moved(record.outputs)
        record.environment = moved(record.environment)
        record.state = moved(record.state)
        record.paths = record.paths.map { $0.replacing(folder, with: other) }
        return .step(record)
    }
}
