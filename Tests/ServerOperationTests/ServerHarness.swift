// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Announcements
import Credentials
import Diagnostics
import Foundation
import HTTPMessages
import HTTPServing
import ObjectStorage
import PipelineModel
import RunCoordination
import RunIndex
import RunnerAgent
import RunnerProtocol
import ServerAPI
import ServerOperation
import StructuredData
import Synchronization
import TestFolders
import TestPrograms
import Testing
import Timekeeping
import TriggerIntake
import WorkflowPlanning

/// A server and its runners in one process, with a repository of its own: requests go through the server's door without
/// a socket.
final class ServerHarness: Sendable {
    private struct Parts: Sendable {
        var server: Server?
        var door: ServerDoor?
    }

    /// What a server of a test has beside its folder.
    struct Outside: Sendable {
        var environment: [String: String] = [:]
        var retention = RetentionSettings()
        /// Where the journal is; `nil`: in the folder.
        var database: String?
        /// Jobs of the server's own runner, whose program ends at once.
        var capacity = 0
        var blobs: (any ObjectStore)?
        var web = WebReach.only { (call) throws(DiagnosticError) in
            throw DiagnosticError(.webUnreachable, "Nobody is at \(call.url).")
        }
    }

    let folder: String
    private let outside: Mutex<Outside>
    private let parts: Mutex<Parts>
    let clock = SetClock()
    let project: EntryID
    let admin: Principal
    let token: String

    var server: Server { parts.withLock { $0.server! } }
    var door: ServerDoor { parts.withLock { $0.door! } }

    var repository: String { folder + "/repository" }

    init(workflows: [String: String] = [:], outside: Outside = Outside()) async throws {
        self.outside = Mutex(outside)
        folder = OwnFolders.path()
        try FileManager.default.createDirectory(
            atPath: folder + "/repository/.github/workflows", withIntermediateDirectories: true)
        for (name, text) in workflows {
            try text.write(
                toFile: folder + "/repository/.github/workflows/" + name, atomically: true, encoding: .utf8)
        }
        let (server, door) = try await Self.open(folder, clock, outside)
        parts = Mutex(Parts(server: server, door: door))
        let keeper = server.directory
        let made = try await keeper.makeToken(
            TokenGrant([.admin]), name: "test", account: nil, now: .now())
        token = made.text
        admin = try await server.identification.principal(token: token, now: .now())
        _ = try await keeper.perform(
            .addProject(
                ProjectSettings(name: "demo", forge: .git, cloneURL: folder + "/repository"), admin: nil),
            by: .system("test"))
        project = try #require(keeper.current.project(named: "demo")?.id)
        // Where servers share a database it gets its home now.
        await server.beat()
    }

    /// Ends the server as a signal would, and opens the folder again.
    ///
    /// - Parameters:
    ///   - starting: `false`: it does not go on yet with what it had.
    ///   - meanwhile: what happens to the server's folder.
    ///   - capacity: of its own runner; `nil`: as before.
    ///   - database: where the journal is; empty: in the folder; `nil`: as before.
    func restart(
        starting: Bool = true, capacity: Int? = nil, database: String? = nil,
        _ meanwhile: (_ data: String) async throws -> Void = { _ in }
    ) async throws {
        let outside = outside.withLock { outside in
            if let capacity { outside.capacity = capacity }
            if let database { outside.database = database.isEmpty ? nil : database }
            return outside
        }
        await server.stop()
        parts.withLock { $0 = Parts() }
        try await meanwhile(folder + "/data")
        for _ in 0..<400 {
            do {
                let (server, door) = try await Self.open(folder, clock, outside, starting: starting)
                return parts.withLock { $0 = Parts(server: server, door: door) }
            } catch {
                // Somebody is still about to let go of it.
                try await Task.sleep(for: .milliseconds(10))
            }
        }
        Issue.record("the folder is not let go of")
    }

    private static func open(
        _ folder: String, _ clock: SetClock, _ outside: Outside, starting: Bool = true
    ) async throws -> (Server, ServerDoor) {
        var settings = ServerSettings(
            folder: folder + "/data", host: "127.0.0.1", port: 0, capacity: outside.capacity,
            environment: ProcessInfo.processInfo.environment.merging(outside.environment) { $1 })
        settings.retention = outside.retention
        settings.database = outside.database
        settings.blobs = outside.blobs
        let server = try Server(
            settings, program: "/bin/false", transport: outside.web.transport, web: outside.web, now: { clock.now }
        ) { _ in }
        // Whoever looks at a project makes its folder.
        OwnFolders.atEnd { [weak triggers = server.triggers] in
            await triggers?.stop()
            await triggers?.idle()
        }
        if starting { try await server.start(url: "http://server.test", keepsHouse: false) }
        return (server, ServerDoor(server: server))
    }

    // MARK: requests

    func send(
        _ method: String, _ target: String, _ body: DataObject? = nil, token: String? = nil, headers: HTTPHeaders = []
    ) async -> (status: Int, body: DataValue) {
        var all = headers
        all["Authorization"] = "Bearer \(token ?? self.token)"
        let bytes = body.map { Array(DataValue.object($0).jsonText().utf8) } ?? []
        let answer = await door.answer(InboundRequest(method, target, headers: all, body: bytes))
        return (answer.status, (try? DataValue(json: await Self.bytes(answer))) ?? .null)
    }

    /// As a browser asks.
    func page(
        _ method: String, _ target: String, _ form: String = ""
    ) async -> (status: Int, location: String?, text: String) {
        let headers: HTTPHeaders = [
            ("Authorization", "Bearer \(token)"), ("Accept", "text/html"),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ]
        let answer = await door.answer(InboundRequest(method, target, headers: headers, body: Array(form.utf8)))
        return (answer.status, answer.headers["Location"], String(decoding: await Self.bytes(answer), as: UTF8.self))
    }

    /// A stream of events to its end.
    func events(_ target: String) async -> String {
        let headers: HTTPHeaders = [("Authorization", "Bearer \(token)"), ("Accept", "text/event-stream")]
        let answer = await door.answer(InboundRequest("GET", target, headers: headers))
        return String(decoding: await Self.bytes(answer), as: UTF8.self)
    }

    static func bytes(_ answer: OutboundAnswer) async -> [UInt8] {
        switch answer.content {
        case .none: return []
        case .bytes(let bytes): return bytes
        case .stream(let make):
            let box = ByteBox()
            try? await make(AnswerWriter { box.append($0) })
            return box.bytes
        case .events(let tell):
            let box = ByteBox()
            try? await tell(EventWriter(text: AnswerWriter { box.append($0) }))
            return box.bytes
        }
    }

    /// Calls that go through the door as those of a client would.
    var transport: HTTPTransport {
        { (call) throws(DiagnosticError) in
            let path = String(call.url.dropFirst("http://server.test".count))
            guard let door = self.parts.withLock({ $0.door }) else {
                throw DiagnosticError(.webUnreachable, "The server is away.")
            }
            let answer = await door.answer(
                InboundRequest(call.method, path, headers: call.headers, body: call.body))
            return HTTPAnswer(status: answer.status, headers: answer.headers, body: await Self.bytes(answer))
        }
    }

    // MARK: runs

    /// A run of a workflow of the repository, as a push would start it.
    func begin(_ workflow: String, labels: [String] = []) async throws -> RunID {
        let files = WorkflowFiles(folder: repository, environment: ["PATH": "/usr/bin:/bin"])
        var request = PlanPreparation.Request()
        request.event = "push"
        request.ref = "main"
        request.runnerLabels = labels
        let outcome = try PlanPreparation(files: files, request: request).prepare(
            all: [".github/workflows/\(workflow)"])[0]
        let prepared = try #require(outcome.prepared, "\(outcome.diagnostics)")
        var record = RunRecord(plan: prepared.plan, repository: files.state, payload: prepared.payload)
        record.project = project.description
        record.createdAt = Timestamp.now().milliseconds
        return try await server.runs.begin(record)
    }

    /// Commits everything in the repository, making it where it is none.
    ///
    /// - Returns: the commit.
    func commit(_ message: String) throws -> String {
        if !FileManager.default.fileExists(atPath: repository + "/.git") { try git(["init", "-q", "-b", "main"]) }
        try git(["add", "-A"])
        try git([
            "-c", "user.name=Test", "-c", "user.email=test@example.org", "commit", "-q", "--allow-empty", "-m", message,
        ])
        return try git(["rev-parse", "HEAD"])
    }

    @discardableResult
    func git(_ arguments: [String]) throws -> String {
        let process = ChildProcess()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/git")
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: repository)
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw GitFailure(arguments: arguments) }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    struct GitFailure: Error { var arguments: [String] }

    /// Waits until so many runs are listed; the newest first.
    func rows(_ count: Int) async throws -> [RunRow] {
        while true {
            let rows = try server.index.runs(RunQuery())
            if rows.count >= count { return rows }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Waits until a step's log has a line.
    func line(_ text: String, of run: RunID, step: Int) async throws {
        let path = server.logPath(
            LogPlace(run: run, attempt: 1, job: JobID("test"), step: StepAttempt(step: StepPath(step))))
        while true {
            let log = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            if log.split(separator: "\n").contains(text[...]) { return }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    func report(_ run: RunID) throws -> RunReport { try server.report(of: run, attempt: nil) }

    /// Waits until a run is over.
    func end(of run: RunID) async throws -> RunReport {
        let news = server.feed.subscribe(to: .run(run))
        let now = try report(run)
        if now.state == .finished { return now }
        for await _ in news {
            let report = try report(run)
            if report.state == .finished { return report }
        }
        return try report(run)
    }

    /// A lease's time passes, second by second, as the server's clock does.
    func passALease() async {
        for _ in 0...RunnerLimits.leaseMs / 1_000 + 1 {
            clock.advance(1_000)
            await server.runs.tick()
        }
    }

    /// A registered runner that works until the task is cancelled.
    func runner(
        _ name: String, labels: [String] = RunnerLabels.machine, capacity: Int = 4
    ) async throws -> (agent: JobRunner, id: String) {
        let offer = RegistrationOffer(prefix: "x", expiresAt: .now() + .minutes(5))
        let secret = AccessToken.mint(.registration)
        _ = try await server.directory.perform(.issueRegistration(offer, sha256: secret.sha256), by: .system("test"))
        let answer = try await ServerLink.register(
            RegistrationRequest(
                token: secret.text, offering: RunnerOffering(name: name, labels: labels, capacity: capacity)),
            at: "http://server.test", transport: transport)
        return (try agent(name, credential: answer.credential, capacity: capacity), answer.id)
    }

    /// A credential of a runner that asks for nothing by itself.
    func registered(
        _ name: String, labels: [String] = RunnerLabels.machine, isEphemeral: Bool = false
    ) async throws -> String {
        let offer = RegistrationOffer(prefix: "x", expiresAt: .now() + .minutes(5))
        let secret = AccessToken.mint(.registration)
        _ = try await server.directory.perform(.issueRegistration(offer, sha256: secret.sha256), by: .system("test"))
        return try await ServerLink.register(
            RegistrationRequest(
                token: secret.text,
                offering: RunnerOffering(name: name, labels: labels, capacity: 4, isEphemeral: isEphemeral)),
            at: "http://server.test", transport: transport
        ).credential
    }

    /// A runner that has nothing but the server's address.
    ///
    /// - Parameters:
    ///   - exchange: to the object storage; `nil`: it asks none.
    ///   - seen: told the folder that each job's code is in.
    func farAgent(
        _ name: String, credential: String, transport: @escaping HTTPTransport,
        seen: @escaping @Sendable (String) -> Void = { _ in },
        changing change: (inout JobRunner.Surroundings) -> Void = { _ in }, exchange: HTTPExchange? = nil
    ) throws -> JobRunner {
        let store = try RunStore(root: folder + "/far-" + name)
        let environment = ["PATH": "/usr/bin:/bin", "MARTLET_OFFLINE": "1", "MARTLET_HOME": store.root]
        var parts = JobRunner.Surroundings(
            store: store, capacity: 4,
            settings: { (content) throws(DiagnosticError) in
                seen(content.record.repository.root)
                let files = try content.workflowFiles(in: store, environment: environment)
                var settings = RunSession.Settings(capacity: 1, offer: try files.offer(), engines: files.engines)
                settings.ownFolder = files.state.root
                settings.hostEnvironment = ["PATH=/usr/bin:/bin", "HOME=/tmp"]
                return settings
            },
            link: { () throws(DiagnosticError) in
                ServerLink(
                    url: "http://server.test", credential: credential, transport: transport, exchange: exchange)
            }, report: { _ in })
        parts.isFar = true
        change(&parts)
        return JobRunner(parts)
    }

    /// - Parameter transport: `nil`: straight to the server's door.
    func agent(
        _ name: String, credential: String, capacity: Int = 4, transport: HTTPTransport? = nil,
        changing change: (inout JobRunner.Surroundings) -> Void = { _ in }
    ) throws -> JobRunner {
        let store = try RunStore(root: folder + "/runner-" + name)
        let transport = transport ?? self.transport
        var parts = JobRunner.Surroundings(
            store: store, capacity: capacity,
            settings: { (content) throws(DiagnosticError) in try Self.settings(content) },
            link: { () throws(DiagnosticError) in
                ServerLink(url: "http://server.test", credential: credential, transport: transport)
            }, report: { _ in })
        change(&parts)
        return JobRunner(parts)
    }

    /// With what a runner beside the server carries out a job.
    static func settings(_ content: JobContent) throws(DiagnosticError) -> RunSession.Settings {
        let files = WorkflowFiles(folder: content.record.repository.root, environment: ["PATH": "/usr/bin:/bin"])
        var settings = RunSession.Settings(capacity: 1, offer: try files.offer(), engines: files.engines)
        settings.hostEnvironment = ["PATH=/usr/bin:/bin", "HOME=/tmp"]
        return settings
    }
}

/// The system's clock, with what a test adds to it.
final class SetClock: Sendable {
    private let added = Mutex<Int64>(0)

    var now: Int64 { Timestamp.now().milliseconds + added.withLock { $0 } }

    func advance(_ milliseconds: Int64) { added.withLock { $0 += milliseconds } }
}

final class ByteBox {
    private(set) var bytes: [UInt8] = []
    func append(_ more: [UInt8]) { bytes += more }
}
