// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPMessages
import HTTPServing
import PipelineModel
import RunCoordination
import RunnerAgent
import ServerAPI
import ServerOperation
import StructuredData
import Testing

@Suite("Runs of a server, carried out by a runner")
struct ServedRunTests {
    static let plain = """
        on: push
        jobs:
          build:
            runs-on: ubuntu-latest
            outputs: {color: "${{ steps.pick.outputs.color }}"}
            steps:
              - id: pick
                run: |
                  echo "hello from $GITHUB_JOB"
                  echo color=green >> "$GITHUB_OUTPUT"
          test:
            needs: build
            runs-on: [self-hosted, linux]
            strategy: {matrix: {n: [1, 2]}}
            steps:
              - name: Use ${{ needs.build.outputs.color }}
                run: |
                  echo "color ${{ needs.build.outputs.color }} leg ${{ matrix.n }}"
                  echo "::warning file=a.c,line=3::beware"
        """

    @Test("Jobs, outputs, a matrix, logs and annotations reach the server as the steps had them")
    func wholeRun() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.plain])
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        let run = try await harness.begin("ci.yml")
        let report = try await harness.end(of: run)
        #expect(report.conclusion == .success)
        #expect(report.jobs.map(\.name) == ["build", "test (1)", "test (2)"])
        #expect(report.jobs.allSatisfy { $0.runner == "one" && $0.startedAt != nil })
        #expect(report.jobs[1].steps.first?.title == "Use green")
        let log = await harness.send("GET", "/api/v1/runs/\(run)/attempts/1/logs/test%232/1/1")
        #expect(log.status == 200)
        let text = await ServerHarness.bytes(
            harness.door.answer(
                InboundRequest(
                    "GET", "/api/v1/runs/\(run)/attempts/1/logs/test%232/1/1",
                    headers: [("Authorization", "Bearer \(harness.token)"), ("Accept", "text/plain")])))
        #expect(String(decoding: text, as: UTF8.self).contains("color green leg 2\n"))
        let entries = try RunHistory(store: harness.server.store, run: run).reasons(job: nil)
        let outcomes = try OutcomeHistory(store: harness.server.store, run: run, entries: entries)
        #expect(outcomes.findings.map(\.annotation.message) == ["beware", "beware"])
        await agent.leave()
        try await work.value
        // The runner keeps nothing of what the server has.
        let left = FileManager.default.enumerator(atPath: harness.folder + "/runner-one/runs")?.allObjects ?? []
        #expect(left.isEmpty, "\(left)")
    }

    @Test("A failing step fails the run, and the report says where first")
    func failure() async throws {
        let workflow = """
            on: push
            jobs:
              test:
                runs-on: ubuntu-latest
                steps:
                  - run: echo fine
                  - name: Break
                    run: echo oh no; exit 3
                  - run: echo never
            """
        let harness = try await ServerHarness(workflows: ["ci.yml": workflow])
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        let report = try await harness.end(of: try await harness.begin("ci.yml"))
        #expect(report.conclusion == .failure)
        #expect(report.firstFailure?.step?.title == "Break")
        #expect(report.firstFailure?.step?.exitCode == 3)
        #expect(report.sentence.hasPrefix("Failed in test › Break after"))
        await agent.leave()
        try await work.value
    }

    @Test("A job waits with a reason until somebody has its label; then it runs")
    func waits() async throws {
        let workflow = """
            on: push
            jobs:
              test:
                runs-on: gpu
                steps: [{run: echo here}]
            """
        let harness = try await ServerHarness(workflows: ["ci.yml": workflow])
        let run = try await harness.begin("ci.yml", labels: ["gpu"])
        let reason = await harness.server.runs.waitingReason(of: JobID("test"), in: run)
        #expect(reason?.text == "No runner is registered.")
        let (agent, _) = try await harness.runner("one", labels: ["gpu"])
        let work = Task { try await agent.run() }
        #expect(try await harness.end(of: run).conclusion == .success)
        await agent.leave()
        try await work.value
    }

    @Test("A cancelled run ends its job on the runner, whose clean-up steps still run")
    func cancelled() async throws {
        let workflow = """
            on: push
            jobs:
              test:
                runs-on: ubuntu-latest
                steps:
                  - run: echo started; sleep 600
                  - if: always()
                    run: echo cleaned
            """
        let harness = try await ServerHarness(workflows: ["ci.yml": workflow])
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        let run = try await harness.begin("ci.yml")
        for await item in harness.server.feed.subscribe(to: .run(run), after: 0) {
            if case .news(let news) = item, news.type == "stepStarted" { break }
        }
        #expect(await harness.send("POST", "/api/v1/runs/\(run)/cancel").status == 202)
        let report = try await harness.end(of: run)
        #expect(report.conclusion == .cancelled)
        #expect(report.jobs[0].steps.map(\.conclusion) == [.cancelled, .success])
        #expect(await harness.send("POST", "/api/v1/runs/\(run)/cancel").status == 409)
        await agent.leave()
        try await work.value
    }
}
