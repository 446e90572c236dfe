// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import EventJournal
import HTTPMessages
import PipelineModel
import RunCoordination
import SourceForges
import StructuredData
import Synchronization
import Testing
import Timekeeping
import TriggerIntake

/// A forge that notes down what it is told, and answers what the test says.
private final class Forge: Sendable {
    struct State {
        var calls: [HTTPCall] = []
        var answers: [HTTPAnswer] = []
    }

    let state = Mutex(State())

    var transport: HTTPTransport {
        { (call) throws(DiagnosticError) in
            self.state.withLock { state in
                state.calls.append(call)
                return state.answers.isEmpty
                    ? HTTPAnswer(status: 201, body: Array(#"{"id": 77}"#.utf8)) : state.answers.removeFirst()
            }
        }
    }

    /// `state context` of each call.
    var told: [String] {
        state.withLock { $0.calls }.map { call in
            let body = try? DataValue(json: call.body)
            return
                "\(body?["state"]?.string ?? body?["status"]?.string ?? "-") \(body?["context"]?.string ?? body?["name"]?.string ?? "-")"
        }
    }
}

@Suite("Statuses of runs on a forge")
struct StatusTests {
    let ground: Ground
    private let forge = Forge()

    init() throws { ground = try Ground() }

    private func desk(
        _ route: StatusRoute = .githubStatuses, _ change: @Sendable (inout StatusTarget) -> Void = { _ in }
    ) throws -> StatusDesk {
        var target = StatusTarget(
            try ForgeAddress(.github, server: "https://github.com"), route: route, token: "t", repository: "lark/tern")
        change(&target)
        let ground = ground
        return StatusDesk(
            StatusDesk.Surroundings(
                store: ground.store, now: { ground.now }, target: { [target] in $0 == "prj_1" ? target : nil },
                url: { run, _ in "https://ci.example.org/runs/\(run)" }, transport: forge.transport))
    }

    private func change(_ kind: RunChange.Kind, run: Int = 1, payload: DataObject = [:]) -> RunChange {
        let plan = Plan(
            workflowPath: ".github/workflows/ci.yml", workflowName: "CI", trigger: Trigger(event: "push"), jobs: [])
        var repository = RepositoryState(root: "/")
        repository.sha = String(repeating: "a", count: 40)
        var record = RunRecord(plan: plan, repository: repository, payload: payload)
        record.createdAt = ground.now.milliseconds
        return RunChange(
            run: RunID(run), attempt: 1, project: "prj_1", kind: kind, at: ground.now.milliseconds + 65_000,
            record: record)
    }

    @Test("It is told that a run waits, runs and ended, with its page, and each once")
    func told() async throws {
        let desk = try desk()
        for kind in [RunChange.Kind.began, .running, .finished(.success), .finished(.success)] {
            try await desk.runChanged(change(kind))
            await desk.idle()
        }
        #expect(forge.told == ["pending martlet/CI", "pending martlet/CI", "success martlet/CI"])
        let call = try #require(forge.state.withLock { $0.calls.last })
        let body = try DataValue(json: call.body)
        #expect(body["target_url"] == "https://ci.example.org/runs/1")
        #expect(body["description"] == "It succeeded after 1 min 5 s.")
        #expect(call.url.hasSuffix("/statuses/" + String(repeating: "a", count: 40)))
        #expect(try ground.store.journal.pendingMessages(limit: 10).isEmpty)
    }

    @Test("A run that waited before an environment is told to run again, however many jobs of it begin")
    func gated() async throws {
        let desk = try desk()
        let job = JobID("deploy")
        let kinds: [RunChange.Kind] = [
            .began, .running, .running, .gated(job, environment: "prod"), .running, .running,
            .gated(job, environment: "prod"), .finished(.success),
        ]
        for kind in kinds {
            ground.pass(.seconds(5))
            try await desk.runChanged(change(kind))
            await desk.idle()
        }
        let texts = forge.state.withLock { $0.calls }.map {
            (try? DataValue(json: $0.body))?["description"]?.string ?? ""
        }
        #expect(
            texts.map { String($0.prefix(8)) } == [
                "It waits", "It runs.", "It waits", "It runs.", "It waits", "It succe",
            ])
    }

    @Test("While a forge is away states gather, and the last one wins; a restart loses none")
    func coalesced() async throws {
        let first = try desk()
        forge.state.withLock { $0.answers = [HTTPAnswer(status: 503)] }
        try await first.runChanged(change(.began))
        await first.idle()
        try await first.runChanged(change(.running))
        try await first.runChanged(change(.finished(.failure)))
        await first.idle()
        #expect(forge.told == ["pending martlet/CI"])
        let next = try desk()
        await next.tick()
        await next.idle()
        #expect(forge.told == ["pending martlet/CI", "failure martlet/CI"])
        #expect(try ground.store.journal.pendingMessages(limit: 10).isEmpty)
    }

    @Test("What a forge refuses for good is given up; what it never takes is given up after a day")
    func givenUp() async throws {
        let desk = try desk()
        forge.state.withLock { $0.answers = [HTTPAnswer(status: 404)] }
        try await desk.runChanged(change(.began))
        await desk.idle()
        #expect(try ground.store.journal.pendingMessages(limit: 10).isEmpty)
        forge.state.withLock { $0.answers = Array(repeating: HTTPAnswer(status: 503), count: 100) }
        try await desk.runChanged(change(.finished(.success)))
        await desk.idle()
        for _ in 0..<30 {
            ground.pass(.minutes(60))
            await desk.tick()
            await desk.idle()
        }
        #expect(try ground.store.journal.pendingMessages(limit: 10).isEmpty)
        #expect(forge.told.count < 40)
    }

    @Test("A check run is made once and then changed, also by the next process")
    func checks() async throws {
        let first = try desk(.githubChecks)
        try await first.runChanged(change(.began))
        await first.idle()
        let next = try desk(.githubChecks)
        try await next.runChanged(change(.finished(.success)))
        await next.idle()
        let calls = forge.state.withLock { $0.calls }
        #expect(calls.map(\.method) == ["POST", "PATCH"])
        #expect(calls.last?.url.hasSuffix("/check-runs/77") == true)
    }

    @Test("Of a pull request it is the head that is told of, never the merge")
    func head() async throws {
        let desk = try desk()
        let head = String(repeating: "b", count: 40)
        try await desk.runChanged(change(.began, payload: ["pull_request": ["head": ["sha": .string(head)]]]))
        await desk.idle()
        #expect(forge.state.withLock { $0.calls.last }?.url.hasSuffix(head) == true)
    }

    @Test("Jobs and workflows that a filter left out are told of only where the project asks")
    func wishes() async throws {
        let plain = try desk()
        let wishing = try desk {
            $0.tellsJobs = true
            $0.tellsFiltered = true
        }
        var job = JobChange(change(.running), JobID("build"), .failure)
        job.reason = Reason(.exitCode, "Process completed with exit code 3.")
        var verdict = WorkflowVerdict(
            path: "a.yml", name: "Docs", event: "pull_request", commit: String(repeating: "a", count: 40),
            outcome: .notTriggered(Reason(.triggerFilter, "No file matches.")))
        verdict.isFiltered = true
        for desk in [plain, wishing] {
            try await desk.jobEnded(job)
            try await desk.planned([verdict], of: "prj_1")
            await desk.idle()
        }
        #expect(forge.told == ["failure martlet/CI/build", "success martlet/Docs"])
    }
}
