// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import StepExecution
internal import StructuredData

/// What an editor sees of a step that stands: frames, contexts, values of expressions.
extension DebugAdapter {
    func inspect(_ command: String, _ request: DataValue, _ arguments: DataValue) {
        let number = arguments[command == "stackTrace" ? "threadId" : "frameId"]?.int
        let thread = threads.first { $0.id == number }
        switch command {
        case "stackTrace":
            let found = thread.map(frames) ?? []
            answer(request, ["stackFrames": .array(found), "totalFrames": .number(Double(found.count))])
        case "scopes":
            answer(request, ["scopes": .array(thread?.stop.map { scopes($0) } ?? [])])
        case "variables":
            let parts = values.parts(of: arguments["variablesReference"]?.int ?? 0)
            answer(request, ["variables": .array(parts.map { values.variable($0.name, $0.value) })])
        default: evaluate(request, arguments, thread ?? threads.first { $0.stop != nil })
        }
    }

    /// The step that is about to run, and below it the one of the workflow that called its action.
    private func frames(_ thread: StoppedThread) -> [DataValue] {
        guard let stop = thread.stop else { return [] }
        var frames = [
            frame(id: thread.id, name: stop.name, line: stop.line, path: breakpoints.path(of: stop))
        ]
        let indexes = stop.attempt.step.indexes
        if indexes.count > 1, let lines = breakpoints.workflow?.steps[thread.job.key], indexes[0] <= lines.count {
            frames.append(
                frame(
                    id: Self.callerFrame + thread.id, name: "step \(indexes[0])", line: lines[indexes[0] - 1],
                    path: breakpoints.workflow?.path))
        }
        return frames
    }

    /// Frames of callers have other numbers than those of steps that stand, and nothing to be looked at.
    private static let callerFrame = 1 << 20

    private func frame(id: Int, name: String, line: Int?, path: String?) -> DataValue {
        var frame: DataObject = [
            "id": .number(Double(id)), "name": .string(name), "column": 1, "line": .number(Double(line ?? 0)),
        ]
        if let path { frame["source"] = ["path": .string(path)] }
        return .object(frame)
    }

    private func scopes(_ stop: StoppedStep) -> [DataValue] {
        StoppedStep.contextNames.compactMap { name in
            let reference = values.reference(stop.context(name))
            guard reference > 0 else { return nil }
            return ["name": .string(name), "variablesReference": .number(Double(reference)), "expensive": false]
        }
    }

    private func evaluate(_ request: DataValue, _ arguments: DataValue, _ thread: StoppedThread?) {
        guard let stop = thread?.stop else {
            return refuse(request, "Nothing stands: expressions are evaluated before a step.")
        }
        switch stop.evaluate((arguments["expression"]?.string ?? "").withoutExpressionMarks) {
        case .success(let value):
            answer(
                request,
                [
                    "result": .string(ShownValues.text(value)), "type": .string(ShownValues.type(value)),
                    "variablesReference": .number(Double(values.reference(value))),
                ])
        case .failure(let fault): refuse(request, fault.message)
        }
    }
}
