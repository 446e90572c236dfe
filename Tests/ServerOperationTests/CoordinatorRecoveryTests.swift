// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Credentials
import Diagnostics
import EventJournal
import Foundation
import PipelineModel
import RunCoordination
import RunEngine
import RunnerAgent
import RunnerProtocol
import SecretVault
import ServerOperation
import StructuredData
import TestFolders
import Testing
import Timekeeping

@Suite("What a server decides beside runners, people and its own end", .ownFolders)
struct CoordinatorRecoveryTests {
    private static let quick = """
        on: push
        jobs:
          build:
            runs-on: ubuntu-latest
            steps: [{run: echo built}]
        """

    private func poll(
        _ harness: ServerHarness, _ runner: String, holds: [LeaseKey] = [], waitMs: Int64 = 0
    ) async -> PollAnswer {
        await harness.server.runs.poll(
            runner, PollRequest(instance: "x", free: 4, holds: holds, waitMs: waitMs))
    }

    private func finish(
        _ harness: ServerHarness, _ lease: LeaseKey, _ runner: String, _ conclusion: Conclusion = .success,
        outputs: DataObject = [:]
    ) async throws {
        let outcome = JobOutcome(conclusion).data.object ?? DataObject()
        let last = Progress(lease: lease, parts: [.finished(outcome: outcome, outputs: outputs)])
        _ = try await harness.server.runs.progress(last, of: runner)
    }

    // MARK: held runs

    @Test("No job of a run that was rejected is ever given away, and a second answer changes nothing")
    func rejected() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.quick])
        let (_, ghost) = try await harness.runner("ghost")
        let begun = try await harness.begin("ci.yml")
        for lease in await poll(harness, ghost).assignments.map(\.lease) { try await finish(harness, lease, ghost) }
        let runs = harness.server.runs
        let held = try await runs.hold(try RunRecord.load(from: harness.server.store, begun), "It is of a fork.")
        async let waiting = poll(harness, ghost, waitMs: 60_000)
        while await !runs.isPolled(by: ghost) { await Task.yield() }
        #expect(try await runs.release(held, isApproved: false, reason: "no"))
        #expect(try await harness.end(of: held).conclusion == .cancelled)
        await runs.stop()
        #expect(await waiting.assignments.isEmpty)
        // As where the server ended between the two.
        try "It is of a fork.".write(
            toFile: harness.server.store.root + "/runs/\(held)/held", atomically: true, encoding: .utf8)
        try await harness.restart()
        #expect(try await !harness.server.runs.release(held, isApproved: true, reason: ""))
        #expect(await harness.server.runs.isHealthy)
        // Nor is it run by another way.
        let again = await harness.send("POST", "/api/v1/runs/\(held)/rerun", [:])
        #expect(again.status == 403 && again.body["code"]?.string == "MRT1390", "\(again.body.jsonText())")
    }

    @Test("A run that waits to be let begin can be cancelled, and never begins then")
    func heldAndCancelled() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.quick])
        let begun = try await harness.begin("ci.yml")
        let runs = harness.server.runs
        let held = try await runs.hold(try RunRecord.load(from: harness.server.store, begun), "It is of a fork.")
        // As it is asked for: by the API.
        #expect(await harness.send("POST", "/api/v1/runs/\(held)/cancel", [:]).status < 300)
        #expect(try await harness.end(of: held).conclusion == .cancelled)
        #expect(try await !runs.release(held, isApproved: true, reason: ""))
    }

    @Test("What waits to be let begin ends with its project, and so does what began as it was removed")
    func strays() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.quick])
        let begun = try await harness.begin("ci.yml")
        let runs = harness.server.runs
        let record = try RunRecord.load(from: harness.server.store, begun)
        let held = try await runs.hold(record, "It is of a fork.")
        _ = try await harness.rows(2)
        #expect(await harness.send("DELETE", "/api/v1/projects/demo").status == 204)
        #expect(try await harness.end(of: held).conclusion == .cancelled)
        let late = try await runs.begin(record)
        await runs.cancelStrays(of: [])
        #expect(try await harness.end(of: late).conclusion == .cancelled)
    }

    @Test("With its project a run ends, and nobody but the server's administrators sees it any more")
    func projectRemoved() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.quick])
        let run = try await harness.begin("ci.yml")
        let keeper = harness.server.directory
        _ = try await keeper.perform(.addAccount(NewAccount(name: "eve")), by: .system("test"))
        let eve = try await keeper.makeToken(TokenGrant([.read]), name: "t", account: "eve", now: .now())
        #expect(await harness.send("DELETE", "/api/v1/projects/demo").status == 204)
        #expect(try await harness.end(of: run).conclusion == .cancelled)
        _ = try await harness.rows(1)
        #expect(await harness.send("GET", "/api/v1/runs", token: eve.text).body["items"]?.array == [])
        #expect(await harness.send("GET", "/api/v1/runs").body["items"]?.array?.count == 1)
    }

    // MARK: groups

    @Test("Who holds a concurrency group when the server ends holds it after that, whoever is older")
    func groups() async throws {
        let harness = try await ServerHarness(workflows: [
            "late.yml": """
            on: push
            jobs:
              first:
                runs-on: ubuntu-latest
                steps: [{run: "true"}]
              second:
                needs: first
                concurrency: {group: g}
                runs-on: ubuntu-latest
                steps: [{run: "true"}]
            """,
            "now.yml": """
            on: push
            concurrency: {group: g}
            jobs:
              only:
                runs-on: ubuntu-latest
                steps: [{run: "true"}]
            """,
        ])
        let (_, ghost) = try await harness.runner("ghost")
        let late = try await harness.begin("late.yml")
        let first = try #require(await poll(harness, ghost).assignments.first?.lease)
        let now = try await harness.begin("now.yml")
        #expect(late < now)
        try await finish(harness, first, ghost)
        try await harness.restart()
        var given = await poll(harness, ghost).assignments.map(\.lease)
        #expect(given.map(\.work.run) == [now])
        try await finish(harness, given[0], ghost)
        given = await poll(harness, ghost, waitMs: 60_000).assignments.map(\.lease)
        #expect(given.map(\.work.run) == [late])
    }

    // MARK: lost runners

    @Test("A job that comes back from a lost runner is still one of its environment")
    func environment() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": EnvironmentTests.workflow])
        let keeper = harness.server.directory
        _ = try await keeper.perform(
            .setEnvironment(harness.project, EnvironmentRules(name: "production")), by: .system("test"))
        try harness.server.vault.put(
            "the-real-one", name: "PLACE",
            in: .environment(project: harness.project.description, name: "production"), at: .now())
        let (_, ghost) = try await harness.runner("ghost")
        let (_, other) = try await harness.runner("other")
        let run = try await harness.begin("ci.yml")
        #expect(await poll(harness, ghost, waitMs: 60_000).assignments.count == 1)
        harness.clock.advance(RunnerLimits.leaseMs + 1)
        await harness.server.runs.tick()
        let again = try #require(await poll(harness, other, waitMs: 60_000).assignments.first)
        #expect(DataValue.object(again.content).jsonText().contains("the-real-one"))
        try await finish(harness, again.lease, other)
        _ = try await harness.end(of: run)
        #expect(try await harness.server.runs.deployed("production", of: harness.project.description)?.run == run)
    }

    @Test(
        "A job that had begun with a lost runner does not begin again, also where the server ended as it took it away")
    func takenAway() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.quick])
        let (_, ghost) = try await harness.runner("ghost")
        let run = try await harness.begin("ci.yml")
        let lease = try #require(await poll(harness, ghost).assignments.first?.lease)
        let line = Progress(
            lease: lease, parts: [.log(StepAttempt(step: StepPath(1)), offset: 0, Array("one\n".utf8))])
        _ = try await harness.server.runs.progress(line, of: ghost)
        let stream = RunStore.stream(run, attempt: 1, job: JobID("build"), jobAttempt: 1)
        _ = try harness.server.store.journal.claim([stream], owner: "server")
        try await harness.restart()
        let report = try await harness.end(of: run)
        #expect(report.jobs[0].reason?.kind == .interrupted)
        #expect(await poll(harness, ghost).assignments.isEmpty)
    }

    // MARK: deadlines

    @Test("A job that a runner had when the server ended, and lost, waits for another from then on")
    func lostAfterRestart() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.quick])
        let (_, ghost) = try await harness.runner("ghost")
        let (_, other) = try await harness.runner("other")
        let run = try await harness.begin("ci.yml")
        #expect(await poll(harness, ghost).assignments.count == 1)
        try await harness.restart()
        harness.clock.advance(RunnerLimits.leaseMs + 1)
        await harness.server.runs.tick()
        await harness.server.runs.tick()
        #expect(try harness.report(run).state != .finished)
        #expect(await poll(harness, other).assignments.count == 1)
    }

    @Test("The time that a job waits for people is not time that it waits for a runner")
    func patience() async throws {
        let (harness, ada, _) = try await EnvironmentTests.harness()
        let (_, ghost) = try await harness.runner("ghost")
        let run = try await harness.begin("ci.yml")
        _ = try await EnvironmentTests.waiting(harness, run)
        harness.clock.advance(20 * 24 * 3_600_000)
        await harness.server.runs.tick()
        #expect(await EnvironmentTests.review(harness, run, "approve", ada).status == 200)
        #expect(await poll(harness, ghost, waitMs: 60_000).assignments.count == 1)
        #expect(try harness.report(run).state == .running)
    }

    @Test("A job that no runner took for a day is cancelled, with what it asked for")
    func unwanted() async throws {
        let workflow = Self.quick.replacingOccurrences(of: "ubuntu-latest", with: "[self-hosted, gpu]")
        let harness = try await ServerHarness(workflows: ["ci.yml": workflow])
        let run = try await harness.begin("ci.yml", labels: ["gpu"])
        harness.clock.advance(23 * 3_600_000)
        await harness.server.runs.tick()
        #expect(try harness.report(run).state != .finished)
        harness.clock.advance(2 * 3_600_000)
        await harness.server.runs.tick()
        let job = try await harness.end(of: run).jobs[0]
        #expect(job.conclusion == .cancelled)
        #expect(job.reason?.text == "No runner took it for 24 hours; it asked for self-hosted, gpu.")
    }

    @Test("A runner that is heard of and never ends its job loses it once the job's own time is over")
    func endless() async throws {
        let workflow = Self.quick.replacingOccurrences(
            of: "steps:", with: "timeout-minutes: 10\n    steps:")
        let harness = try await ServerHarness(workflows: ["ci.yml": workflow])
        let (_, ghost) = try await harness.runner("ghost")
        let run = try await harness.begin("ci.yml")
        let lease = try #require(await poll(harness, ghost).assignments.first?.lease)
        let line = Progress(
            lease: lease, parts: [.log(StepAttempt(step: StepPath(1)), offset: 0, Array("one\n".utf8))])
        _ = try await harness.server.runs.progress(line, of: ghost)
        harness.clock.advance(20 * 60_000)
        _ = await poll(harness, ghost, holds: [lease])
        await harness.server.runs.tick()
        let job = try await harness.end(of: run).jobs[0]
        #expect(job.reason?.text.hasPrefix("Its runner 'ghost' kept it for longer than its timeout allows.") == true)
    }

    // MARK: words of runners

    @Test("Numbers of a runner that cannot be are refused, and the server lives", arguments: [Int.min, -1, Int.max])
    func numbers(number: Int) async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.quick])
        let (_, ghost) = try await harness.runner("ghost")
        _ = try await harness.begin("ci.yml")
        let lease = try #require(await poll(harness, ghost).assignments.first?.lease)
        let event = Progress.Event(type: "jobStarted", version: 1, payload: [], ageMs: .max)
        for part in [
            Progress.Part.events(first: number, [event]), .outcomes(first: number, [[:]]),
            .log(StepAttempt(step: StepPath(1)), offset: number, [65]),
        ] {
            await #expect(throws: DiagnosticError.self) {
                _ = try await harness.server.runs.progress(Progress(lease: lease, parts: [part]), of: ghost)
            }
        }
        #expect(await harness.server.runs.position(lease, of: ghost)?.events == 0)
    }

    @Test(
        "What a runner says again is taken where it is recorded already, for the answer to it was lost; else it is refused"
    )
    func saidAgain() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.quick])
        let (_, ghost) = try await harness.runner("ghost")
        _ = try await harness.begin("ci.yml")
        let lease = try #require(await poll(harness, ghost).assignments.first?.lease)
        var state = JobMachine.initialState
        let definition = JobDefinition(job: lease.work.job, planDigest: "x", steps: [StepListing(id: "a")])
        let events = JobMachine.step(.start, now: 1, definition: definition, state: &state).events
            .map {
                Progress.Event(
                    type: $0.typeName, version: $0.version, payload: Array($0.payload.jsonText().utf8), ageMs: 0)
            }
        // Recorded, and not known to the server.
        let work = lease.work
        var append = StreamAppend(
            RunStore.stream(work.run, attempt: 1, job: work.job, jobAttempt: 1), expectedVersion: 0,
            events: events.map { NewEvent(type: $0.type, version: $0.version, payload: $0.payload) })
        append.epoch = lease.fence
        _ = try harness.server.store.journal.append(append, now: .now())
        let again = Progress(lease: lease, parts: [.events(first: 1, events)])
        #expect(try await harness.server.runs.progress(again, of: ghost)?.events == events.count)
        #expect(try await harness.server.runs.progress(again, of: ghost)?.events == events.count)
    }

    // MARK: the disk

    @Test("What cannot be written now is written later: nothing that was decided is lost, and nothing else is decided")
    func stalled() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.quick])
        let (_, ghost) = try await harness.runner("ghost")
        let run = try await harness.begin("ci.yml")
        let lease = try #require(await poll(harness, ghost).assignments.first?.lease)
        let obstacle = harness.server.store.root + "/runs/\(run)/values-1"
        try? FileManager.default.removeItem(atPath: obstacle)
        try FileManager.default.createDirectory(atPath: obstacle, withIntermediateDirectories: false)
        await #expect(throws: DiagnosticError.self) {
            try await finish(harness, lease, ghost, outputs: ["word": "said"])
        }
        #expect(await !harness.server.runs.isHealthy)
        #expect(await harness.send("GET", "/readyz").status == 503)
        await #expect(throws: DiagnosticError.self) { try await harness.begin("ci.yml") }
        await harness.server.runs.tick()
        #expect(try harness.report(run).state != .finished)
        try FileManager.default.removeItem(atPath: obstacle)
        await harness.server.runs.tick()
        #expect(try await harness.end(of: run).conclusion == .success)
        #expect(await harness.server.runs.isHealthy)
        #expect(await harness.send("GET", "/readyz").status == 200)
    }
}
