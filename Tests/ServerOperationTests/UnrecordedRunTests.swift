// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import EventJournal
import Foundation
import PipelineModel
import RunCoordination
import RunEngine
import RunnerAgent
import RunnerProtocol
import ServerOperation
import StructuredData
import TestFolders
import Testing

@Suite("What is too much of one run, or cannot be recorded of it, holds up no other", .ownFolders)
struct UnrecordedRunTests {
    private static let quick = """
        on: push
        jobs:
          build:
            runs-on: ubuntu-latest
            steps: [{run: 'true'}]
        """

    @Test("A run of more legs than one append takes begins, and ends when it is cancelled")
    func wide() async throws {
        let jobs = (1...39).map { "  j\($0): {runs-on: ubuntu-latest, strategy: *wide, steps: [{run: 'true'}]}" }
        let numbers = (1...256).map(String.init).joined(separator: ",")
        let harness = try await ServerHarness(workflows: [
            "wide.yml": """
            on: push
            jobs:
              j0: {runs-on: ubuntu-latest, strategy: &wide {matrix: {n: [\(numbers)]}}, steps: [{run: 'true'}]}
            \(jobs.joined(separator: "\n"))
            """, "quick.yml": Self.quick,
        ])
        let wide = try await harness.begin("wide.yml")
        #expect(try await harness.server.runs.cancel(wide, isForced: true, reason: "Enough."))
        #expect(try await harness.end(of: wide).conclusion == .cancelled)
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        #expect(try await harness.end(of: try await harness.begin("quick.yml")).conclusion == .success)
        await agent.leave()
        try await work.value
    }

    @Test("Of what is begun twice for the same, whoever does so, one run begins, and the other never")
    func twice() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.quick])
        var record = try RunRecord.load(from: harness.server.store, try await harness.begin("ci.yml"))
        record.origin = "push:.github/workflows/ci.yml:refs/heads/main:c0ffee"
        let (runs, store) = (harness.server.runs, harness.server.store)
        let first = try await runs.begin(record)
        let project = try #require(record.project)
        #expect(try RunOrigin.run(of: record.origin ?? "", project: project, in: store) == first)
        let fault = await #expect(throws: DiagnosticError.self) { try await runs.begin(record) }
        #expect(fault?.diagnostic.code == DiagnosticCode(1479))
        #expect(await runs.isHealthy)
        // As one that a server has left that ended in the middle: nobody goes on with it.
        let left = try #require(try store.runs().max())
        #expect(left > first)
        try await harness.restart()
        #expect(await harness.server.runs.isHealthy)
        #expect(try store.journal.summary(of: RunStore.stream(left, attempt: 1)) == nil)
        // The same of another project is another's.
        #expect(try store.origins(of: "prj_other", since: 0, limit: 10).isEmpty)
        #expect(try store.origins(of: project, since: 0, limit: 10).count >= 1)
    }

    @Test("A matrix that multiplies what another job printed fails with the reason")
    func multiplied() async throws {
        let numbers = (1...256).map(String.init).joined(separator: ",")
        let harness = try await ServerHarness(workflows: [
            "ci.yml": """
            on: push
            jobs:
              x:
                runs-on: ubuntu-latest
                outputs: {m: '${{ steps.print.outputs.m }}'}
                steps:
                  - id: print
                    run: echo "m=[\\"$(head -c 300000 /dev/zero | tr '\\0' a)\\"]" >> "$GITHUB_OUTPUT"
              y:
                needs: x
                runs-on: ubuntu-latest
                strategy: {matrix: {n: [\(numbers)], a: '${{ fromJSON(needs.x.outputs.m) }}'}}
                steps: [{run: 'true'}]
            """
        ])
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        let report = try await harness.end(of: try await harness.begin("ci.yml"))
        #expect(report.conclusion == .failure)
        let job = try #require(report.jobs.last)
        #expect(job.reason?.text.contains("16 MiB") == true, "\(job)")
        #expect(await harness.server.runs.isHealthy)
        await agent.leave()
        try await work.value
    }

    @Test("A run whose folder is gone ends once something of it is to be kept there, and others go on")
    func withoutFolder() async throws {
        let harness = try await ServerHarness(workflows: [
            "ci.yml": """
            on: push
            jobs:
              build:
                runs-on: ubuntu-latest
                outputs: {color: '${{ steps.pick.outputs.color }}'}
                steps: [{id: pick, run: echo color=green >> "$GITHUB_OUTPUT"}]
              after:
                needs: build
                runs-on: ubuntu-latest
                steps: [{run: 'true'}]
            """, "quick.yml": Self.quick,
        ])
        let (_, ghost) = try await harness.runner("ghost")
        let (server, runs) = (harness.server, harness.server.runs)
        let run = try await harness.begin("ci.yml")
        let request = PollRequest(instance: "x", free: 1, holds: [], waitMs: 0)
        let lease = try #require(await runs.poll(ghost, request).assignments.first?.lease)
        try FileManager.default.removeItem(atPath: harness.folder + "/data/runs/\(run)")
        let outcome = try #require(JobOutcome(.success).data.object)
        let last = Progress(lease: lease, parts: [.finished(outcome: outcome, outputs: ["color": "green"])])
        await #expect(throws: DiagnosticError.self) { try await runs.progress(last, of: ghost) }
        // It goes back to what is recorded, and is cancelled; what its runner says more is not waited for.
        harness.clock.advance(5 * 60_000)
        while await runs.isActive(run) {
            await runs.tick()
            await Task.yield()
        }
        let ends = try server.store.journal.events(of: StreamID("run/\(run)/1")).filter {
            $0.event.type == "runFinished"
        }
        #expect(ends.count == 1)
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        #expect(try await harness.end(of: try await harness.begin("quick.yml")).conclusion == .success)
        await agent.leave()
        try await work.value
    }
}
