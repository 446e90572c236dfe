// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import NIOCore
internal import NIOHTTP1
internal import StructuredData

/// A process to be started in a running container.
package struct ExecConfiguration: Hashable, Sendable {
    package var command: [String]
    /// `NAME=VALUE`, beside the container's own.
    package var environment: [String] = []
    /// The container's where it is `nil`.
    package var workingDirectory: String?
    /// The container's where it is `nil`.
    package var user: String?
    package var isPrivileged = false
    /// Its input is what is written to the session; without, it is empty.
    package var hasInput = false
    /// Its input and both outputs are one terminal.
    package var hasTerminal = false

    package init(_ command: [String]) {
        self.command = command
    }

    var data: DataValue {
        var object: DataObject = [
            "Cmd": .strings(command), "Env": .strings(environment), "Tty": .bool(hasTerminal),
            "AttachStdin": .bool(hasInput), "AttachStdout": true, "AttachStderr": true,
        ]
        object.set("WorkingDir", workingDirectory.map(DataValue.string))
        object.set("User", user.map(DataValue.string))
        if isPrivileged { object["Privileged"] = true }
        return .object(object)
    }
}

/// How a process in a container stands.
package struct ExecReport: Hashable, Sendable {
    package var isRunning: Bool
    /// `nil` before its end.
    package var exitCode: Int?
    /// On the machine of the engine; 0: it does not run.
    package var processID: Int

    init(_ data: DataValue) throws(DataShapeError) {
        isRunning = try data.required("Running", \.bool)
        exitCode = isRunning ? nil : data["ExitCode"]?.int
        processID = data["Pid"]?.int ?? 0
    }
}

/// A process in a container, with its input and output. One thread reads; others may write, resize or close.
///
/// Closing or cancelling ends the connection, not the process: for that, kill it or its container.
package final class ExecSession: Sendable {
    package let id: String
    private let engine: EngineClient
    private let open: OpenCall
    private let call: EngineCall
    private let isTerminal: Bool

    init(id: String, engine: EngineClient, open: OpenCall, call: EngineCall, isTerminal: Bool) {
        self.id = id
        self.engine = engine
        self.open = open
        self.call = call
        self.isTerminal = isTerminal
    }

    deinit {
        open.close()
    }

    /// Waits while the engine takes no more.
    package func write(_ bytes: [UInt8]) throws(DiagnosticError) {
        _ = try open.exchange.send(ByteBuffer(bytes: bytes), until: open.deadline)
    }

    /// Its input ends once what was written has reached it.
    package func closeInput() throws(DiagnosticError) {
        try open.exchange.closeOutput(until: open.deadline)
    }

    /// Writes and ends the input without waiting, so that the same thread can read.
    func writeAll(_ bytes: [UInt8]) {
        open.exchange.sendLast(ByteBuffer(bytes: bytes))
    }

    /// Everything that it prints, until its end.
    package func read(_ receiver: OutputReceiver) throws(DiagnosticError) {
        try open.forEachOutput(isTerminal: isTerminal, receiver)
    }

    /// Of the terminal.
    package func resize(rows: Int, columns: Int) throws(DiagnosticError) {
        let query = [("h", String(rows)), ("w", String(columns))]
        try engine.done(EngineRequest(.POST, "/exec/\(id)/resize", query: query), .answer, call.untimed)
    }

    /// Its exit code, once its output has ended. An engine may say a little later that it is over: it is asked again until
    /// then, for as long as an answer may take.
    package func exitCode() throws(DiagnosticError) -> Int {
        let deadline = CallDeadline(CallLimit(kind: .answer, duration: engine.timeouts.answer))
        var pause = Duration.milliseconds(1)
        while true {
            let report = try engine.inspectExec(id, call.untimed)
            if let code = report.exitCode { return code }
            if deadline.isOver { throw deadline.failure("GET /exec/\(id)/json") }
            ThreadSignal().wait(atMost: pause)
            pause = min(pause * 2, .milliseconds(100))
        }
    }

    package func close() { open.close() }
}

extension EngineCall {
    /// For what a call needs beside the one that its timeout is for.
    var untimed: EngineCall { EngineCall(cancellation: cancellation) }
}

extension EngineClient {
    /// - Returns: the id of the process, which is not started yet.
    package func createExec(
        in container: String, _ configuration: ExecConfiguration, _ call: EngineCall = EngineCall()
    ) throws(DiagnosticError) -> String {
        let request = EngineRequest(.POST, "/containers/\(container.pathEncoded)/exec", json: configuration.data)
        return try shaped(request, call) { data throws(DataShapeError) in try data.string("Id") }
    }

    /// Starts a process that ``createExec(in:_:_:)`` has made, attached to its input and output.
    ///
    /// - Parameter call: a timeout is for all of the process's life.
    package func startExec(
        _ id: String, hasTerminal: Bool = false, _ call: EngineCall = EngineCall()
    ) throws(DiagnosticError) -> ExecSession {
        var request = EngineRequest(
            .POST, "/exec/\(id)/start", json: ["Detach": false, "Tty": .bool(hasTerminal)])
        request.isHijacked = true
        let open = try begin(request, .stream, call)
        return ExecSession(id: id, engine: self, open: open, call: call, isTerminal: hasTerminal)
    }

    package func inspectExec(_ id: String, _ call: EngineCall = EngineCall()) throws(DiagnosticError) -> ExecReport {
        try shaped(EngineRequest(.GET, "/exec/\(id)/json"), call) { data throws(DataShapeError) in
            try ExecReport(data)
        }
    }

    /// Runs a process in a container to its end.
    ///
    /// - Parameter input: all of its input; `nil`: none.
    /// - Returns: its exit code.
    package func exec(
        in container: String, _ configuration: ExecConfiguration, input: [UInt8]? = nil,
        _ call: EngineCall = EngineCall(), to receiver: OutputReceiver
    ) throws(DiagnosticError) -> Int {
        var configuration = configuration
        configuration.hasInput = input != nil
        let id = try createExec(in: container, configuration, call.untimed)
        let session = try startExec(id, hasTerminal: configuration.hasTerminal, call)
        defer { session.close() }
        if let input { session.writeAll(input) }
        try session.read(receiver)
        return try session.exitCode()
    }
}
