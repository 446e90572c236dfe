// SPDX-License-Identifier: Apache-2.0

internal import ContainerEngine
internal import Diagnostics
internal import StepExecution
internal import Synchronization

/// Processes in the job's container.
extension ContainerHost {
    /// Runs a process to its end. One call makes it, one carries it, one asks for its exit code.
    func run(_ command: ContainerCommand, _ output: OutputDescriptor, _ process: ContainedCall) -> ContainerExit {
        do throws(DiagnosticError) {
            let engine = try engine()
            guard let id = state.withLock({ $0.jobContainer }) else {
                throw DiagnosticError(.containerEnded, "The job's container is not there.")
            }
            var words = command.command
            if command.isForNode { words[0] = try node(in: id, engine) }
            var configuration = ExecConfiguration(words)
            configuration.environment = command.environment
            configuration.workingDirectory = command.folder
            var head: [UInt8] = []
            let code = try Self.watching { () throws(DiagnosticError) in
                try engine.exec(in: id, configuration, process.call) { _, bytes throws(DiagnosticError) in
                    if head.count < Self.headBytes { head += bytes.prefix(Self.headBytes - head.count) }
                    output.write(bytes)
                }
            }
            if process.isStopping { kill(command.marker, signal: 9, in: id, engine) }
            guard code != 0 else { return .ended(code: 0, isOutOfMemory: false) }
            if code == 126 || code == 127 { try Self.judgeStart(head, command, code) }
            return try judge(code, id, engine)
        } catch {
            return .failed(error)
        }
    }

    /// An engine that goes away closes the stream as the end of a process does; then it does not answer.
    static func watching<Value>(
        _ body: () throws(DiagnosticError) -> Value
    ) throws(DiagnosticError) -> Value {
        do {
            return try body()
        } catch {
            guard [.engineUnreachable, .engineLost].contains(error.diagnostic.code) else { throw error }
            throw DiagnosticError(
                .engineLost, "The container engine went away while the step ran: \(error.diagnostic.message)",
                remedy: "Start the engine, and run the job again.")
        }
    }

    /// Of the output's beginning, where an engine says that it could not start the process.
    private static let headBytes = 1024

    /// - Throws: where the engine could not start the program: it then says so in the output.
    private static func judgeStart(_ head: [UInt8], _ command: ContainerCommand, _ code: Int) throws(DiagnosticError) {
        let text = String(decoding: head, as: UTF8.self)
        guard ["OCI runtime", "Error: crun", "Error: runc"].contains(where: text.hasPrefix) else { return }
        if text.contains("chdir to cwd") {
            throw DiagnosticError(
                .missingWorkingDirectory, "The step's working directory '\(command.folder)' is not in the container.",
                remedy: "Create the folder in an earlier step, or check the repository out first.")
        }
        throw DiagnosticError(
            .missingShell, "\(command.command[0]): command not found in the container",
            remedy: "Use an image that has '\(command.command[0])', or name another shell.")
    }

    /// What stands behind an exit code: the container's memory, or its end.
    private func judge(_ code: Int, _ id: String, _ engine: EngineClient) throws(DiagnosticError) -> ContainerExit {
        let report = try engine.inspectContainer(id)
        guard report.isRunning else {
            let cause = report.isOOMKilled ? ", for want of memory" : ""
            throw DiagnosticError(
                .containerEnded, "The job's container ended with exit code \(report.exitCode)\(cause).",
                remedy: "See what the step does to the container's first process.")
        }
        guard code == 137 || state.withLock({ $0.hasMemoryLimit }) else {
            return .ended(code: code, isOutOfMemory: false)
        }
        let kills = memoryKills(in: id, engine)
        let isOutOfMemory = state.withLock { state in
            defer { state.memoryKills = kills }
            return kills > state.memoryKills
        }
        return .ended(code: code, isOutOfMemory: isOutOfMemory)
    }

    /// Of the container's control group, in either version's words: what an engine says of it is about the first process.
    private func memoryKills(in id: String, _ engine: EngineClient) -> Int {
        let files = ["/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"]
        var bytes: [UInt8] = []
        _ = try? engine.exec(in: id, ExecConfiguration(["cat"] + files), EngineCall(timeout: .seconds(10))) {
            _, chunk throws(DiagnosticError) in bytes += chunk.prefix(max(0, 10_000 - bytes.count))
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        return lines.first { $0.hasPrefix("oom_kill ") }.flatMap { Int($0.dropFirst("oom_kill ".count)) } ?? 0
    }

    // MARK: stopping

    /// Signals a step's processes: an engine has no call for that, so a process beside them finds them by their marker.
    func signal(_ number: Int32, _ command: ContainerCommand, _ process: ContainedCall) {
        process.noteStop()
        guard let engine = try? engines.client(), let id = state.withLock({ $0.jobContainer }) else { return }
        kill(command.marker, signal: number, in: id, engine)
    }

    /// Ends a step's processes. What stays all the same goes with its container; the step does not wait for it.
    func end(_ command: ContainerCommand, _ process: ContainedCall) {
        signal(9, command, process)
        if !process.ends(withinSeconds: Self.killPatienceSeconds) { process.cancellation.cancel() }
    }

    private static let killPatienceSeconds = 5

    /// Needs `sh` and `cat` in the image. The shell drops the zero bytes of what it reads, and may say so.
    private static let killScript = """
        for p in /proc/[0-9]*; do
        case "$(cat $p/environ 2>/dev/null)" in *"$1"*) kill -$2 ${p#/proc/} 2>/dev/null;; esac
        done
        """

    private func kill(_ marker: String, signal: Int32, in id: String, _ engine: EngineClient) {
        let configuration = ExecConfiguration(["sh", "-c", Self.killScript, "sh", marker, String(signal)])
        // Where that does not work, the patience of whoever stops the step runs out.
        _ = try? engine.exec(in: id, configuration, EngineCall(timeout: .seconds(10))) { _, _ in }
    }

    // MARK: node

    /// Where node is in the job's container: its own, else this machine's, where that runs in it.
    private func node(in id: String, _ engine: EngineClient) throws(DiagnosticError) -> String {
        if let known = state.withLock({ $0.node }) { return known }
        var said = ""
        for candidate in ["node", ContainerPaths.hostNode] {
            var bytes: [UInt8] = []
            let code = try engine.exec(in: id, ExecConfiguration([candidate, "--version"])) {
                _, chunk throws(DiagnosticError) in
                bytes += chunk.prefix(max(0, 1000 - bytes.count))
            }
            if code == 0 {
                state.withLock { $0.node = candidate }
                return candidate
            }
            said = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first.map(String.init) ?? ""
        }
        throw DiagnosticError(
            .containerNodeMissing,
            "The job's image has no node, and this machine's does not run in it: \(said)",
            remedy: "Use an image with Node.js 20 or later, or a node on PATH that needs no libraries of its own.")
    }
}
