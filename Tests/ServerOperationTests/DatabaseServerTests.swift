// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Diagnostics
import EventJournal
import Foundation
import PipelineModel
import PostgresAccess
import RunCoordination
import RunnerAgent
import ServerOperation
import TestDatabases
import TestFolders
import Testing

@Suite("A server whose journal is in PostgreSQL", .ownFolders, .postgres, .enabled(if: PostgresServer.isThere))
struct DatabaseServerTests {
    private static let workflow = """
        on: push
        jobs:
          build:
            runs-on: ubuntu-latest
            steps:
              - run: echo built
          test:
            needs: build
            runs-on: ubuntu-latest
            steps:
              - run: echo tested
        """

    private func harness(
        on postgres: PostgresServer? = PostgresServer.current
    ) async throws -> (ServerHarness, database: String) {
        let database = try #require(postgres).url()
        var outside = ServerHarness.Outside()
        outside.database = database
        return (try await ServerHarness(workflows: ["ci.yml": Self.workflow], outside: outside), database)
    }

    private func end(of run: RunID, in harness: ServerHarness) async throws {
        let report = try await harness.end(of: run)
        #expect(report.conclusion == .success)
        #expect(report.jobs.map(\.id.text) == ["build", "test"])
    }

    @Test("Runs pass, their numbers go on after a start, and the folder has no journal of its own")
    func runs() async throws {
        let (harness, database) = try await harness()
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        let first = try await harness.begin("ci.yml")
        try await end(of: first, in: harness)
        try await harness.restart()
        let second = try await harness.begin("ci.yml")
        try await end(of: second, in: harness)
        #expect(first == RunID(1) && second == RunID(2))
        await agent.leave()
        _ = await work.result
        #expect(!FileManager.default.fileExists(atPath: harness.folder + "/data/journal.sqlite"))
        let journal = try PostgresJournal(PostgresAddress(database))
        #expect(try journal.summary(of: RunStore.stream(first, attempt: 1))?.lastType == "runFinished")
    }

    @Test("What a killed database was told is there, what it was not told is told, and the run ends")
    func killed() async throws {
        let postgres = try PostgresServer()
        defer { postgres.stop() }
        let (harness, _) = try await harness(on: postgres)
        let runs = [try await harness.begin("ci.yml"), try await harness.begin("ci.yml")]
        postgres.kill9()
        await #expect(throws: (any Error).self) { _ = try await harness.begin("ci.yml") }
        try postgres.begin()
        while await !harness.server.runs.isHealthy {
            await harness.server.runs.tick()
            await Task.yield()
        }
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        for run in runs { try await end(of: run, in: harness) }
        await agent.leave()
        _ = await work.result
    }

    @Test("Servers whose database is away for too long are not ready; once it is back they all go on")
    func unheard() async throws {
        let postgres = try PostgresServer()
        defer { postgres.stop() }
        let group = try await PostgresServer.$current.withValue(postgres) {
            try await ServerGroup(["one", "two"], projects: ["red"], workflow: Self.workflow)
        }
        for name in ["one", "two"] { #expect(await group.send(name, "GET", "/readyz").status == 200) }
        postgres.kill9()
        for name in ["one", "two"] {
            while await group.send(name, "GET", "/readyz").status != 503 {
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        // Nobody can have taken anything: what they know of their leases holds.
        for name in ["one", "two"] { #expect(await group.server(name).isTrusted()) }
        try postgres.begin()
        for name in ["one", "two"] {
            while await group.send(name, "GET", "/readyz").status != 200 {
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        // Nobody took the other one's seat for that: both can write.
        for name in ["one", "two"] {
            let server = group.server(name)
            #expect(throws: Never.self) {
                try server.store.recorded { (journal) throws(JournalError) in
                    _ = try journal.claim([StreamID("seen/\(name)")], owner: name)
                }
            }
        }
        await group.stop()
    }

    @Test("A process whose seat was taken decides nothing more, and says so")
    func superseded() async throws {
        let (harness, database) = try await harness()
        let later = try PostgresJournal(PostgresAddress(database))
        try later.enter("server", address: "http://later.test")
        let error = await #expect(throws: DiagnosticError.self) { _ = try await harness.begin("ci.yml") }
        #expect(error?.diagnostic.code == .journalUnseated)
        for await fault in harness.server.faults {
            #expect(fault.diagnostic.code == .journalUnseated)
            break
        }
        #expect(try later.streams(prefix: "run/", after: nil, limit: 10).isEmpty)
    }

    @Test("A folder keeps to its journal: neither another database nor none is taken for it")
    func folders() async throws {
        let (harness, database) = try await harness()
        await harness.server.stop()
        func code(_ folder: String, _ database: String?) -> DiagnosticCode? {
            do throws(DiagnosticError) {
                try RunStore.checkJournal(of: folder, database: database)
                _ = try RunStore(root: folder, database: database)
                return nil
            } catch {
                return error.diagnostic.code
            }
        }
        let data = harness.folder + "/data"
        #expect(code(data, database) == nil)
        #expect(code(data, nil) == .journalElsewhere)
        #expect(code(data, try #require(PostgresServer.current).url()) == .journalElsewhere)
        #expect(code(harness.folder + "/embedded", nil) == nil)
        #expect(code(harness.folder + "/embedded", database) == .journalElsewhere)
        #expect(code(harness.folder + "/elsewhere", database) == .journalElsewhere)
    }
}
