// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPMessages
import HTTPServing
import PipelineModel
import RunCoordination
import RunnerAgent
import RunnerProtocol
import ServerAPI
import ServerOperation
import StructuredData
import TestFolders
import Testing

@Suite("Runs of a server, carried out by a runner", .ownFolders)
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
        // Of what the server has the runner keeps what a later attempt may go on with, and nothing else.
        let left = FileManager.default.enumerator(atPath: harness.folder + "/runner-one/runs")?.allObjects ?? []
        let files = left.compactMap { ($0 as? String)?.split(separator: "/").last }
        #expect(files.filter { ["lock", "end", "outcomes", "logs"].contains($0) }.isEmpty, "\(left)")
        #expect(!FileManager.default.fileExists(atPath: harness.folder + "/runner-one/runs/\(run)/logs"))
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

@Suite("What survives a server's end, and a runner's", .ownFolders)
struct SurvivalTests {
    static let slow = """
        on: push
        jobs:
          test:
            runs-on: ubuntu-latest
            steps:
              - run: |
                  echo begun
                  while [ ! -e "$MARKER" ]; do sleep 0.02; done
                  echo done
              - run: echo last
        """

    static func workflow(_ marker: String) -> String {
        slow.replacingOccurrences(of: "$MARKER", with: marker)
    }

    @Test("A server that begins anew takes its runs up where they were: no step is interrupted, no line is lost")
    func serverRestart() async throws {
        let marker = NSTemporaryDirectory() + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: marker) }
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.workflow(marker)])
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        let run = try await harness.begin("ci.yml")
        try await harness.line("begun", of: run, step: 1)
        try await harness.restart()
        FileManager.default.createFile(atPath: marker, contents: nil)
        let report = try await harness.end(of: run)
        #expect(report.conclusion == .success, "\(report.sentence)")
        #expect(report.jobs[0].steps.map(\.conclusion) == [.success, .success])
        try await harness.line("done", of: run, step: 1)
        await agent.leave()
        try await work.value
    }

    @Test("A runner that is lost before a step began gives its job to another; the old one may publish nothing")
    func lostEarly() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": ServedRunTests.plain])
        let (_, ghost) = try await harness.runner("ghost")
        let run = try await harness.begin("ci.yml")
        let answer = await harness.server.runs.poll(ghost, PollRequest(instance: "x", free: 1, holds: [], waitMs: 0))
        let lease = try #require(answer.assignments.first?.lease)
        harness.clock.advance(RunnerLimits.leaseMs + 1)
        await harness.server.runs.tick()
        let (agent, _) = try await harness.runner("two")
        let work = Task { try await agent.run() }
        let report = try await harness.end(of: run)
        #expect(report.conclusion == .success)
        #expect(report.jobs[0].runner == "two")
        #expect(report.jobs[0].notes.contains { $0.contains("was not heard of for 15 s") && $0.contains("went back") })
        let late = try await harness.server.runs.progress(
            Progress(
                lease: lease,
                parts: [.log(StepAttempt(step: StepPath(1)), offset: 0, Array("forged\n".utf8))]), of: ghost)
        // The job is over: what its old holder says is passed over.
        #expect(late == nil || late == ProgressPosition(isFinished: true))
        let log = try String(
            contentsOfFile: harness.server.logPath(
                LogPlace(run: run, attempt: 1, job: JobID("build"), step: StepAttempt(step: StepPath(1)))),
            encoding: .utf8)
        #expect(!log.contains("forged"))
        await agent.leave()
        try await work.value
    }
}
