// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import RunCoordination
internal import StepExecution
internal import StructuredData

/// Where the editor wants a run to stop: lines of the workflow that is debugged, and of actions' manifests.
struct DebugBreakpoints {
    struct Breakpoint: Hashable {
        var id: Int
        var line: Int
        /// An expression; it stops where that is true.
        var condition: String?
    }

    /// The workflow that is debugged, once it is known.
    struct Workflow {
        /// Absolute.
        var path: String
        /// Of the repository.
        var root: String
        var lineCount: Int
        /// The lines on which each job's steps begin, in order.
        var steps: [JobKey: [Int?]] = [:]
    }

    var workflow: Workflow?
    private var byPath: [String: [Breakpoint]] = [:]
    private var lastID = 0

    /// Replaces those of a file.
    mutating func set(_ wanted: [DataValue], in path: String) -> [Breakpoint] {
        var new: [Breakpoint] = []
        for value in wanted {
            guard let line = value["line"]?.int else { continue }
            lastID += 1
            let condition = value["condition"]?.string.flatMap { $0.isEmpty ? nil : $0 }
            new.append(Breakpoint(id: lastID, line: line, condition: condition))
        }
        byPath[path] = new
        return new
    }

    var all: [(path: String, breakpoint: Breakpoint)] {
        byPath.sorted { $0.key < $1.key }.flatMap { path, list in list.map { (path, $0) } }
    }

    /// As the protocol has it: whether something will stop there, and on which line.
    func described(_ breakpoint: Breakpoint, in path: String) -> DataValue {
        var object: DataObject = ["id": .number(Double(breakpoint.id)), "line": .number(Double(breakpoint.line))]
        func isNone(_ why: DataValue) -> DataValue {
            object["verified"] = false
            object["message"] = why
            return .object(object)
        }
        guard let workflow else { return isNone("It is looked at when the workflow is known.") }
        guard path == workflow.path else {
            guard path.hasSuffix("/action.yml") || path.hasSuffix("/action.yaml") else {
                return isNone("Neither the workflow that is debugged nor an action's manifest.")
            }
            object["verified"] = true
            return .object(object)
        }
        let starts = workflow.steps.values.joined().compactMap { $0 }.filter { $0 <= breakpoint.line }
        guard let start = starts.max(), breakpoint.line <= workflow.lineCount else {
            return isNone("No step of the workflow is on this line.")
        }
        object["verified"] = true
        object["line"] = .number(Double(start))
        return .object(object)
    }

    /// Whether to stop before a step. Any line of a step stands for it in the workflow; its first one in an action's manifest.
    func stops(_ job: JobID, _ step: StoppedStep) -> Bool {
        guard let line = step.line, let path = path(of: step) else { return false }
        var next = line + 1
        if path == workflow?.path {
            next = (workflow?.steps[job.key] ?? []).compactMap { $0 }.filter { $0 > line }.min() ?? Int.max
        }
        return (byPath[path] ?? []).contains { breakpoint in
            guard breakpoint.line >= line, breakpoint.line < next else { return false }
            guard let condition = breakpoint.condition else { return true }
            guard case .success(let value) = step.evaluate(condition.withoutExpressionMarks) else { return true }
            return value.isTruthy
        }
    }

    /// The file that a step stands in; `nil` where it is not known.
    func path(of step: StoppedStep) -> String? {
        guard step.attempt.step.indexes.count > 1 else { return workflow?.path }
        let github = step.context("github")
        guard var folder = github["action_path"]?.string, let workflow else { return nil }
        // The copy that runs is not what the editor shows.
        if let workspace = github["workspace"]?.string, folder == workspace || folder.hasPrefix(workspace + "/") {
            folder = workflow.root + folder.dropFirst(workspace.count)
        }
        return ["action.yml", "action.yaml"].map { "\(folder)/\($0)" }.first(where: RepositoryText.exists)
    }
}

extension String {
    /// `${{ x }}` and `x` are one expression.
    var withoutExpressionMarks: String {
        let trimmed = drop { $0 == " " }
        guard trimmed.hasPrefix("${{"), let end = trimmed.firstRange(of: "}}") else { return self }
        return String(trimmed[trimmed.index(trimmed.startIndex, offsetBy: 3)..<end.lowerBound])
    }
}

extension DataValue {
    /// As a condition takes it.
    fileprivate var isTruthy: Bool {
        switch self {
        case .null: false
        case .bool(let value): value
        case .number(let value): value != 0 && !value.isNaN
        case .string(let text): !text.isEmpty
        case .array, .object: true
        }
    }
}
