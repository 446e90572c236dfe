// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Credentials
import Diagnostics
import Foundation
import HTTPMessages
import HTTPServing
import HomeRules
import PipelineModel
import RunCoordination
import RunnerAgent
import RunnerProtocol
import ServerAPI
import ServerOperation
import StructuredData
import Synchronization
import TestDatabases
import TestFolders
import TestPrograms
import Testing
import Timekeeping
import TriggerIntake

/// Several servers in one process, on one database and one folder, and projects of one repository.
final class ServerGroup: Sendable {
    struct Member: Sendable {
        let server: Server
        let door: ServerDoor
    }

    let folder: String
    let token: String
    let projects: [String]
    private let members = Mutex<[String: Member]>([:])
    private let database: String

    /// Short, so that nobody waits long for a takeover.
    static let silenceMs: Int64 = 2_000

    init(_ names: [String], projects: [String], workflow: String) async throws {
        folder = OwnFolders.path()
        database = try #require(PostgresServer.current).url()
        let repository = folder + "/repository"
        try FileManager.default.createDirectory(
            atPath: repository + "/.github/workflows", withIntermediateDirectories: true)
        try workflow.write(
            toFile: repository + "/.github/workflows/ci.yml", atomically: true, encoding: .utf8)
        for arguments in [
            ["init", "-q", "-b", "main"], ["add", "-A"],
            ["-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "-q", "-m", "first"],
        ] {
            let git = ChildProcess()
            git.executableURL = URL(filePath: "/usr/bin/git")
            git.arguments = arguments
            git.currentDirectoryURL = URL(filePath: repository)
            try git.run()
            git.waitUntilExit()
        }
        self.projects = projects
        let doors = Doors()
        self.doors = doors
        let first = try Self.open(names[0], folder, database, doors)
        let made = try await first.server.directory.makeToken(
            TokenGrant([.admin]), name: "test", account: nil, now: .now())
        token = made.text
        for name in projects {
            _ = try await first.server.directory.perform(
                .addProject(
                    ProjectSettings(name: name, forge: .git, cloneURL: folder + "/repository"), admin: nil),
                by: .system("test"))
        }
        var all = [names[0]: first]
        for name in names.dropFirst() { all[name] = try Self.open(name, folder, database, doors) }
        for name in names { try await all[name]?.server.start(url: "http://\(name).test", keepsHouse: false) }
        for (name, member) in all { doors.add(name, member.door) }
        members.withLock { $0 = all }
    }

    let doors: Doors

    func server(_ name: String) -> Server { members.withLock { $0[name]!.server } }

    /// Opens another one beside those that are there.
    func join(_ name: String) async throws {
        let member = try Self.open(name, folder, database, doors)
        try await member.server.start(url: "http://\(name).test", keepsHouse: false)
        doors.add(name, member.door)
        members.withLock { $0[name] = member }
    }

    private static func open(
        _ name: String, _ folder: String, _ database: String, _ doors: Doors
    ) throws -> Member {
        var settings = ServerSettings(
            folder: folder + "/data", host: "127.0.0.1", port: 0, capacity: 0,
            environment: ["PATH": "/usr/bin:/bin", "HOME": folder])
        (settings.database, settings.name, settings.silenceMs) = (database, name, Self.silenceMs)
        let server = try Server(
            settings, program: "/bin/false", transport: doors.transport(from: name),
            streaming: doors.streaming(from: name)
        ) { _ in }
        OwnFolders.atEnd { [triggers = server.triggers] in
            await triggers.stop()
            await triggers.idle()
        }
        return Member(server: server, door: ServerDoor(server: server))
    }

    /// The server that decides what is of a project, once there is one that all of `names` know.
    func home(of project: String, among names: [String]) async throws -> String {
        let directory = server(names[0]).directory.current
        let id = try #require(directory.project(named: project)?.id.description)
        while true {
            for name in names where server(name).place(of: id) == .here { return name }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Asks one server.
    func send(
        _ name: String, _ method: String, _ path: String, _ body: DataObject? = nil
    ) async -> (status: Int, body: DataValue) {
        let bytes = body.map { Array(DataValue.object($0).jsonText().utf8) } ?? []
        let headers: HTTPHeaders = [("Authorization", "Bearer \(token)")]
        do throws(DiagnosticError) {
            let answer = try await doors.ask(
                HTTPCall(method, "http://\(name).test\(path)", headers: headers, body: bytes), from: "client")
            return (answer.status, (try? DataValue(json: answer.body)) ?? .null)
        } catch {
            return (0, .null)
        }
    }

    /// - Returns: the runner's id and its credential.
    func register(_ name: String, capacity: Int = 4) async throws -> (id: String, credential: String) {
        let any = members.withLock { $0.keys.sorted()[0] }
        let offer = RegistrationOffer(prefix: "x", expiresAt: .now() + .minutes(5))
        let secret = AccessToken.mint(.registration)
        _ = try await server(any).directory.perform(
            .issueRegistration(offer, sha256: secret.sha256), by: .system("test"))
        let answer = try await ServerLink.register(
            RegistrationRequest(
                token: secret.text,
                offering: RunnerOffering(name: name, labels: RunnerLabels.machine, capacity: capacity)),
            at: "http://any.test", transport: doors.balancing)
        return (answer.id, answer.credential)
    }

    /// One poll of a runner, at one server.
    func poll(
        _ name: String, _ runner: String, _ credential: String, holds: [LeaseKey] = []
    ) async throws -> PollAnswer {
        let link = ServerLink(
            url: "http://\(name).test", credential: credential, transport: doors.transport(from: "runner"))
        return try await link.poll(PollRequest(instance: runner, free: 1, holds: holds))
    }

    /// A runner that comes to another server with each request.
    func runner(_ name: String, capacity: Int = 4) async throws -> JobRunner {
        let transport = doors.balancing
        let credential = try await register(name, capacity: capacity).credential
        let store = try RunStore(root: folder + "/runner-" + name)
        return JobRunner(
            JobRunner.Surroundings(
                store: store, capacity: capacity,
                settings: { (content) throws(DiagnosticError) in try ServerHarness.settings(content) },
                link: { () throws(DiagnosticError) in
                    ServerLink(url: "http://any.test", credential: credential, transport: transport)
                }, report: { _ in }))
    }

    func stop() async {
        for member in members.withLock({ $0.values }) { await member.server.stop() }
    }
}

/// The network between servers: who can be reached, and by whom.
final class Doors: Sendable {
    private struct State: Sendable {
        var doors: [String: ServerDoor] = [:]
        var cut: Set<String> = []
        var turn = 0
    }
    private let state = Mutex(State())

    func add(_ name: String, _ door: ServerDoor) { state.withLock { $0.doors[name] = door } }

    /// Nobody reaches it, and it reaches nobody.
    func cut(_ name: String) { state.withLock { _ = $0.cut.insert(name) } }

    private func door(_ name: String, from other: String) throws(DiagnosticError) -> ServerDoor {
        let door = state.withLock { state in
            state.cut.contains(name) || state.cut.contains(other) ? nil : state.doors[name]
        }
        guard let door else { throw DiagnosticError(.webUnreachable, "Nobody is at \(name).") }
        return door
    }

    private func answer(_ call: HTTPCall, from other: String) async throws(DiagnosticError) -> OutboundAnswer {
        let rest = call.url.dropFirst("http://".count)
        let name = String(rest.prefix { $0 != "." })
        let target = String(rest.drop { $0 != "/" })
        return await (try door(name, from: other)).answer(
            InboundRequest(call.method, target, headers: call.headers, body: call.body))
    }

    func ask(_ call: HTTPCall, from other: String) async throws(DiagnosticError) -> HTTPAnswer {
        let answer = try await answer(call, from: other)
        return HTTPAnswer(status: answer.status, headers: answer.headers, body: await ServerHarness.bytes(answer))
    }

    func transport(from name: String) -> HTTPTransport {
        { (call) throws(DiagnosticError) in try await self.ask(call, from: name) }
    }

    func streaming(from name: String) -> HTTPStreaming {
        { (call) throws(DiagnosticError) in
            let answer = try await self.answer(call, from: name)
            let (stream, mouth) = AsyncStream<[UInt8]>.makeStream()
            let task = Task {
                let writer = AnswerWriter { mouth.yield($0) }
                switch answer.content {
                case .none: break
                case .bytes(let bytes): mouth.yield(bytes)
                case .stream(let make): try? await make(writer)
                case .events(let tell): try? await tell(EventWriter(text: writer))
                }
                mouth.finish()
            }
            mouth.onTermination = { _ in task.cancel() }
            let pieces = HTTPPieces {
                var iterator = stream.makeAsyncIterator()
                return { () async throws(DiagnosticError) in await iterator.next() }
            }
            return HTTPStream(status: answer.status, headers: answer.headers, pieces: pieces)
        }
    }

    /// As a load balancer has it: each request to the next server that is there.
    var balancing: HTTPTransport {
        { (call) throws(DiagnosticError) in
            let name = self.state.withLock { state in
                state.turn += 1
                let there = state.doors.keys.filter { !state.cut.contains($0) }.sorted()
                return there[state.turn % there.count]
            }
            var call = call
            call.url = call.url.replacingOccurrences(of: "http://any.", with: "http://\(name).")
            return try await self.ask(call, from: "client")
        }
    }
}
