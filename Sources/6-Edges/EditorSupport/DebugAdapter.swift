// SPDX-License-Identifier: Apache-2.0

package import PipelineModel
package import RunCoordination
package import StepExecution
internal import StructuredData

/// Speaks the Debug Adapter Protocol for a run: stops before steps, shows contexts, evaluates expressions.
///
/// Source: https://microsoft.github.io/debug-adapter-protocol/specification
package final class DebugAdapter {
    /// What the editor asked to have debugged.
    package struct Launch {
        /// A path, a file's name or a workflow's.
        package var workflow: String?
        package var event: String?
        package var job: String?
        package var stopsOnEntry: Bool
    }

    /// What reading a message came to, before the run.
    package enum Progress: Hashable, Sendable {
        case waiting
        /// All is set: the run may start.
        case ready
        case ended
    }

    private var framing = DebugFraming()
    private let send: ([UInt8]) -> Void
    private var lastNumber = 0
    package private(set) var launch: Launch?
    private var launchRequest: DataValue?
    /// Lines by the files' absolute paths.
    private var breakpoints: [String: Set<Int>] = [:]
    private var threads: [StoppedThread] = []
    private var values = ShownValues()
    /// The workflow's absolute path, and the lines on which each job's steps begin.
    private var workflow = ""
    private var lines: [JobKey: [Int]] = [:]
    private var isEnding = false

    /// - Parameter send: writes bytes to the editor.
    package init(send: @escaping ([UInt8]) -> Void) { self.send = send }

    // MARK: reading

    /// Takes what the editor wrote; `control` is `nil` before the run.
    package func take(_ bytes: some Sequence<UInt8>, _ control: RunDebugControl? = nil) -> Progress {
        framing.append(bytes)
        do throws(DebugFraming.Fault) {
            while let message = try framing.next() {
                let progress = serve(message, control)
                if progress != .waiting { return progress }
            }
            return .waiting
        } catch {
            return leave(control)
        }
    }

    /// The editor is gone, or wants to be: what stands goes on, and the run ends.
    package func leave(_ control: RunDebugControl?) -> Progress {
        isEnding = true
        control?.cancel()
        control?.stopReading()
        for index in threads.indices { resume(index, .running) }
        return .ended
    }

    private func serve(_ request: DataValue, _ control: RunDebugControl?) -> Progress {
        guard request["type"]?.string == "request", let command = request["command"]?.string else { return .waiting }
        let arguments = request["arguments"] ?? .null
        switch command {
        case "initialize":
            answer(
                request,
                [
                    "supportsConfigurationDoneRequest": true, "supportsEvaluateForHovers": true,
                    "supportsTerminateRequest": true,
                ])
            event("initialized")
        case "launch":
            launch = Launch(
                workflow: arguments["workflow"]?.string, event: arguments["event"]?.string,
                job: arguments["job"]?.string, stopsOnEntry: arguments.bool("stopOnEntry"))
            answer(request)
        case "configurationDone":
            answer(request)
            if launch != nil, control == nil { return .ready }
        case "disconnect", "terminate":
            answer(request)
            return leave(control)
        case "setBreakpoints": setBreakpoints(request, arguments)
        case "setExceptionBreakpoints": answer(request)
        case "threads":
            answer(
                request,
                ["threads": .array(threads.map { ["id": .number(Double($0.id)), "name": .string($0.name)] })])
        case "stackTrace", "scopes", "variables", "evaluate": inspect(command, request, arguments)
        case "continue", "next", "stepIn", "stepOut", "pause": move(command, request, arguments)
        default: refuse(request, "'\(command)' is not known here.")
        }
        return .waiting
    }

    private func setBreakpoints(_ request: DataValue, _ arguments: DataValue) {
        let wanted = (arguments["breakpoints"]?.array ?? []).compactMap { $0["line"]?.int }
        if let path = arguments["source"]?["path"]?.string { breakpoints[path] = Set(wanted) }
        answer(
            request,
            ["breakpoints": .array(wanted.map { ["verified": true, "line": .number(Double($0))] })])
    }

    // MARK: stopping

    /// The plan that is about to run.
    package func begin(_ plan: Plan, workflow path: String) {
        workflow = path
        for job in plan.jobs {
            guard case .steps(let steps) = job.work else { continue }
            lines[job.key] = steps.steps.compactMap(\.line)
        }
    }

    /// A step is about to run: it stands, or goes on at once.
    package func stopped(_ job: JobID, _ step: StoppedStep) {
        let index = thread(of: job)
        guard !isEnding, let reason = threads[index].reason(step, hasBreakpoint: hasBreakpoint(job, step)) else {
            return step.proceed()
        }
        threads[index].stop = step
        event(
            "stopped",
            [
                "reason": .string(reason), "threadId": .number(Double(threads[index].id)),
                "description": .string("before \(step.name)"), "allThreadsStopped": false,
            ])
    }

    private func thread(of job: JobID) -> Int {
        if let known = threads.firstIndex(where: { $0.job == job }) { return known }
        var thread = StoppedThread(id: threads.count + 1, job: job, name: job.text)
        if launch?.stopsOnEntry == true { thread.mode = .into }
        threads.append(thread)
        event("thread", ["reason": "started", "threadId": .number(Double(thread.id))])
        return threads.count - 1
    }

    /// A line anywhere in a step of the workflow's own file stands for it.
    private func hasBreakpoint(_ job: JobID, _ step: StoppedStep) -> Bool {
        guard step.attempt.step.indexes.count == 1, let line = step.line, let wanted = breakpoints[workflow] else {
            return false
        }
        let next = (lines[job.key] ?? []).filter { $0 > line }.min() ?? Int.max
        return wanted.contains { $0 >= line && $0 < next }
    }

    private func resume(_ index: Int, _ mode: StoppedThread.Mode) {
        threads[index].mode = mode
        guard let stop = threads[index].stop else { return }
        threads[index].stop = nil
        if threads.allSatisfy({ $0.stop == nil }) { values.forget() }
        stop.proceed()
    }

    private func move(_ command: String, _ request: DataValue, _ arguments: DataValue) {
        guard let index = threads.firstIndex(where: { $0.id == arguments["threadId"]?.int }) else {
            return refuse(request, "There is no such thread.")
        }
        let depth = threads[index].stop?.attempt.step.indexes.count ?? 1
        answer(request, command == "continue" ? ["allThreadsContinued": false] : [:])
        switch command {
        case "next": resume(index, .over(depth: depth))
        case "stepOut": resume(index, .over(depth: max(1, depth - 1)))
        case "stepIn", "pause": resume(index, .into)
        default: resume(index, .running)
        }
    }

    // MARK: looking

    private func inspect(_ command: String, _ request: DataValue, _ arguments: DataValue) {
        let number = arguments[command == "stackTrace" ? "threadId" : "frameId"]?.int
        let thread = threads.first { $0.id == number }
        switch command {
        case "stackTrace":
            answer(request, ["stackFrames": .array(thread.map(frames) ?? []), "totalFrames": 1])
        case "scopes":
            answer(request, ["scopes": .array(thread?.stop.map { scopes($0) } ?? [])])
        case "variables":
            let parts = values.parts(of: arguments["variablesReference"]?.int ?? 0)
            answer(request, ["variables": .array(parts.map { values.variable($0.name, $0.value) })])
        default: evaluate(request, arguments, thread ?? threads.first { $0.stop != nil })
        }
    }

    private func frames(_ thread: StoppedThread) -> [DataValue] {
        guard let stop = thread.stop else { return [] }
        var frame: DataObject = [
            "id": .number(Double(thread.id)), "name": .string(stop.name), "column": 1,
            "line": .number(Double(stop.line ?? 0)),
        ]
        if stop.attempt.step.indexes.count == 1 { frame["source"] = ["path": .string(workflow)] }
        return [.object(frame)]
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
        switch stop.evaluate(Self.withoutMarks(arguments["expression"]?.string ?? "")) {
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

    private static func withoutMarks(_ text: String) -> String {
        let trimmed = text.drop { $0 == " " }
        guard trimmed.hasPrefix("${{"), let end = trimmed.firstRange(of: "}}") else { return text }
        return String(trimmed[trimmed.index(trimmed.startIndex, offsetBy: 3)..<end.lowerBound])
    }

    // MARK: telling

    package func output(_ text: String, isError: Bool = false) {
        event("output", ["category": .string(isError ? "stderr" : "stdout"), "output": .string(text)])
    }

    /// The run is over.
    package func end(exitCode: Int) {
        event("exited", ["exitCode": .number(Double(exitCode))])
        event("terminated")
    }

    private func answer(_ request: DataValue, _ body: DataObject = [:]) {
        write(response(request, success: true, [("body", .object(body))]))
    }

    private func refuse(_ request: DataValue, _ message: String) {
        write(
            response(
                request, success: false,
                [("message", .string(message)), ("body", ["error": ["id": 1, "format": .string(message)]])]))
    }

    private func response(_ request: DataValue, success: Bool, _ more: [(String, DataValue)]) -> DataObject {
        var object: DataObject = [
            "type": "response", "request_seq": request["seq"] ?? 0, "success": .bool(success),
            "command": request["command"] ?? .null,
        ]
        for (name, value) in more { object[name] = value }
        return object
    }

    private func event(_ name: String, _ body: DataObject = [:]) {
        write(["type": "event", "event": .string(name), "body": .object(body)])
    }

    private func write(_ message: DataObject) {
        lastNumber += 1
        var message = message
        message["seq"] = .number(Double(lastNumber))
        send(DebugFraming.encoded(.object(message)))
    }
}
