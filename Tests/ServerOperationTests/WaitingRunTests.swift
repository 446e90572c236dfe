// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Credentials
import FileAccess
import PipelineModel
import RunCoordination
import RunnerAgent
import ServerOperation
import StructuredData
import TestFolders
import Testing

@Suite("What is told of runs that wait, and of who did something", .ownFolders)
struct WaitingRunTests {
    @Test("A run of which nothing runs any more while a job waits for people is waiting; it was running, and is again")
    func standing() async throws {
        let mark = OwnFolders.path()
        let workflow =
            EnvironmentTests.workflow + "\n" + """
                  slow:
                    runs-on: ubuntu-latest
                    steps: [{run: 'until [ -f \(mark) ]; do sleep 0.02; done'}]
                """
        let (harness, ada, _) = try await EnvironmentTests.harness(workflow)
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        let run = try await harness.begin("ci.yml")
        _ = try await EnvironmentTests.waiting(harness, run)
        func listed(_ state: String) async throws {
            while true {
                let answer = await harness.send("GET", "/api/v1/runs?state=\(state)")
                if answer.body["items"]?.array?.first?["run"]?.int == run.number { return }
                try await Task.sleep(for: .milliseconds(5))
            }
        }
        try await listed("running")
        #expect(await harness.send("GET", "/api/v1/runs/\(run)").body["state"] == "running")
        try Files.write([], to: mark)
        try await listed("waiting")
        let waits = await harness.send("GET", "/api/v1/runs/\(run)").body
        #expect(waits["state"] == "waiting")
        #expect(waits["sentence"]?.string?.hasPrefix("Waiting: production waits for 1 approval") == true)
        #expect(await harness.page("GET", "/projects/demo?state=waiting").text.contains("/runs/\(run)"))
        #expect(await EnvironmentTests.review(harness, run, "approve", ada).status == 200)
        #expect(try await harness.end(of: run).conclusion == .success)
        try await listed("finished")
        await agent.leave()
        try await work.value
    }

    @Test("A run that was cancelled and still cleans up says so on its page, and can be ended at once")
    func cancelling() async throws {
        let (begun, mark) = (OwnFolders.path(), OwnFolders.path())
        let workflow = """
            on: push
            jobs:
              build:
                runs-on: ubuntu-latest
                steps:
                  - run: 'trap "" INT TERM; touch \(begun); until [ -f \(mark) ]; do sleep 0.02; done'
            """
        let harness = try await ServerHarness(workflows: ["ci.yml": workflow])
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        let run = try await harness.begin("ci.yml")
        while !Files.isFile(begun) { try await Task.sleep(for: .milliseconds(5)) }
        #expect(await harness.page("POST", "/runs/\(run)/1/cancel").status == 303)
        let page = await harness.page("GET", "/runs/\(run)").text
        #expect(page.contains("Being cancelled by admin (test): 0 of 1 job over"))
        #expect(page.contains("name=\"force\" value=\"1\"") && page.contains("End at once"))
        #expect(await harness.page("POST", "/runs/\(run)/1/cancel", "force=1").status == 303)
        #expect(try await harness.end(of: run).conclusion == .cancelled)
        await agent.leave()
        try await work.value
    }

    @Test(
        "Who acts with a token is called by name, with the token's beside it; a workflow that they start is their own")
    func names() async throws {
        let workflow = EnvironmentTests.workflow.replacing("on: push", with: "on: workflow_dispatch")
        let (harness, _, bob) = try await EnvironmentTests.harness(workflow) { $0.excludesAuthor = true }
        _ = try harness.commit("All")
        let started = await harness.send(
            "POST", "/api/v1/projects/demo/runs", ["workflow": "ci.yml", "ref": "main"], token: bob.text)
        let run = RunID(try #require(started.body["runs"]?.array?.first?["run"]?.int, "\(started.body.jsonText())"))
        _ = try await EnvironmentTests.waiting(harness, run)
        let asked = try #require(await harness.server.gates.waiting.first?.gate.opening?.request)
        #expect(asked.authors.contains(try #require(harness.server.directory.current.account(named: "bob")?.id)))
        #expect(await harness.send("GET", "/api/v1/runs/\(run)").body["actor"] == "bob")
        #expect(await harness.send("POST", "/api/v1/runs/\(run)/cancel", [:], token: bob.text).status == 202)
        let report = try await harness.end(of: run)
        #expect(report.reason?.text == "It was cancelled by bob (t).")
        #expect(await harness.page("GET", "/runs/\(run)").text.contains("Cancelled by bob (t)"))
    }
}
