// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Announcements
import Credentials
import Diagnostics
import Foundation
import HTTPMessages
import HTTPServing
import NotificationRules
import PipelineModel
import RunCoordination
import RunIndex
import StructuredData
import Synchronization
import Testing
import Timekeeping
import WebClient

/// A server's folder with a journal and lists, a directory that is not written down, and a clock that a test turns.
final class Ground: Sendable {
    private struct State: Sendable {
        var directory = Directory()
        var now = Timestamp(milliseconds: 1_800_000_000_000)
        var secrets: [String: String] = [:]
        var reports: [Diagnostic] = []
        var counts: [String: Int] = [:]
        var nextRun = 0
    }

    let folder: String
    let store: RunStore
    let index: RunLists
    private let client: WebClient
    private let state = Mutex(State())

    init() throws {
        folder = NSTemporaryDirectory() + "martlet-announcements-" + UUID().uuidString.prefix(8)
        store = try RunStore(root: folder)
        index = try RunLists(path: folder + "/index.sqlite")
        client = try WebClient()
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    var now: Timestamp { state.withLock(\.now) }
    var directory: Directory { state.withLock(\.directory) }
    var reports: [Diagnostic] { state.withLock(\.reports) }
    var counts: [String: Int] { state.withLock(\.counts) }

    func pass(_ span: Timestamp.Span) { state.withLock { $0.now = $0.now + span } }

    func keep(_ text: String) -> String {
        state.withLock { state in
            let reference = "ref_\(state.secrets.count)"
            state.secrets[reference] = text
            return reference
        }
    }

    @discardableResult
    func perform(_ command: DirectoryCommand, by name: String = "test") throws -> [DirectoryEvent] {
        try state.withLock { state in
            let events = try state.directory.decide(command, by: .system(name), now: state.now)
            for event in events { state.directory.apply(event, at: state.now) }
            return events
        }
    }

    /// As the rest of a server gives it. Addresses of this machine are allowed, and really asked.
    func surroundings(isGuarded: Bool = false) -> AnnouncementSurroundings {
        let client = client
        let web = WebReach(
            transport: client.transport,
            resolve: { (host) throws(DiagnosticError) in try await PinnedCalls.addresses(of: host) },
            pinned: { (call, host, address) throws(DiagnosticError) in
                try await client.send(call, host: host, address: address)
            })
        var surroundings = AnnouncementSurroundings(
            store: store, index: index, now: { self.now }, directory: { self.directory }, web: web)
        if !isGuarded { surroundings.addressGuard = .allowingPrivate }
        surroundings.secret = { (reference) throws(DiagnosticError) in
            guard let text = self.state.withLock({ $0.secrets[reference] }) else {
                throw DiagnosticError(.channelUnusable, "There is no such secret.")
            }
            return text
        }
        surroundings.address = { "https://ci.test" }
        surroundings.switchOff = { (hook, reason) throws(DiagnosticError) in
            do {
                try self.perform(.setHookState(hook, .failing, reason: reason))
            } catch {
                throw (error as? DiagnosticError) ?? DiagnosticError(.outgoingMissing, "\(error)")
            }
        }
        surroundings.counted = { kind, outcome in
            self.state.withLock { $0.counts["\(kind) \(outcome)", default: 0] += 1 }
        }
        surroundings.report = { error in self.state.withLock { $0.reports.append(error.diagnostic) } }
        return surroundings
    }

    // MARK: what there is

    func project(_ name: String = "web") throws -> EntryID {
        try perform(.addProject(ProjectSettings(name: name, forge: .git, cloneURL: "/srv/\(name)"), admin: nil))
        return try #require(directory.project(named: name)?.id)
    }

    func hook(_ url: String, project: EntryID?, events: [String] = [], secret: String) throws -> EntryID {
        try perform(
            .setHook(nil, HookSettings(project: project, url: url, events: events, secretReference: keep(secret))))
        return try #require(directory.hooks.keys.max())
    }

    func channel(
        _ name: String, _ kind: ChannelSettings.Kind, _ address: String, project: EntryID?, events: [String] = []
    ) throws {
        try perform(
            .setChannel(
                nil,
                ChannelSettings(
                    project: project, name: name, kind: kind, addressReference: keep(address), events: events)))
    }

    func account(_ name: String, _ email: String, _ role: Role?, in project: EntryID) throws -> EntryID {
        try perform(.addAccount(NewAccount(name: name, email: email)))
        let id = try #require(directory.account(named: name)?.id)
        if let role { try perform(.grantRole(project: project, account: id, role)) }
        return id
    }

    // MARK: runs

    /// A run of `ci.yml` on main that is there and has no events yet.
    func run(_ project: EntryID, author: String = "ann@example.org") throws -> RunChange {
        var plan = Plan(
            workflowPath: ".github/workflows/ci.yml", workflowName: "CI",
            trigger: Trigger(event: "push", ref: "refs/heads/main"), jobs: [])
        plan.env = nil
        var repository = RepositoryState(root: folder)
        repository.sha = String(repeating: "a", count: 40)
        repository.headCommit = CommitInfo(
            id: repository.sha, message: "Say more\n\nAnd better.", authorName: "Ann", authorEmail: author,
            timestamp: "2027-01-15T08:00:00Z")
        var record = RunRecord(plan: plan, repository: repository, payload: [:])
        record.project = project.description
        record.createdAt = now.milliseconds
        let run = try store.newRun()
        try record.save(in: store, run)
        return RunChange(
            run: run, attempt: 1, project: project.description, kind: .began, at: now.milliseconds, record: record,
            startedAt: now.milliseconds)
    }

    /// The same run, with something that happened now.
    func change(_ run: RunChange, _ kind: RunChange.Kind) -> RunChange {
        var change = run
        change.kind = kind
        change.at = now.milliseconds
        return change
    }

    /// Puts a run's end into the lists, as a server does behind it.
    func list(_ change: RunChange, _ conclusion: Conclusion) throws {
        var row = RunRow(
            run: change.run, attempt: change.attempt, project: change.project,
            workflowPath: change.record.plan.workflowPath, workflow: "CI", event: "push",
            createdAt: change.record.createdAt)
        row.ref = "refs/heads/main"
        row.state = .finished
        row.conclusion = conclusion
        row.finishedAt = change.at
        try index.put([row])
    }
}

/// An endpoint of this machine that keeps what it is sent, and answers what it is told to.
final class Endpoint: Sendable {
    struct Request: Sendable {
        var path: String
        var headers: HTTPHeaders
        var body: [UInt8]

        var data: DataValue { (try? DataValue(json: body)) ?? .null }
    }

    let port: Int
    private let shared: Shared
    private let listener: HTTPListener
    private let serving: Task<Void, any Error>

    var url: String { "http://127.0.0.1:\(port)/hook?key=1" }

    init() async throws {
        let state = Shared()
        let listener = HTTPListener(.init(host: "127.0.0.1", port: 0)) { inbound in
            let body = (try? await inbound.body(limit: 1 << 20)) ?? []
            return state.take(Request(path: inbound.path, headers: inbound.headers, body: body))
        }
        let (ports, told) = AsyncStream<Int>.makeStream()
        serving = Task { try await listener.run { told.yield($0) } }
        port = try #require(await ports.first { _ in true })
        self.listener = listener
        shared = state
    }

    /// What comes in the order in which it came.
    var received: [Request] { shared.requests }

    /// What is answered next, once each; then 204.
    func answer(_ answers: OutboundAnswer...) { shared.answer(answers) }

    func stop() async {
        await listener.stop()
        serving.cancel()
    }

    private final class Shared: Sendable {
        private let state = Mutex<(requests: [Request], answers: [OutboundAnswer])>(([], []))

        var requests: [Request] { state.withLock(\.requests) }

        func answer(_ answers: [OutboundAnswer]) { state.withLock { $0.answers += answers } }

        func take(_ request: Request) -> OutboundAnswer {
            state.withLock { state in
                state.requests.append(request)
                return state.answers.isEmpty ? OutboundAnswer(status: 204) : state.answers.removeFirst()
            }
        }
    }
}
