// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Announcements
import Diagnostics
import EventJournal
import Foundation
import HTTPMessages
import PipelineModel
import RunCoordination
import RunIndex
import RunnerAgent
import ServerOperation
import StructuredData
import Synchronization
import TestDatabases
import TestFolders
import Testing
import Timekeeping
import TriggerIntake

@Suite(
    "A server whose journal moves to PostgreSQL", .ownFolders, .postgres,
    .enabled(if: PostgresServer.isThere, "There is no PostgreSQL (apt-get install postgresql)."))
struct MovedServerTests {
    private static let workflow = """
        on: push
        jobs:
          test:
            runs-on: ubuntu-latest
            steps:
              - run: echo tested
        """

    private func url() throws -> String { try #require(PostgresServer.current).url() }

    private func code(_ body: () async throws -> Void) async -> DiagnosticCode? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? any CodedError)?.diagnostic.code
        }
    }

    /// As another process would, once the server's has ended: what this one has open yet is the file's copy then.
    private func move(_ data: String, to url: String) async throws -> StoreMove.Outcome {
        for name in ["journal.sqlite-wal", "journal.sqlite"]
        where FileManager.default.fileExists(atPath: "\(data)/\(name)") {
            try FileManager.default.copyItem(atPath: "\(data)/\(name)", toPath: "\(data)/copy")
            try FileManager.default.removeItem(atPath: "\(data)/\(name)")
            try FileManager.default.moveItem(atPath: "\(data)/copy", toPath: "\(data)/\(name)")
        }
        while true {
            do throws(DiagnosticError) {
                return try ServerMove(folder: data, to: url).run { _ in }
            } catch {
                // Somebody is still about to let go of the folder.
                guard error.diagnostic.code == .serverFolderTaken else { throw error }
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    @Test("Its runs, people and messages are there afterwards; what waited is told once, and numbers go on")
    func whole() async throws {
        let told = Mutex<[String]>([])
        var outside = ServerHarness.Outside()
        outside.web = .only { (call) throws(DiagnosticError) in
            let state = (try? DataValue(json: call.body))?["state"]?.string ?? "?"
            told.withLock { $0.append(state) }
            return HTTPAnswer(status: 201, body: Array(#"{"id": 1}"#.utf8))
        }
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.workflow], outside: outside)
        _ = try harness.commit("All")
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        let first = try await harness.begin("ci.yml")
        #expect(try await harness.end(of: first).conclusion == .success)
        await agent.leave()
        _ = await work.result
        var settings = try #require(harness.server.directory.current.projects[harness.project]).settings
        settings.forge = .gitea
        settings.options = ["serverURL": "https://forge.example", "fullName": "lark/demo"]
        settings.statusTokenReference = try harness.server.references.keep("token")
        _ = try await harness.server.directory.perform(
            .changeProject(harness.project, settings), by: .system("test"))
        // It records what is to be told, and is gone before it tells.
        try await harness.restart(starting: false)
        let second = try await harness.begin("ci.yml")
        _ = try await harness.server.runs.cancel(second, isForced: true, reason: "It is enough.")
        while try harness.server.index.run(second)?.state != .finished { await Task.yield() }
        let database = try url()
        #expect(
            await code { _ = try ServerMove(folder: harness.folder + "/data", to: database).run { _ in } }
                == .serverFolderTaken)
        try await harness.restart(database: database) { data in
            let outcome = try await move(data, to: database)
            #expect(
                (outcome.journal?.messages ?? 0) > 0 && outcome.kept?.hasSuffix("/data/journal.sqlite.moved") == true)
            #expect(await code { _ = try RunStore(root: data) } == .journalElsewhere)
        }
        while told.withLock({ !$0.contains("error") }) { try await Task.sleep(for: .milliseconds(5)) }
        try await harness.restart()
        await harness.server.statuses.tick()
        await harness.server.statuses.idle()
        let ends = told.withLock { $0.filter { $0 != "pending" } }
        // The first run's may have been settled before there was a forge.
        #expect(ends.count(where: { $0 == "error" }) == 1 && ends.count(where: { $0 != "error" }) <= 1)
        #expect(try harness.report(first).conclusion == .success && harness.report(second).conclusion == .cancelled)
        #expect(await harness.send("GET", "/api/v1/runs").body["items"]?.array?.count == 2)
        let third = try await harness.begin("ci.yml")
        #expect([first, second, third] == [1, 2, 3].map { RunID($0) })
    }

    @Test("Moving it again does nothing, another database is refused, and the way back is open")
    func again() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.workflow])
        _ = try await harness.begin("ci.yml")
        let (database, other) = (try url(), try url())
        try await harness.restart(database: database) { data in
            let first = try await move(data, to: database)
            #expect(first.journal?.streams ?? 0 > 0)
            // As one would find it that was ended right after the folder had said where its journal is.
            try FileManager.default.moveItem(atPath: data + "/journal.sqlite.moved", toPath: data + "/journal.sqlite")
            let second = try await move(data, to: database)
            #expect(second.journal == nil && second.kept?.hasSuffix("/journal.sqlite.moved") == true)
            #expect(try await move(data, to: database).kept == nil)
            #expect(await code { _ = try await move(data, to: other) } == .journalElsewhere)
        }
        #expect(try await harness.begin("ci.yml") == RunID(2))
        try await harness.restart(database: "") { data in
            // As docs/operating/postgresql.md says.
            let files = FileManager.default
            try files.removeItem(atPath: data + "/journal.json")
            try files.moveItem(atPath: data + "/journal.sqlite.moved", toPath: data + "/journal.sqlite")
            try files.moveItem(atPath: data + "/runs/2", toPath: data + "/run-of-database")
            try "2".write(toFile: data + "/last-run", atomically: true, encoding: .utf8)
            try files.removeItem(atPath: data + "/index.sqlite")
        }
        #expect(await harness.send("GET", "/api/v1/runs/1").status == 200)
        #expect(await harness.send("GET", "/api/v1/runs/2").status == 404)
        #expect(try await harness.begin("ci.yml") == RunID(3))
    }

    @Test("A folder without a journal is not moved, and a database with one is not moved to")
    func refused() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.workflow])
        let (taken, empty) = (try url(), try url())
        _ = try RunStore(root: OwnFolders.make(), database: taken).journal.append(
            StreamAppend(StreamID("a"), expectedVersion: 0, events: []), now: .now())
        #expect(
            await code { _ = try ServerMove(folder: OwnFolders.make(), to: empty).run { _ in } } == .journalElsewhere)
        #expect(await code { _ = try ServerMove(folder: "/no/such", to: empty).run { _ in } } == .journalElsewhere)
        try await harness.restart { data in
            #expect(await code { _ = try await move(data, to: taken) } == .moveTargetTaken)
        }
        _ = try await harness.begin("ci.yml")
    }
}
