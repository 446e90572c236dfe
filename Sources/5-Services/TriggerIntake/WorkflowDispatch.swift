// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import StructuredData

/// A workflow that somebody starts.
package struct WorkflowDispatch: Hashable, Sendable {
    /// A path, a file's name with or without its end, or the workflow's name.
    package var workflow: String
    /// A branch, a tag, or a full ref; `nil`: the default branch.
    package var ref: String?
    /// As texts, whatever their type.
    package var inputs: [String: String]
    /// Only these jobs and what they need; empty: all.
    package var jobs: [String] = []
    /// The login of who asked.
    package var actor: String

    package init(workflow: String, ref: String? = nil, inputs: [String: String] = [:], actor: String) {
        self.workflow = workflow
        self.ref = ref
        self.inputs = inputs
        self.actor = actor
    }

    /// From what a program sends: texts, numbers and booleans.
    ///
    /// - Throws: ``DiagnosticCode/dispatchTooLarge``.
    package init(
        workflow: String, ref: String?, json: DataObject, actor: String
    ) throws(DiagnosticError) {
        var inputs: [String: String] = [:]
        for (name, value) in json where value != .null { inputs[name] = value.inputText }
        self.init(workflow: workflow, ref: ref, inputs: inputs, actor: actor)
        try check()
    }

    /// - Throws: ``DiagnosticCode/dispatchTooLarge``.
    func check() throws(DiagnosticError) {
        guard inputs.count <= TriggerLimits.dispatchInputs else {
            throw DiagnosticError(
                .dispatchTooLarge, "\(inputs.count) inputs were given; \(TriggerLimits.dispatchInputs) are taken.",
                remedy: "Put several values into one input, as JSON.")
        }
        guard jobs.count <= TriggerLimits.dispatchJobs else {
            throw DiagnosticError(
                .dispatchTooLarge, "\(jobs.count) jobs were named; \(TriggerLimits.dispatchJobs) are taken.",
                remedy: "Leave the jobs out to run all of them.")
        }
        let sizes = inputs.map { $0.key.utf8.count + $0.value.utf8.count }
        guard sizes.reduce(0, +) <= TriggerLimits.dispatchInputsBytes else {
            let largest = inputs.max { $0.value.utf8.count < $1.value.utf8.count }?.key ?? ""
            throw DiagnosticError(
                .dispatchTooLarge,
                "The inputs have \(sizes.reduce(0, +)) bytes, most of them in '\(largest.prefix(80))'; "
                    + "\(TriggerLimits.dispatchInputsBytes) are taken.",
                remedy: "Put what is large into a file of the repository.")
        }
    }
}

extension DataValue {
    /// As an input's text.
    fileprivate var inputText: String {
        switch self {
        case .string(let text): text
        case .bool(let flag): flag ? "true" : "false"
        default: jsonText()
        }
    }
}

extension WorkflowDispatch: DataRepresentable {
    package var data: DataValue {
        var object: DataObject = [
            "workflow": .string(workflow), "actor": .string(actor),
            "inputs": .object(DataObject(inputs.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
        ]
        object.set("ref", ref.map { .string($0) })
        if !jobs.isEmpty { object["jobs"] = .array(jobs.map(DataValue.string)) }
        return .object(object)
    }

    package init(data: DataValue) throws(DataShapeError) {
        var inputs: [String: String] = [:]
        for (name, value) in data["inputs"]?.object ?? [:] { inputs[name] = value.string }
        self.init(
            workflow: try data.string("workflow"), ref: data["ref"]?.string, inputs: inputs,
            actor: data["actor"]?.string ?? "")
        jobs = (data["jobs"]?.array ?? []).compactMap(\.string)
    }
}
