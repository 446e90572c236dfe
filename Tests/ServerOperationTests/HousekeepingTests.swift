// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Announcements
import Credentials
import EventJournal
import Foundation
import HTTPMessages
import HTTPServing
import PipelineModel
import RetentionRules
import RunCoordination
import RunIndex
import RunnerAgent
import ServerAPI
import ServerOperation
import StructuredData
import Synchronization
import Telemetry
import TestFolders
import Testing
import Timekeeping

@Suite("What a server removes, and what it says of it", .ownFolders)
struct HousekeepingTests {
    private static let workflow = """
        on: push
        jobs:
          test:
            runs-on: ubuntu-latest
            steps:
              - run: echo hello
        """
    private static let days: Int64 = 86_400_000

    private static func settings(_ policy: RetentionPolicy) -> ServerHarness.Outside {
        var outside = ServerHarness.Outside()
        outside.retention.policy = policy
        outside.retention.disk.minimumBytes = 0
        return outside
    }

    /// Runs that are over and listed as such.
    private static func runs(_ count: Int, on harness: ServerHarness) async throws -> [RunID] {
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        defer { work.cancel() }
        var runs: [RunID] = []
        for _ in 0..<count {
            let run = try await harness.begin("ci.yml")
            _ = try await harness.end(of: run)
            runs.append(run)
        }
        for run in runs {
            while try harness.server.index.run(run)?.state != .finished { try await Task.sleep(for: .milliseconds(5)) }
        }
        await agent.leave()
        return runs
    }

    private static func round(_ harness: ServerHarness) async -> Housekeeping.Report {
        await harness.server.housekeeping.round(Timestamp(milliseconds: harness.clock.now))
    }

    private static func streams(_ prefix: String, _ harness: ServerHarness) throws -> [String] {
        try harness.server.store.journal.streams(prefix: prefix, after: nil, limit: 100).map(\.stream.text)
    }

    @Test("An old run goes with its events, logs and place in lists; who asks for it is told when and why it went")
    func oldRun() async throws {
        let harness = try await ServerHarness(
            workflows: ["ci.yml": Self.workflow], outside: Self.settings(RetentionPolicy(runDays: 30, keepLast: 1)))
        let runs = try await Self.runs(2, on: harness)
        #expect(await Self.round(harness).removals.isEmpty)
        harness.clock.advance(31 * Self.days)
        let report = await Self.round(harness)
        #expect(report.removals.map(\.run) == [runs[0]])
        #expect(report.freedBytes > 0)
        let (store, index) = (harness.server.store, harness.server.index)
        #expect(!store.exists(runs[0]) && store.exists(runs[1]))
        #expect(try index.runs(RunQuery()).map(\.run) == [runs[1]])
        for kind in ["run", "job", "dispatch"] {
            #expect(try Self.streams("\(kind)/", harness).allSatisfy { $0.contains("/\(runs[1])/") })
        }
        #expect(store.hiddenRuns().isEmpty)
        #expect(try store.unsweptRemovals().isEmpty)

        let answer = await harness.send("GET", "/api/v1/runs/\(runs[0])")
        #expect(answer.status == 410)
        #expect(answer.body["code"]?.string == "MRT1320")
        let detail = answer.body["detail"]?.string ?? ""
        #expect(detail.hasSuffix("It ended 31 days before, and is kept for 30 days."), "\(detail)")
        for (method, path) in [
            ("GET", "attempts/1"), ("POST", "rerun"), ("POST", "cancel"), ("GET", "attempts/1/logs/test/1/1"),
        ] {
            let other = await harness.send(method, "/api/v1/runs/\(runs[0])/\(path)", method == "POST" ? [:] : nil)
            #expect(other.status == 410, "\(method) \(path): \(other.body.jsonText())")
        }
        // Whoever may not see the project's runs learns nothing of it.
        let keeper = harness.server.directory
        _ = try await keeper.perform(.addAccount(NewAccount(name: "eve")), by: .system("test"))
        let stranger = try await keeper.makeToken(TokenGrant([.read]), name: "m", account: "eve", now: .now())
        #expect(await harness.send("GET", "/api/v1/runs/\(runs[0])", token: stranger.text).status == 404)
        #expect(await harness.send("GET", "/api/v1/runs/999").status == 404)
        let metrics = await harness.server.metricsText(.prometheus)
        #expect(metrics.contains("martlet_removed_total{kind=\"run\"} 1"))
    }

    @Test("Logs go before their run: the run, its steps and reasons stay, and a log says that it was removed")
    func logs() async throws {
        let harness = try await ServerHarness(
            workflows: ["ci.yml": Self.workflow], outside: Self.settings(RetentionPolicy(runDays: 400, logDays: 90)))
        let run = try await Self.runs(1, on: harness)[0]
        let log = "/api/v1/runs/\(run)/attempts/1/logs/test/1/1"
        #expect(await harness.send("GET", log).status == 200)
        harness.clock.advance(91 * Self.days)
        #expect(await Self.round(harness).removals.map(\.part) == [.logs])
        let answer = await harness.send("GET", log)
        #expect(answer.status == 410)
        #expect(answer.body["code"]?.string == "MRT1321")
        #expect(try harness.report(run).jobs.first?.steps.first?.conclusion == .success)
        #expect(await Self.round(harness).removals.isEmpty)
    }

    @Test("A run whose logs went has logs again once it is run again")
    func logsAgain() async throws {
        let harness = try await ServerHarness(
            workflows: ["ci.yml": Self.workflow], outside: Self.settings(RetentionPolicy(runDays: 400, logDays: 90)))
        let run = try await Self.runs(1, on: harness)[0]
        harness.clock.advance(91 * Self.days)
        #expect(await Self.round(harness).removals.map(\.part) == [.logs])
        let (agent, _) = try await harness.runner("two")
        let work = Task { try await agent.run() }
        #expect(try await harness.server.runs.rerun(run, .all) == 2)
        // Not while it runs, nor what it makes.
        _ = await Self.round(harness)
        let report = try await harness.end(of: run)
        #expect(report.conclusion == .success, "\(report.jobs)")
        // How long it took is of what ran last, not of the time between.
        while try harness.server.index.run(run)?.state != .finished { try await Task.sleep(for: .milliseconds(5)) }
        let row = try #require(try harness.server.index.run(run))
        #expect(try #require(row.spanMs) < Self.days)
        await agent.leave()
        try await work.value
        #expect(await harness.send("GET", "/api/v1/runs/\(run)/attempts/2/logs/test/1/1").status == 200)
        #expect(await harness.send("GET", "/api/v1/runs/\(run)/attempts/1/logs/test/1/1").status == 410)
    }

    @Test("A project keeps its runs as long as its options say")
    func projectOptions() async throws {
        let harness = try await ServerHarness(
            workflows: ["ci.yml": Self.workflow], outside: Self.settings(RetentionPolicy(runDays: 400)))
        let run = try await Self.runs(1, on: harness)[0]
        var settings = try #require(harness.server.directory.current.projects[harness.project]?.settings)
        settings.options["runDays"] = "3"
        _ = try await harness.server.directory.perform(.changeProject(harness.project, settings), by: .system("test"))
        harness.clock.advance(4 * Self.days)
        #expect(await Self.round(harness).removals.map(\.run) == [run])
    }

    @Test("What was deployed to an environment last stays, however old it is")
    func deployed() async throws {
        let workflow = Self.workflow.replacingOccurrences(
            of: "    runs-on", with: "    environment: live\n    runs-on")
        let harness = try await ServerHarness(
            workflows: ["ci.yml": workflow], outside: Self.settings(RetentionPolicy(runDays: 10)))
        let runs = try await Self.runs(2, on: harness)
        let standing = try await harness.server.runs.deployed(of: harness.project.description)
        #expect(standing.mapValues(\.run) == ["live": runs[1]])
        harness.clock.advance(500 * Self.days)
        #expect(await Self.round(harness).removals.map(\.run) == [runs[0]])
    }

    @Test("A run that waits or runs stays, and so does one that somebody runs again just then")
    func underWay() async throws {
        let harness = try await ServerHarness(
            workflows: ["ci.yml": Self.workflow], outside: Self.settings(RetentionPolicy(runDays: 1)))
        let old = try await Self.runs(1, on: harness)[0]
        let waiting = try await harness.begin("ci.yml")
        harness.clock.advance(3 * Self.days)
        _ = try await harness.server.runs.rerun(old, .all)
        #expect(await Self.round(harness).removals.isEmpty)
        #expect(harness.server.store.exists(waiting) && harness.server.store.exists(old))
        // The list may be behind: the coordinator itself does not let it go.
        let gone = try await harness.server.runs.remove([
            RemovedRun(
                old, project: "", workflow: "", conclusion: "", createdAt: 0, root: "", reason: "It is to go.")
        ])
        #expect(gone.isEmpty)
    }

    @Test("A server that was killed between the journal and the files finishes the removal when it starts again")
    func cutOff() async throws {
        let harness = try await ServerHarness(
            workflows: ["ci.yml": Self.workflow], outside: Self.settings(RetentionPolicy()))
        let run = try await Self.runs(1, on: harness)[0]
        let removed = RemovedRun(
            run, project: harness.project.description, workflow: "ci", conclusion: "success", createdAt: 0, root: "",
            reason: "It was to go.")
        #expect(try await harness.server.runs.remove([removed]) == [run])
        #expect(harness.server.store.hiddenRuns() == [run])
        // Even where not so much as the folder's name was changed.
        try FileManager.default.moveItem(
            atPath: harness.server.store.root + "/runs/.gone-\(run)", toPath: harness.server.store.folder(of: run))
        try await harness.restart()
        let store = harness.server.store
        while try !store.unsweptRemovals().isEmpty {
            await harness.server.housekeeping.tick(Timestamp(milliseconds: harness.clock.now))
        }
        #expect(!store.exists(run) && store.hiddenRuns().isEmpty)
        #expect(try harness.server.index.run(run) == nil)
        #expect(await harness.send("GET", "/api/v1/runs/\(run)").status == 410)
    }

    @Test("While the disk is short the oldest runs go and no job is given away, with a reason; then all goes on")
    func shortDisk() async throws {
        let room = Room()
        var outside = ServerHarness.Outside()
        outside.retention.policy = RetentionPolicy(keepLast: 1)
        outside.retention.disk = DiskRule(minimumBytes: 1_000_000_000)
        outside.retention.freeBytes = { _ in room.bytes.withLock { $0 } }
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.workflow], outside: outside)
        let runs = try await Self.runs(2, on: harness)
        room.bytes.withLock { $0 = 900_000_000 }
        harness.clock.advance(20_000)
        await harness.server.housekeeping.tick(Timestamp(milliseconds: harness.clock.now))
        #expect(!harness.server.store.exists(runs[0]) && harness.server.store.exists(runs[1]))
        let (agent, _) = try await harness.runner("two")
        let work = Task { try await agent.run() }
        defer { work.cancel() }
        let next = try await harness.begin("ci.yml")
        let reason = await harness.server.runs.waitingReason(of: JobID("test"), in: next)
        #expect(
            reason?.text
                == "No new job is taken: the disk of the server has 858.3 MB free, and 953.6 MB must be. (MRT1322)")
        room.bytes.withLock { $0 = 5_000_000_000 }
        harness.clock.advance(20_000)
        await harness.server.housekeeping.tick(Timestamp(milliseconds: harness.clock.now))
        #expect(try await harness.end(of: next).conclusion == .success)
        await agent.leave()
    }

    private final class Room: Sendable {
        let bytes = Mutex<UInt64>(5_000_000_000)
    }

    @Test("Keys of requests, deliveries and what else was for a time goes when its time is over; the audit log stays")
    func streams() async throws {
        let harness = try await ServerHarness(
            workflows: ["ci.yml": Self.workflow], outside: Self.settings(RetentionPolicy()))
        let keyed = await harness.send(
            "POST", "/api/v1/tokens", ["name": "t", "scopes": ["read"]],
            headers: [("Idempotency-Key", "a-key-of-a-test")])
        #expect(keyed.status < 300, "\(keyed.body.jsonText())")
        #expect(try Self.streams("idempotency/", harness).count == 1)
        let audit = try #require(try harness.server.store.journal.summary(of: DirectoryKeeper.stream)).version
        harness.clock.advance(1 * Self.days)
        #expect(await Self.round(harness).streams == 0)
        harness.clock.advance(2 * Self.days)
        #expect(await Self.round(harness).streams == 1)
        harness.clock.advance(1_000 * Self.days)
        _ = await Self.round(harness)
        #expect(try harness.server.store.journal.events(of: DirectoryKeeper.stream).count == audit)
    }

    @Test("Streams that say how something stands lose what is old, and keep what still counts")
    func states() async throws {
        let harness = try await ServerHarness(outside: Self.settings(RetentionPolicy()))
        let (server, journal) = (harness.server, harness.server.store.journal)
        func put(_ stream: String, _ type: String, _ payload: String, at time: Int64) throws {
            let id = StreamID(stream)
            let version = try journal.summary(of: id)?.version ?? 0
            _ = try journal.append(
                StreamAppend(
                    id, expectedVersion: version, events: [NewEvent(type: type, payload: Array(payload.utf8))]),
                now: Timestamp(milliseconds: time))
        }
        func count(_ stream: String) throws -> Int { try journal.events(of: StreamID(stream)).count }
        _ = try await server.directory.perform(
            .setHook(nil, HookSettings(project: nil, url: "https://example.org/h", events: [], secretReference: "x")),
            by: .system("test"))
        let hook = try #require(server.directory.current.hooks.keys.first)
        let gone = server.directory.current.nextID(.project)
        let settings = ProjectSettings(name: "gone", forge: .git, cloneURL: "https://example.org/gone.git")
        for command in [DirectoryCommand.addProject(settings, admin: nil), .removeProject(gone)] {
            _ = try await server.directory.perform(command, by: .system("test"))
        }
        let (start, project) = (harness.clock.now, harness.project)
        let ada = try #require(server.directory.current.accounts.keys.first)
        for day in 0..<10 as Range<Int64> {
            let time = start + day * Self.days
            for (type, key) in [("endpointFailing", "since"), ("endpointRecovered", "at")] {
                try put("endpoint/\(hook)", type, #"{"endpoint":"\#(hook)","\#(key)":\#(time)}"#, at: time)
            }
            try put("schedule/\(project)", "schedulesKept", "{}", at: time)
            try put("sessions", "sessionEnded", #"{"id":"s\#(day)","until":\#(time + 7 * Self.days)}"#, at: time)
            try put("notices/\(gone)", "noticeDropped", #"{"key":"k","reason":"r"}"#, at: time)
            try put("schedule/prj_99", "schedulesKept", "{}", at: time)
        }
        try put(
            "endpoint/\(hook)", "endpointFailing", #"{"endpoint":"\#(hook)","since":\#(start)}"#,
            at: start + 10 * Self.days)
        let session = try server.people.sessions.begin(ada, now: Timestamp(milliseconds: start)).session
        try await server.people.sessions.end(session, now: Timestamp(milliseconds: start + 10 * Self.days))
        harness.clock.advance(12 * Self.days)
        _ = await Self.round(harness)
        #expect(try count("sessions") == 5, "those of the last week")
        #expect(try count("endpoint/\(hook)") == 21 && count("schedule/\(project)") == 10)
        #expect(try count("notices/\(gone)") == 0, "of a project that was removed")
        #expect(try count("schedule/prj_99") == 10, "of one that another server may just have made")
        harness.clock.advance(400 * Self.days)
        _ = await Self.round(harness)
        #expect(try count("sessions") == 1 && count("schedule/\(project)") == 1)
        // Since when it fails is the last thing that counts.
        #expect(try count("endpoint/\(hook)") == 1)
        let shown = await harness.send("GET", "/api/v1/hooks/\(hook)/deliveries")
        #expect(shown.status == 200)
        #expect(await harness.send("POST", "/api/v1/hooks/\(hook)/test").status == 202)
        await harness.server.announcer.idle()
    }
}
