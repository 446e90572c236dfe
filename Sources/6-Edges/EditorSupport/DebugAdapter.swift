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
        /// The editor has said what to debug: it is to be accepted or refused.
        case launching
        /// All is set: the run may start.
        case ready
        case ended
    }

    private var framing = DebugFraming()
    private let send: ([UInt8]) -> Void
    private var lastNumber = 0
    package private(set) var launch: Launch?
    private var launchRequest: DataValue?
    private var isAccepted = false
    var breakpoints = DebugBreakpoints()
    var threads: [StoppedThread] = []
    private var lastThread = 0
    var values = ShownValues()
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
                    "supportsTerminateRequest": true, "supportsConditionalBreakpoints": true,
                ])
            event("initialized")
        case "launch":
            launch = Launch(
                workflow: arguments["workflow"]?.string, event: arguments["event"]?.string,
                job: arguments["job"]?.string, stopsOnEntry: arguments.bool("stopOnEntry"))
            launchRequest = request
            return .launching
        case "configurationDone":
            answer(request)
            if isAccepted, control == nil { return .ready }
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
        guard let path = arguments["source"]?["path"]?.string else {
            return refuse(request, "Breakpoints are set in files.")
        }
        let set = breakpoints.set(arguments["breakpoints"]?.array ?? [], in: path)
        answer(request, ["breakpoints": .array(set.map { breakpoints.described($0, in: path) })])
    }

    // MARK: launching

    /// The plan that is about to run.
    ///
    /// - Parameters:
    ///   - path: of the workflow, absolute.
    ///   - root: of its repository.
    package func accept(_ plan: Plan, workflow path: String, lineCount: Int, root: String) {
        var workflow = DebugBreakpoints.Workflow(path: path, root: root, lineCount: lineCount)
        for job in plan.jobs {
            guard case .steps(let steps) = job.work else { continue }
            workflow.steps[job.key] = steps.steps.map(\.line)
        }
        breakpoints.workflow = workflow
        isAccepted = true
        if let launchRequest { answer(launchRequest) }
        for (path, breakpoint) in breakpoints.all {
            event("breakpoint", ["reason": "changed", "breakpoint": breakpoints.described(breakpoint, in: path)])
        }
    }

    /// There is nothing that could be debugged.
    package func refuse(_ message: String) {
        if let launchRequest { refuse(launchRequest, message) }
        launchRequest = nil
    }

    // MARK: stopping

    /// A step is about to run: it stands, or goes on at once.
    package func stopped(_ job: JobID, _ step: StoppedStep) {
        let index = thread(of: job)
        guard !isEnding, let reason = threads[index].reason(step, hasBreakpoint: breakpoints.stops(job, step)) else {
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
        lastThread += 1
        var thread = StoppedThread(id: lastThread, job: job, name: job.text)
        if launch?.stopsOnEntry == true { thread.mode = .into }
        threads.append(thread)
        event("thread", ["reason": "started", "threadId": .number(Double(thread.id))])
        return threads.count - 1
    }

    /// A job is over.
    package func ended(_ job: JobID) {
        guard let index = threads.firstIndex(where: { $0.job == job }) else { return }
        event("thread", ["reason": "exited", "threadId": .number(Double(threads[index].id))])
        threads.remove(at: index)
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

    // MARK: telling

    package func output(_ text: String, isError: Bool = false) {
        event("output", ["category": .string(isError ? "stderr" : "stdout"), "output": .string(text)])
    }

    /// The run is over.
    package func end(exitCode: Int) {
        event("exited", ["exitCode": .number(Double(exitCode))])
        event("terminated")
    }

    func answer(_ request: DataValue, _ body: DataObject = [:]) {
        write(response(request, success: true, [("body", .object(body))]))
    }

    func refuse(_ request: DataValue, _ message: String) {
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
