// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import StepExecution
internal import StructuredData

/// A job as a debugger sees it: a thread that stands before a step, or runs.
struct StoppedThread {
    enum Mode {
        /// Until a breakpoint.
        case running
        /// Until the next step that is not deeper than this.
        case over(depth: Int)
        /// Until the next step, wherever it is.
        case into
    }

    let id: Int
    let job: JobID
    var name: String
    var mode = Mode.running
    /// Where it stands.
    var stop: StoppedStep?

    /// Whether it is to stand before this step, and why.
    func reason(_ step: StoppedStep, hasBreakpoint: Bool) -> String? {
        if hasBreakpoint { return "breakpoint" }
        return switch mode {
        case .running: nil
        case .into: "step"
        case .over(let depth): step.attempt.step.indexes.count <= depth ? "step" : nil
        }
    }
}

/// Values that were shown, by the numbers under which their parts can be asked for; they hold until the thread goes on.
struct ShownValues {
    private var values: [DataValue] = []

    /// 0 for a value without parts.
    mutating func reference(_ value: DataValue) -> Int {
        switch value {
        case .object(let object) where !object.isEmpty: break
        case .array(let items) where !items.isEmpty: break
        default: return 0
        }
        values.append(value)
        return values.count
    }

    /// Names and values of a value's parts.
    func parts(of reference: Int) -> [(name: String, value: DataValue)] {
        guard values.indices.contains(reference - 1) else { return [] }
        switch values[reference - 1] {
        case .object(let object): return object.map { ($0, $1) }
        case .array(let items): return items.enumerated().map { ("[\($0.offset)]", $0.element) }
        default: return []
        }
    }

    mutating func variable(_ name: String, _ value: DataValue) -> DataValue {
        [
            "name": .string(name), "value": .string(Self.text(value)), "type": .string(Self.type(value)),
            "variablesReference": .number(Double(reference(value))),
        ]
    }

    static func text(_ value: DataValue) -> String {
        switch value {
        case .string(let text): text
        case .object(let object): object.isEmpty ? "{}" : "{…} \(object.count)"
        case .array(let items): items.isEmpty ? "[]" : "[…] \(items.count)"
        default: value.jsonText()
        }
    }

    static func type(_ value: DataValue) -> String {
        switch value {
        case .null: "null"
        case .bool: "boolean"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    mutating func forget() { values = [] }
}
