// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Announcements
import Diagnostics
import HTTPMessages
import PipelineModel
import RunCoordination
import RunIndex
import ServerOperation
import StructuredData
import Synchronization
import TestFolders
import Testing
import Timekeeping
import TriggerIntake

@Suite("What a killed server has not told", .ownFolders)
struct ToldEndTests {
    private static let workflow = """
        name: CI
        on: push
        jobs:
          test: {runs-on: ubuntu-latest, steps: [{run: echo}]}
        """
    private static let after = """
        on: {workflow_run: {workflows: [CI], types: [completed]}}
        jobs:
          test: {runs-on: ubuntu-latest, steps: [{run: echo}]}
        """

    /// A forge that takes what it is told.
    private final class Forge: Sendable {
        let states = Mutex<[String]>([])

        var transport: HTTPTransport {
            { (call) throws(DiagnosticError) in
                let state = (try? DataValue(json: call.body))?["state"]?.string ?? "?"
                self.states.withLock { $0.append(state) }
                return HTTPAnswer(status: 201, body: Array(#"{"id": 1}"#.utf8))
            }
        }

        var ends: [String] { states.withLock { $0.filter { $0 != "pending" } } }

        func toldAnEnd() async throws {
            while ends.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        }
    }

    @Test("An end that was recorded, and listed, and told to nobody is told by the next process, however late it comes")
    func end() async throws {
        let forge = Forge()
        var outside = ServerHarness.Outside()
        outside.web = .only(forge.transport)
        let harness = try await ServerHarness(
            workflows: ["ci.yml": Self.workflow, "after.yml": Self.after], outside: outside)
        _ = try harness.commit("All")
        var settings = try #require(harness.server.directory.current.projects[harness.project]).settings
        settings.forge = .gitea
        settings.options = ["serverURL": "https://forge.example", "fullName": "lark/demo"]
        settings.statusTokenReference = try harness.server.references.keep("token")
        _ = try await harness.server.directory.perform(
            .changeProject(harness.project, settings), by: .system("test"))
        // A process that records and lists, and has nobody yet who tells: it is gone before.
        try await harness.restart(starting: false)
        let run = try await harness.begin("ci.yml")
        _ = try await harness.server.runs.cancel(run, isForced: true, reason: "It is enough.")
        while try harness.server.index.run(run)?.state != .finished { await Task.yield() }
        #expect(forge.states.withLock { $0.isEmpty })
        harness.clock.advance(3 * 3_600_000)
        try await harness.restart()
        try await forge.toldAnEnd()
        let id = "workflow-run:\(run):1:completed"
        while try harness.server.triggers.log.delivery(harness.project.description, id) == nil {
            try await Task.sleep(for: .milliseconds(5))
        }
        while try !harness.server.store.endsToTell().isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        // Once: the next process has nothing to tell.
        try await harness.restart()
        await harness.server.statuses.tick()
        await harness.server.statuses.idle()
        #expect(forge.ends.count == 1)
    }
}
