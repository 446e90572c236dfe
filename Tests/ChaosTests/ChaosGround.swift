// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPCalling
import StructuredData
import TestDatabases

/// A server of its own with two runners of its own, all of them the real binary, over a bare remote; everything is gone when it is.
final class ChaosGround {
    enum Victim: String, CaseIterable {
        case server
        case serverB = "server B"
        case serverC = "server C"
        case balancer
        case database
        /// The server's own child.
        case ownRunner = "own runner"
        case runnerA = "runner A"
        case runnerB = "runner B"

        /// As the server knows it, where it is a registered runner.
        var name: String? {
            switch self {
            case .server, .serverB, .serverC, .balancer, .database, .ownRunner: nil
            case .runnerA: "a"
            case .runnerB: "b"
            }
        }
    }

    let root: String
    let voice: ServerVoice
    private let port: Int
    private var servers: [Victim: StartedProgram] = [:]
    private var runners: [Victim: StartedProgram] = [:]
    /// Where the journal is of servers that share it.
    private let postgres: PostgresServer?
    private var balancer: StartedProgram?
    private let ports: [Victim: Int]

    static let members: [Victim] = [.server, .serverB, .serverC]
    private static let balancers = ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy"]
    /// Whether several servers can be had; CI installs what they need.
    static let canShare = PostgresServer.isThere && balancers.contains { access($0, X_OK) == 0 }

    /// A runner that says nothing for so long is lost: as short as a server may be set to.
    private var leaseSeconds: Int { postgres == nil ? 3 : 8 }
    /// A server that says nothing for so long is gone: much less than a lease.
    private static let silenceSeconds = 2
    private static let startSeconds = 120

    var data: String { root + "/data" }
    private var ownRunnerCommand: String { "runner run --data \(data)/runner" }
    var database: String? { postgres?.url(of: "martlet") }

    /// - Parameter isShared: three servers behind a load balancer, on one database; else one server, with a runner of its own.
    init(workflows: [String: String], isShared: Bool = false) async throws {
        postgres = isShared ? try PostgresServer() : nil
        root = "/tmp/martlet-chaos-" + UUID().uuidString.prefix(8).lowercased()
        try FileManager.default.createDirectory(
            atPath: root + "/work/.github/workflows", withIntermediateDirectories: true)
        port = try Self.freePort()
        var ports: [Victim: Int] = [.server: port]
        if isShared { for member in Self.members { ports[member] = try Self.freePort() } }
        self.ports = ports
        voice = ServerVoice(url: "http://127.0.0.1:\(port)", client: try WebClient())
        try Data().write(to: URL(fileURLWithPath: root + "/gitconfig"))
        for (name, text) in workflows {
            try text.write(toFile: root + "/work/.github/workflows/" + name, atomically: true, encoding: .utf8)
        }
        try makeRemote()
        if let postgres { try postgres.make(database: "martlet") }
        let token = DataValue.json(try martlet("token", "create", "--scope", "admin", "--json", "--data", data))
        await voice.use(token: token["token"]?.string ?? "")
        for member in isShared ? Self.members : [.server] { try start(member) }
        if isShared { try start(.balancer) }
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
        for program in Array(servers.values) + Array(runners.values) { program.end() }
        balancer?.end()
        postgres?.stop()
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
        var environment = [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "HOME": root, "LANG": "C.UTF-8",
            "GIT_CONFIG_GLOBAL": root + "/gitconfig", "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "a",
            "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org",
            "MARTLET_OFFLINE": "1", "MARTLET_LEASE_SECONDS": "\(leaseSeconds)",
            "MARTLET_REQUESTS_PER_MINUTE": "1000000", "MARTLET_SILENCE_SECONDS": "\(Self.silenceSeconds)",
        ]
        environment["MARTLET_DATABASE"] = database
        return environment
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
        case .server, .serverB, .serverC:
            let name = victim.rawValue.replacingOccurrences(of: " ", with: "-")
            servers[victim] = try StartedProgram(
                [
                    Self.program, "server", "--listen", "127.0.0.1:\(ports[victim] ?? 0)", "--data", data, "--name",
                    name, "--capacity", postgres == nil ? "1" : "0",
                ], environment: environment, logPath: "\(root)/\(name).log")
        case .balancer: balancer = try startBalancer()
        case .database: try postgres?.begin()
        case .ownRunner: break  // The server does.
        case .runnerA, .runnerB:
            runners[victim] = try StartedProgram(
                [Self.program, "runner", "run", "--data", folder(of: victim)], environment: environment,
                logPath: folder(of: victim) + ".log")
        }
    }

    /// Starts again what could not start, for its database was away: as whatever looks after services does.
    func revive() throws {
        for (victim, server) in servers where server.hasEnded {
            guard server.said.split(separator: "\n").last?.hasPrefix("MRT0416") == true else { continue }
            let status = server.end()
            guard status == 6 else { throw ChaosFault("the \(victim.rawValue) ended with \(status)\n\(words)") }
            try start(victim)
        }
    }

    /// `kill -9`.
    func kill9(_ victim: Victim) {
        switch victim {
        case .server, .serverB, .serverC:
            let server = servers.removeValue(forKey: victim)
            server?.signal(SIGKILL)
            server?.end()
        case .balancer: break
        case .database: postgres?.kill9()
        case .ownRunner: for pid in LivingProcesses.with(ownRunnerCommand.spaced) { kill(pid, SIGKILL) }
        case .runnerA, .runnerB:
            let runner = runners.removeValue(forKey: victim)
            runner?.signal(SIGKILL)
            runner?.end()
        }
    }

    private func startBalancer() throws -> StartedProgram? {
        guard let program = Self.balancers.first(where: { access($0, X_OK) == 0 }) else { return nil }
        var text = """
            defaults
              mode http
              timeout connect 2s
              timeout client 120s
              timeout server 120s
              option redispatch
              retries 3
            frontend all
              bind 127.0.0.1:\(port)
              default_backend servers
            backend servers
              balance roundrobin
              option httpchk GET /readyz
              retry-on conn-failure

            """
        for member in Self.members {
            let name = member.rawValue.replacingOccurrences(of: " ", with: "-")
            text += "  server \(name) 127.0.0.1:\(ports[member] ?? 0) check inter 300\n"
        }
        try text.write(toFile: root + "/haproxy.cfg", atomically: true, encoding: .utf8)
        return try StartedProgram(
            [program, "-db", "-f", root + "/haproxy.cfg"], environment: environment, logPath: root + "/balancer.log")
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
        for server in servers.values { server.signal(SIGTERM) }
        for (victim, server) in servers {
            let status = server.end()
            guard status == 0 else { throw ChaosFault("the \(victim.rawValue) ended with \(status)\n\(words)") }
        }
        servers = [:]
        balancer?.signal(SIGTERM)
        balancer?.end()
        balancer = nil
        for pid in LivingProcesses.with(ownRunnerCommand.spaced) { kill(pid, SIGTERM) }
    }

    /// What the programs said last, for whoever looks into a failure.
    var words: String {
        [
            "server.log", "server-B.log", "server-C.log", "balancer.log", "runner-a.log", "runner-b.log",
            "data/runner/runner.log",
        ].map { name in
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
