// SPDX-License-Identifier: Apache-2.0

import Credentials
import Diagnostics
import Foundation
import HTTPMessages
import HTTPServing
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
import Testing
import Timekeeping

@Suite("What a killed server or runner leaves", .ownFolders)
struct KilledServerTests {
    private static let step = StepAttempt(step: StepPath(1))

    private func poll(_ harness: ServerHarness, _ runner: String, instance: String = "x") async -> PollAnswer {
        await harness.server.runs.poll(runner, PollRequest(instance: instance, free: 1, holds: [], waitMs: 0))
    }

    /// A run whose job a runner has by the server's word.
    private func given() async throws -> (ServerHarness, ghost: String, RunID, LeaseKey) {
        let harness = try await ServerHarness(workflows: ["ci.yml": ServedRunTests.plain])
        let (_, ghost) = try await harness.runner("ghost")
        let run = try await harness.begin("ci.yml")
        let lease = try #require(await poll(harness, ghost).assignments.first?.lease)
        return (harness, ghost, run, lease)
    }

    @Test("A job whose assignment was cut off with the server is given again as soon as its runner is heard of")
    func assignmentCutOff() async throws {
        let (harness, ghost, run, first) = try await given()
        try await harness.restart()
        // The runner lives, and never heard of the job.
        var again = await poll(harness, ghost)
        if again.assignments.isEmpty { again = await poll(harness, ghost) }
        let lease = try #require(again.assignments.first?.lease)
        #expect(lease.work == first.work && lease.fence > first.fence)
        let notes = try harness.report(run).jobs[0].notes
        #expect(notes.contains { $0.contains("never came to its runner") }, "\(notes)")
    }

    @Test("A server that has not taken up what it had says nothing of it: neither runners nor people are misled")
    func starting() async throws {
        let (harness, ghost, run, lease) = try await given()
        try await harness.restart(starting: false)
        #expect(!harness.server.hasStarted)
        for path in ["/api/v1/runs", "/api/v1/runs/\(run)"] {
            let early = await harness.send("GET", path)
            #expect(early.status == 503 && early.body["code"]?.string == "MRT1310", "\(early.body.jsonText())")
        }
        #expect(await harness.send("GET", "/healthz").status == 200)
        #expect(await harness.send("GET", "/readyz").status == 503)
        try await harness.server.start(url: "http://server.test")
        #expect(await harness.send("GET", "/api/v1/runs/\(run)").status == 200)
        #expect(await harness.server.runs.position(lease, of: ghost) != nil)
    }

    @Test("A runner that begins anew keeps its jobs until the server says that they are another's")
    func patient() async throws {
        let harness = try await ServerHarness()
        let root = harness.folder + "/runner-late"
        try FileManager.default.createDirectory(atPath: root + "/leases", withIntermediateDirectories: true)
        let lease = LeaseKey(JobTry(run: RunID(1), attempt: 1, job: JobID("a"), number: 1), fence: 1)
        let file = root + "/leases/1-1-a-1.json"
        try lease.data.jsonText().write(toFile: file, atomically: true, encoding: .utf8)
        let answers = Mutex([(503, "MRT1310"), (503, "MRT1131"), (502, ""), (410, "MRT1132")])
        let kept = Mutex<[Bool]>([])
        let transport: HTTPTransport = { (call) throws(DiagnosticError) in
            guard call.url.hasSuffix("/assignment") else {
                throw DiagnosticError(.credentialRefused, "It is to end.")
            }
            kept.withLock { $0.append(FileManager.default.fileExists(atPath: file)) }
            let (status, code) = answers.withLock { $0.isEmpty ? (410, "MRT1132") : $0.removeFirst() }
            return HTTPAnswer(status: status, body: Array(#"{"code":"\#(code)","detail":"No."}"#.utf8))
        }
        let agent = JobRunner(
            JobRunner.Surroundings(
                store: try RunStore(root: root), capacity: 1,
                settings: { (_) throws(DiagnosticError) in throw DiagnosticError(.webUnreachable, "No job.") },
                link: { () throws(DiagnosticError) in
                    ServerLink(url: "http://server.test", credential: "c", transport: transport)
                }, report: { _ in }))
        try await agent.run()
        #expect(kept.withLock { $0 } == [true, true, true, true])
        #expect(!FileManager.default.fileExists(atPath: file))
    }

    @Test("A job of which a line came has begun, though nothing else of it was heard: it is not run twice")
    func begunByItsLines() async throws {
        let (harness, ghost, run, lease) = try await given()
        let lines = Progress(lease: lease, parts: [.log(Self.step, offset: 0, Array("one\ntwo\nthr".utf8))])
        _ = try await harness.server.runs.progress(lines, of: ghost)
        // What was taken in by a process that is gone counts as well.
        try await harness.restart()
        harness.clock.advance(RunnerLimits.leaseMs + 1)
        await harness.server.runs.tick()
        let report = try await harness.end(of: run)
        #expect(report.jobs[0].conclusion == .failure && report.jobs[0].reason?.kind == .interrupted)
        // Whoever follows the log of the step that was cut off gets to its end.
        let log = await harness.events("/api/v1/runs/\(run)/attempts/1/logs/build/1/1")
        #expect(
            log.contains("id: 2\n") && log.contains("\"two\"") && log.hasSuffix("event: end\ndata: {}\n\n"), "\(log)")
    }

    @Test("The list of runs is made right from the journal, whatever of it was not written")
    func list() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": ServedRunTests.plain])
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        var runs: [RunID] = []
        for _ in 0..<3 { runs.append(try await harness.begin("ci.yml")) }
        for run in runs { #expect(try await harness.end(of: run).conclusion == .success) }
        while try await !harness.rows(3).allSatisfy({ $0.state == .finished }) { await Task.yield() }
        await agent.leave()
        try await work.value
        let whole = try harness.server.index.runs(RunQuery())
        // The end of one was not written, and the one before the newest is missing.
        var open = try #require(whole.last)
        (open.state, open.conclusion, open.finishedAt) = (.running, nil, nil)
        try harness.server.index.put([open])
        try harness.server.index.remove(runs[1])
        try await harness.restart()
        let found = try harness.server.index.runs(RunQuery())
        #expect(found.map(\.run) == whole.map(\.run))
        #expect(found.map(\.conclusion) == [.success, .success, .success])
        #expect(found.map(\.finishedAt) == whole.map(\.finishedAt))
    }

    @Test("A run that is asked for again with one key has one new attempt, whatever became of the answer")
    func rerunOnce() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": ServedRunTests.plain])
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        let run = try await harness.begin("ci.yml")
        _ = try await harness.end(of: run)
        await agent.leave()
        try await work.value
        #expect(try await harness.server.runs.rerun(run, .all, key: "k") == 2)
        #expect(try await harness.server.runs.rerun(run, .all, key: "k") == 2)
        await #expect(throws: DiagnosticError.self) { try await harness.server.runs.rerun(run, .all, key: "other") }
        try await harness.restart()
        #expect(try await harness.server.runs.rerun(run, .all, key: "k") == 2)
    }

    @Test("A workflow that could not be started is tried again by the next request with the same key")
    func dispatchAgain() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": TriggeredRunTests.workflow])
        _ = try TriggeredRunTests.pushed(harness, word: "first")
        try FileManager.default.moveItem(atPath: harness.repository, toPath: harness.folder + "/away")
        func dispatch() async -> (status: Int, body: DataValue) {
            await harness.send(
                "POST", "/api/v1/projects/demo/runs", ["workflow": "ci.yml"], headers: [("Idempotency-Key", "k")])
        }
        #expect(await dispatch().status >= 500)
        try FileManager.default.moveItem(atPath: harness.folder + "/away", toPath: harness.repository)
        let answer = await dispatch()
        #expect(answer.status == 201, "\(answer.body.jsonText())")
        #expect(await dispatch().body == answer.body)
        #expect(try await harness.rows(1).count == 1)
    }
}
