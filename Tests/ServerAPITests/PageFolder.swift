// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Credentials
import Diagnostics
import FileAccess
import Foundation
import HTTPMessages
import HTTPServing
import PipelineModel
import RunCoordination
import RunIndex
import RunnerAgent
import RunnerProtocol
import StructuredData
import Testing
import Timekeeping
import WorkflowPlanning

@testable import ServerAPI
@testable import ServerOperation

/// A server whose runs are carried out, asked for its pages as a browser asks.
final class PageFolder: Sendable {
    let served: ServedFolder
    let project: EntryID
    /// An administrator's.
    let token: String
    private let workflows: String

    static let name = "team/shop"

    var server: Server { served.server }

    init(
        _ workflow: String = "", status: ProjectSettings.StatusVisibility = .members,
        _ change: (inout ServerSettings) -> Void = { _ in }
    ) async throws {
        served = try await ServedFolder(change)
        workflows = served.folder + "-repository"
        try FileManager.default.createDirectory(
            atPath: workflows + "/.github/workflows", withIntermediateDirectories: true)
        try workflow.write(toFile: workflows + "/.github/workflows/ci.yml", atomically: true, encoding: .utf8)
        token = try await served.admin()
        var settings = ProjectSettings(name: Self.name, forge: .github, cloneURL: "https://forge.test/acme/shop.git")
        settings.statusVisibility = status
        _ = try await served.server.directory.perform(.addProject(settings, admin: nil), by: .system("test"))
        project = try #require(served.server.directory.current.project(named: Self.name)?.id)
    }

    deinit { try? FileManager.default.removeItem(atPath: workflows) }

    // MARK: asking

    static let browser: HTTPHeaders = [("Accept", "text/html,application/xhtml+xml")]

    func page(_ target: String, token: String? = nil, headers: HTTPHeaders = browser) async -> Reply {
        await served.ask("GET", target, token: token ?? self.token, headers: headers)
    }

    func anonymous(_ target: String) async -> Reply {
        await served.ask("GET", target, headers: Self.browser)
    }

    func post(_ target: String, _ fields: [(String, String)] = [], token: String? = nil) async -> Reply {
        var headers = Self.browser
        headers.add("Content-Type", "application/x-www-form-urlencoded")
        let body = FormText.text(fields.map { FormText.Pair($0.0, $0.1) })
        return await served.ask("POST", target, token: token ?? self.token, headers: headers, body: body)
    }

    // MARK: runs

    private func record(ref: String, subject: String) throws -> RunRecord {
        let files = WorkflowFiles(folder: workflows, environment: ["PATH": "/usr/bin:/bin"])
        var request = PlanPreparation.Request()
        request.event = "push"
        request.ref = ref
        let outcome = try PlanPreparation(files: files, request: request).prepare(
            all: [".github/workflows/ci.yml"])[0]
        let prepared = try #require(outcome.prepared, "\(outcome.diagnostics)")
        var record = RunRecord(plan: prepared.plan, repository: files.state, payload: prepared.payload)
        record.repository.sha = String(repeating: "ab", count: 20)
        record.repository.actor = "Ada <i>L</i>"
        record.repository.headCommit = CommitInfo(
            id: record.repository.sha, message: subject, authorName: "Ada", authorEmail: "ada@example.org",
            timestamp: "2026-11-26T00:00:00Z")
        record.project = project.description
        record.createdAt = Timestamp.now().milliseconds
        return record
    }

    func begin(ref: String = "main", subject: String = "Adds <script>alert(1)</script>") async throws -> RunID {
        try await server.runs.begin(try record(ref: ref, subject: subject))
    }

    func hold(_ reason: String) async throws -> RunID {
        let run = try await server.runs.hold(try record(ref: "main", subject: "From elsewhere"), reason)
        try await listed(run)
        return run
    }

    /// Waits until lists have a run as it is.
    func listed(_ run: RunID, _ isAsWanted: (RunStateOfList) -> Bool = { _ in true }) async throws {
        while true {
            if let row = try server.index.run(run), isAsWanted(row.state == .finished ? .over : .open) { return }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    enum RunStateOfList { case open, over }

    /// Waits until a run is over, in lists as well.
    func end(of run: RunID) async throws {
        for await _ in server.feed.subscribe(to: .run(run)) where await !server.runs.isActive(run) { break }
        try await listed(run) { $0 == .over }
    }

    /// What a runner does while the body lasts.
    func withRunner<Value>(_ body: () async throws -> Value) async throws -> Value {
        let offer = RegistrationOffer(prefix: "x", expiresAt: .now() + .minutes(5))
        let secret = AccessToken.mint(.registration)
        _ = try await server.directory.perform(.issueRegistration(offer, sha256: secret.sha256), by: .system("test"))
        let door = served.door
        let transport: HTTPTransport = { (call) throws(DiagnosticError) in
            let path = String(call.url.dropFirst("http://server.test".count))
            let answer = await door.answer(
                InboundRequest(call.method, path, headers: call.headers, body: call.body))
            var bytes: [UInt8] = []
            if case .bytes(let content) = answer.content { bytes = content }
            return HTTPAnswer(status: answer.status, headers: answer.headers, body: bytes)
        }
        let answer = try await ServerLink.register(
            RegistrationRequest(
                token: secret.text,
                offering: RunnerOffering(name: "helper", labels: RunnerLabels.machine, capacity: 4)),
            at: "http://server.test", transport: transport)
        let agent = JobRunner(
            JobRunner.Surroundings(
                store: try RunStore(root: served.folder + "-runner"), capacity: 4,
                settings: { (content) throws(DiagnosticError) in
                    let files = WorkflowFiles(
                        folder: content.record.repository.root, environment: ["PATH": "/usr/bin:/bin"])
                    var settings = RunSession.Settings(capacity: 1, offer: try files.offer(), engines: files.engines)
                    settings.hostEnvironment = ["PATH=/usr/bin:/bin", "HOME=/tmp"]
                    return settings
                },
                link: { () throws(DiagnosticError) in
                    ServerLink(url: "http://server.test", credential: answer.credential, transport: transport)
                }, report: { _ in }))
        let work = Task { try await agent.run() }
        defer { try? Trees.remove(served.folder + "-runner") }
        let value = try await body()
        await agent.leave()
        try await work.value
        return value
    }
}
