// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPCalling
import StructuredData

/// A server of its own with two runners of its own, all of them the real binary, over a bare remote; everything is gone when it is.
final class ChaosGround {
    enum Victim: String, CaseIterable {
        case server
        /// The server's own child.
        case ownRunner = "own runner"
        case runnerA = "runner A"
        case runnerB = "runner B"

        /// As the server knows it, where it is a registered runner.
        var name: String? {
            switch self {
            case .server, .ownRunner: nil
            case .runnerA: "a"
            case .runnerB: "b"
            }
        }
    }

    let root: String
    let voice: ServerVoice
    private let port: Int
    private var server: StartedProgram?
    private var runners: [Victim: StartedProgram] = [:]

    /// A runner that says nothing for so long is lost: as short as a server may be set to.
    private static let leaseSeconds = 3
    private static let startSeconds = 120

    var data: String { root + "/data" }
    private var ownRunnerCommand: String { "runner run --data \(data)/runner" }

    init(workflows: [String: String]) async throws {
        root = "/tmp/martlet-chaos-" + UUID().uuidString.prefix(8).lowercased()
        try FileManager.default.createDirectory(
            atPath: root + "/work/.github/workflows", withIntermediateDirectories: true)
        port = try Self.freePort()
        voice = ServerVoice(url: "http://127.0.0.1:\(port)", client: try WebClient())
        try Data().write(to: URL(fileURLWithPath: root + "/gitconfig"))
        for (name, text) in workflows {
            try text.write(toFile: root + "/work/.github/workflows/" + name, atomically: true, encoding: .utf8)
        }
        try makeRemote()
        let token = DataValue.json(try martlet("token", "create", "--scope", "admin", "--json", "--data", data))
        await voice.use(token: token["token"]?.string ?? "")
        try start(.server)
        try await ready()
        _ = try await voice.send("POST", "/projects", ["name": "app", "cloneURL": .string(root + "/remote.git")])
        for victim in Victim.allCases {
            guard let name = victim.name else { continue }
            let made = DataValue.json(try martlet("runner", "token", "--json", "--data", data))
            _ = try martlet(
                "runner", "register", voice.url, "--token", made["token"]?.string ?? "", "--name", name, "--capacity",
                "2", "--data", folder(of: victim))
            try start(victim)
        }
    }

    deinit {
        for pid in LivingProcesses.with(root) { kill(pid, SIGKILL) }
        server?.end()
        for runner in runners.values { runner.end() }
        try? FileManager.default.removeItem(atPath: root)
    }

    private func makeRemote() throws {
        let git = ["git", "-C", root + "/work"]
        for command in [
            git + ["init", "-q", "-b", "main"], git + ["add", "-A"], git + ["commit", "-q", "-m", "All"],
            ["git", "clone", "-q", "--bare", root + "/work", root + "/remote.git"],
        ] { try run(command) }
    }

    // MARK: programs

    private var environment: [String: String] {
        [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "HOME": root, "LANG": "C.UTF-8",
            "GIT_CONFIG_GLOBAL": root + "/gitconfig", "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "a",
            "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org",
            "MARTLET_OFFLINE": "1", "MARTLET_LEASE_SECONDS": "\(Self.leaseSeconds)",
            "MARTLET_REQUESTS_PER_MINUTE": "1000000",
        ]
    }

    static var program: String {
        if let path = ProcessInfo.processInfo.environment["MARTLET_BINARY"] { return path }
        return URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path + "/martlet"
    }

    private func folder(of victim: Victim) -> String {
        root + "/" + victim.rawValue.replacingOccurrences(of: " ", with: "-").lowercased()
    }

    @discardableResult
    private func run(_ command: [String]) throws -> String {
        let out = root + "/out-" + UUID().uuidString.prefix(8)
        let started = try StartedProgram(command, environment: environment, logPath: out)
        guard started.end() == 0 else { throw ChaosFault("\(command.joined(separator: " ")): \(started.said)") }
        return started.said
    }

    private func martlet(_ arguments: String...) throws -> String { try run([Self.program] + arguments) }

    func start(_ victim: Victim) throws {
        switch victim {
        case .server:
            server = try StartedProgram(
                [Self.program, "server", "--listen", "127.0.0.1:\(port)", "--data", data, "--capacity", "1"],
                environment: environment, logPath: root + "/server.log")
        case .ownRunner: break  // The server does.
        case .runnerA, .runnerB:
            runners[victim] = try StartedProgram(
                [Self.program, "runner", "run", "--data", folder(of: victim)], environment: environment,
                logPath: folder(of: victim) + ".log")
        }
    }

    /// `kill -9`.
    func kill9(_ victim: Victim) {
        switch victim {
        case .server:
            server?.signal(SIGKILL)
            server?.end()
            server = nil
        case .ownRunner: for pid in LivingProcesses.with(ownRunnerCommand.spaced) { kill(pid, SIGKILL) }
        case .runnerA, .runnerB:
            let runner = runners.removeValue(forKey: victim)
            runner?.signal(SIGKILL)
            runner?.end()
        }
    }

    func ready() async throws {
        do {
            try await voice.patiently(seconds: Self.startSeconds, "the server is not ready") { voice in
                await voice.isReady()
            }
        } catch { throw ChaosFault("\(error)\n\(words)") }
    }

    /// Ends everything in order.
    func stop() throws {
        for runner in runners.values { runner.signal(SIGTERM) }
        for runner in runners.values { runner.end() }
        runners = [:]
        server?.signal(SIGTERM)
        let status = server?.end()
        server = nil
        guard status == 0 else { throw ChaosFault("the server ended with \(status ?? -1)") }
        for pid in LivingProcesses.with(ownRunnerCommand.spaced) { kill(pid, SIGTERM) }
    }

    /// What the programs said last, for whoever looks into a failure.
    var words: String {
        ["server.log", "runner-a.log", "runner-b.log", "data/runner/runner.log"].map { name in
            let text = (try? String(contentsOfFile: root + "/" + name, encoding: .utf8)) ?? ""
            return "--- \(name)\n" + text.split(separator: "\n").suffix(40).joined(separator: "\n")
        }.joined(separator: "\n")
    }

    private static func freePort() throws -> Int {
        let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, size) == 0 && getsockname(socket, $0, &size) == 0
            }
        }
        guard isBound else { throw POSIXError(.EADDRINUSE) }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

struct ChaosFault: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

extension String {
    /// As a command line lies in /proc: a zero byte behind each word.
    fileprivate var spaced: String { split(separator: " ").joined(separator: "\0") }
}

extension DataValue {
    static func json(_ text: String) -> DataValue { (try? DataValue(json: Array(text.utf8))) ?? .null }
}
