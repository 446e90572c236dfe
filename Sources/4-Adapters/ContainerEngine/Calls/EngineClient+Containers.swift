// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import NIOHTTP1
internal import StructuredData

extension EngineClient {
    /// Makes a container, and does not start it.
    ///
    /// - Returns: its id, and what the engine warns of.
    /// - Throws: ``DiagnosticCode/engineObjectMissing`` without its image, ``DiagnosticCode/engineConflict`` where its name
    ///   is taken.
    package func createContainer(
        _ configuration: ContainerConfiguration, _ call: EngineCall = EngineCall()
    ) throws(DiagnosticError) -> (id: String, warnings: [String]) {
        var request = EngineRequest(.POST, "/containers/create", json: configuration.data)
        if let name = configuration.name { request.query.append(("name", name)) }
        if let platform = configuration.platform { request.query.append(("platform", platform)) }
        let data = try json(request, .change, call)
        guard let id = data["Id"]?.string else {
            throw EngineFailure.unreadable(request.summary, "it names no container")
        }
        return (id, data.strings("Warnings"))
    }

    /// Nothing where it is running already.
    package func startContainer(_ id: String, _ call: EngineCall = EngineCall()) throws(DiagnosticError) {
        try done(EngineRequest(.POST, "/containers/\(id.pathEncoded)/start"), .change, call)
    }

    package func inspectContainer(
        _ id: String, _ call: EngineCall = EngineCall()
    ) throws(DiagnosticError) -> ContainerReport {
        let request = EngineRequest(.GET, "/containers/\(id.pathEncoded)/json")
        return try shaped(request, call) { data throws(DataShapeError) in
            try ContainerReport(data)
        }
    }

    /// What is waited for.
    package enum WaitCondition: String, Sendable {
        /// It does not run, now or later.
        case notRunning = "not-running"
        /// It ends once more.
        case nextExit = "next-exit"
        case removed
    }

    /// - Returns: its exit code.
    package func waitForContainer(
        _ id: String, until condition: WaitCondition = .notRunning, _ call: EngineCall = EngineCall()
    ) throws(DiagnosticError) -> Int {
        let request = EngineRequest(
            .POST, "/containers/\(id.pathEncoded)/wait", query: [("condition", condition.rawValue)])
        let data = try perform(request, .stream, call) { open throws(DiagnosticError) in try open.json() }
        if let words = data["Error"]?["Message"]?.string, !words.isEmpty {
            throw DiagnosticError(.engineRefused, "The container engine could not wait for '\(id)': \(words)")
        }
        guard let code = data["StatusCode"]?.int else {
            throw EngineFailure.unreadable(request.summary, "it has no exit code")
        }
        return code
    }

    /// - Parameter signal: `TERM`, or a number.
    package func killContainer(
        _ id: String, signal: String = "KILL", _ call: EngineCall = EngineCall()
    ) throws(DiagnosticError) {
        let request = EngineRequest(.POST, "/containers/\(id.pathEncoded)/kill", query: [("signal", signal)])
        try done(request, .change, call)
    }

    /// Asks it to end, and kills it when the grace is over.
    package func stopContainer(
        _ id: String, graceSeconds: Int = 10, _ call: EngineCall = EngineCall()
    ) throws(DiagnosticError) {
        var call = call
        call.timeout = call.timeout ?? timeouts.change + .seconds(graceSeconds)
        let request = EngineRequest(.POST, "/containers/\(id.pathEncoded)/stop", query: [("t", String(graceSeconds))])
        try done(request, .change, call)
    }

    /// - Parameters:
    ///   - force: even where it is running.
    ///   - volumes: with its volumes that have no name.
    package func removeContainer(
        _ id: String, force: Bool = false, volumes: Bool = true, _ call: EngineCall = EngineCall()
    ) throws(DiagnosticError) {
        let query = [("force", force ? "1" : "0"), ("v", volumes ? "1" : "0")]
        try done(EngineRequest(.DELETE, "/containers/\(id.pathEncoded)", query: query), .change, call)
    }

    /// Unpacks a tar archive (gzip, bzip2 and xz are understood too) in a folder of the container, which need not run.
    package func putArchive(
        into id: String, at path: String, _ call: EngineCall = EngineCall(), from source: @escaping ByteSource
    ) throws(DiagnosticError) {
        var request = EngineRequest(.PUT, "/containers/\(id.pathEncoded)/archive", query: [("path", path)])
        request.headers.append(("Content-Type", "application/x-tar"))
        try perform(request, .silence, call, source: source) { open throws(DiagnosticError) in _ = try open.bytes() }
    }

    /// A tar archive of a file or folder of the container, piece by piece.
    package func getArchive(
        from id: String, at path: String, _ call: EngineCall = EngineCall(),
        to receiver: (UnsafeRawBufferPointer) throws(DiagnosticError) -> Void
    ) throws(DiagnosticError) {
        let request = EngineRequest(.GET, "/containers/\(id.pathEncoded)/archive", query: [("path", path)])
        try perform(request, .silence, call) { open throws(DiagnosticError) in try open.forEachChunk(receiver) }
    }
}

/// Which part of what a container has printed is read.
package struct LogRequest: Hashable, Sendable {
    /// What it prints from now on too, until it ends.
    package var isFollowed = false
    package var hasOutput = true
    package var hasErrors = true
    /// The last lines only; `nil`: all.
    package var lineCount: Int?
    /// Each line begins with its time.
    package var hasTimes = false
    /// The container has a terminal: its output is not in frames.
    package var isTerminal = false

    package init() {}
}

/// Called on the thread of the call. The bytes are there for the time of the call only; while it lasts, little more is
/// read, and the process waits in its own write once the engine's buffers are full.
package typealias OutputReceiver = (ContainerOutput, UnsafeRawBufferPointer) throws(DiagnosticError) -> Void

extension EngineClient {
    /// What a container's first process has printed.
    package func logs(
        of id: String, _ logs: LogRequest = LogRequest(), _ call: EngineCall = EngineCall(), to receiver: OutputReceiver
    ) throws(DiagnosticError) {
        let query = [
            ("follow", logs.isFollowed), ("stdout", logs.hasOutput), ("stderr", logs.hasErrors),
            ("timestamps", logs.hasTimes),
        ]
        var request = EngineRequest(
            .GET, "/containers/\(id.pathEncoded)/logs", query: query.map { ($0.0, $0.1 ? "1" : "0") })
        request.query.append(("tail", logs.lineCount.map(String.init) ?? "all"))
        try perform(request, logs.isFollowed ? .stream : .silence, call) { open throws(DiagnosticError) in
            try open.forEachOutput(isTerminal: logs.isTerminal, receiver)
        }
    }
}

extension OpenCall {
    /// What a process prints, to the end of the stream.
    func forEachOutput(isTerminal: Bool, _ receiver: OutputReceiver) throws(DiagnosticError) {
        guard !isTerminal else {
            return try forEachChunk { chunk throws(DiagnosticError) in try receiver(.output, chunk) }
        }
        var frames = OutputDemultiplexer(summary: exchange.summary)
        try forEachChunk { chunk throws(DiagnosticError) in try frames.receive(chunk, receiver) }
        try frames.finish()
    }
}
