// SPDX-License-Identifier: Apache-2.0

import Foundation

/// `martlet server` itself, on a folder of a sandbox.
final class ServerProcess {
    private let sandbox: Sandbox
    let data: String
    private let program: RunningProgram
    private var isEnded = false
    let url: String
    let token: String

    /// Starts it, and waits until it says that it is ready.
    init(
        _ sandbox: Sandbox, data: String, _ options: [String] = [], token: String? = nil,
        environment: [String: String] = [:]
    ) throws {
        self.sandbox = sandbox
        self.data = data
        program = try sandbox.start(
            [Program.path, "server", "--data", data, "--listen", "127.0.0.1:0", "--min-free", "0"] + options,
            environment: environment)
        var found: String?
        while found == nil {
            let text = (try? String(contentsOfFile: program.errPath, encoding: .utf8)) ?? ""
            found = text.split(separator: "\n").first { $0.hasPrefix("Ready at ") }.map { String($0.dropFirst(9)) }
            if found == nil, !Processes.isAlive(program.pid) { throw NotStarted(text: text) }
            if found == nil { usleep(5_000) }
        }
        url = found ?? ""
        if let token {
            self.token = token
        } else {
            let made = try sandbox.start([
                Program.path, "token", "create", "--scope", "admin", "--json", "--data", data,
            ]).end()
            self.token = made.json["token"].string ?? ""
        }
    }

    struct NotStarted: Error { var text: String }

    /// Kills the server and its own runner.
    func kill() throws {
        guard !isEnded else { return }
        isEnded = true
        let runners = Processes.withCommand("\(Program.path) runner run --data \(data)/runner")
        program.signal(SIGKILL)
        try program.end()
        for runner in runners { Foundation.kill(runner, SIGKILL) }
        // One may just have been started.
        for runner in Processes.withCommand("\(Program.path) runner run --data \(data)/runner") {
            Foundation.kill(runner, SIGKILL)
        }
    }

    /// Ends the server alone, as a service manager does: its runner's process lives on.
    func stop() throws {
        guard !isEnded else { return }
        isEnded = true
        program.signal(SIGTERM)
        try program.end()
    }

    /// The processes of its own runner.
    var runners: [pid_t] { Processes.withCommand("\(Program.path) runner run --data \(data)/runner") }

    deinit { try? kill() }

    // MARK: requests

    func ask(_ method: String, _ path: String, _ body: String? = nil) throws -> (status: Int, body: JSON, text: String)
    {
        var command = [
            "curl", "-sSk", "-X", method, "-H", "Authorization: Bearer \(token)", "-w", "\n%{http_code}", url + path,
        ]
        if let body { command += ["-d", body] }
        let ended = try sandbox.start(command).end()
        let lines = ended.out.split(separator: "\n", omittingEmptySubsequences: false)
        let text = lines.dropLast().joined(separator: "\n")
        return (Int(lines.last ?? "") ?? 0, JSON(Data(text.utf8)), text)
    }

    /// Waits until an answer is as it should be.
    func wait(_ path: String, _ isDone: (JSON) -> Bool) throws -> JSON {
        while true {
            let answer = try ask("GET", path).body
            if isDone(answer) { return answer }
            usleep(10_000)
        }
    }
}
