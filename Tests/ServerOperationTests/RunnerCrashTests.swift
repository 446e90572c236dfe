// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Foundation
import HTTPMessages
import PipelineModel
import RunCoordination
import RunEngine
import RunnerAgent
import RunnerProtocol
import ServerOperation
import StructuredData
import Synchronization
import TestFolders
import Testing
import ThreadExecution

@Suite("A runner's jobs around its end, and around a lease that it lost", .ownFolders)
struct RunnerCrashTests {
    @Test("A job that was over when its runner was killed still hands on its outputs")
    func outputs() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": ServedRunTests.plain])
        let (_, ghost) = try await harness.runner("ghost")
        _ = try await harness.begin("ci.yml")
        let request = PollRequest(instance: "x", free: 1, holds: [], waitMs: 0)
        let assignment = try #require(await harness.server.runs.poll(ghost, request).assignments.first)
        let root = harness.folder + "/killed"
        let carry: @Sendable () throws -> LeasedJob.End? = {
            let store = try RunStore(root: root)
            let content = try JobContent(object: assignment.content)
            let job = try LeasedJob(
                store: store, work: assignment.lease.work, content: content,
                settings: try ServerHarness.settings(content),
                observer: RunObserver(update: { _ in }, output: { _, _ in }))
            return try job.run()
        }
        // The first of them is over, and its end was not kept.
        for _ in 0..<2 {
            let end = try #require(try await BlockingWork.run { Result { try carry() } }.get())
            #expect(end.outcome.conclusion == .success)
            #expect(end.outputs["color"]?.string == "green")
        }
    }

    @Test("A runner that is given its own lost job anew ends the old one first, and the job has one end that is told")
    func givenAnew() async throws {
        let mark = OwnFolders.path()
        let harness = try await ServerHarness(workflows: [
            "ci.yml": """
            on: push
            jobs:
              build:
                runs-on: ubuntu-latest
                steps: [{run: 'touch \(mark); sleep 311'}]
            """
        ])
        let isSilent = Mutex(true)
        let inner = harness.transport
        let agent = try harness.agent("one", credential: try await harness.registered("one")) {
            (call) throws(DiagnosticError) in
            guard !call.url.hasSuffix("/progress") || !isSilent.withLock({ $0 }) else {
                throw DiagnosticError(.webUnreachable, "Nothing comes through.")
            }
            return try await inner(call)
        }
        let work = Task { try await agent.run() }
        let run = try await harness.begin("ci.yml")
        while !FileManager.default.fileExists(atPath: mark) { await Task.yield() }
        let old = try #require(await harness.server.runs.leasesNow.first)
        // Its polls say that it has the job: one may come between the two.
        while await harness.server.runs.leasesNow.first.map({ $0.fence > old.fence }) != true {
            harness.clock.advance(RunnerLimits.leaseMs + 1)
            await harness.server.runs.tick()
        }
        isSilent.withLock { $0 = false }
        let job = try await harness.end(of: run).jobs[0]
        #expect(job.conclusion == .failure && job.reason?.kind == .interrupted, "\(job)")
        await agent.leave()
        try await work.value
        let leases = try FileManager.default.contentsOfDirectory(atPath: harness.folder + "/runner-one/leases")
        #expect(leases.isEmpty)
    }
}
