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
    /// While it lasts nothing that a runner tells of its jobs comes through.
    private final class Silence: Sendable {
        private let isOn = Mutex(true)

        var lasts: Bool { isOn.withLock { $0 } }
        func end() { isOn.withLock { $0 = false } }
    }

    private func silent(
        _ harness: ServerHarness, _ silence: Silence, capacity: Int = 4
    ) async throws -> JobRunner {
        let inner = harness.transport
        return try harness.agent("one", credential: try await harness.registered("one"), capacity: capacity) {
            (call) throws(DiagnosticError) in
            guard !call.url.hasSuffix("/progress") || !silence.lasts else {
                throw DiagnosticError(.webUnreachable, "Nothing comes through.")
            }
            return try await inner(call)
        }
    }

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
        let silence = Silence()
        let agent = try await silent(harness, silence)
        let work = Task { try await agent.run() }
        let run = try await harness.begin("ci.yml")
        while !FileManager.default.fileExists(atPath: mark) { await Task.yield() }
        let old = try #require(await harness.server.runs.leasesNow.first)
        // Its polls say that it has the job: one may come between the two.
        while await harness.server.runs.leasesNow.first.map({ $0.fence > old.fence }) != true {
            harness.clock.advance(RunnerLimits.leaseMs + 1)
            await harness.server.runs.tick()
        }
        silence.end()
        let job = try await harness.end(of: run).jobs[0]
        #expect(job.conclusion == .failure && job.reason?.kind == .interrupted, "\(job)")
        await agent.leave()
        try await work.value
        let leases = try FileManager.default.contentsOfDirectory(atPath: harness.folder + "/runner-one/leases")
        #expect(leases.isEmpty)
    }

    @Test("What a runner did under a lease that was lost before anybody heard of it is told whole under the next one")
    func doneUnderAnEarlierLease() async throws {
        let harness = try await ServerHarness(workflows: [
            "ci.yml": """
            on: push
            jobs:
              build:
                runs-on: ubuntu-latest
                steps: [{run: 'echo done once'}]
            """
        ])
        let silence = Silence()
        // With room for one it is given nothing before it has let go of what it had.
        let agent = try await silent(harness, silence, capacity: 1)
        let work = Task { try await agent.run() }
        let run = try await harness.begin("ci.yml")
        let end = harness.folder + "/runner-one/runs/\(run)/jobs/1/build/end"
        while !FileManager.default.fileExists(atPath: end) { await Task.yield() }
        let old = try #require(await harness.server.runs.leasesNow.first)
        while await harness.server.runs.leasesNow.first.map({ $0.fence > old.fence }) != true {
            harness.clock.advance(RunnerLimits.leaseMs + 1)
            await harness.server.runs.tick()
        }
        silence.end()
        let job = try await harness.end(of: run).jobs[0]
        #expect(job.conclusion == .success, "\(job)")
        let log = await harness.send("GET", "/api/v1/runs/\(run)/attempts/1/logs/build/1/1?tail=1")
        #expect(log.body["text"]?.string == "done once", "\(log)")
        await agent.leave()
        try await work.value
    }

    @Test("A job that cannot even begin on its runner fails there, with the reason")
    func cannotBegin() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": ServedRunTests.plain])
        let reported = Mutex(0)
        let credential = try await harness.registered("one")
        let (store, transport) = (try RunStore(root: harness.folder + "/runner-one"), harness.transport)
        let agent = JobRunner(
            JobRunner.Surroundings(
                store: store, capacity: 1,
                settings: { (_) throws(DiagnosticError) in
                    throw DiagnosticError(.webUnreachable, "The files are not to be had.")
                },
                link: { () throws(DiagnosticError) in
                    ServerLink(url: "http://server.test", credential: credential, transport: transport)
                }, report: { _ in reported.withLock { $0 += 1 } }))
        let work = Task { try await agent.run() }
        let job = try await harness.end(of: try await harness.begin("ci.yml")).jobs[0]
        #expect(job.conclusion == .failure)
        #expect(job.reason?.text.hasSuffix("The files are not to be had.") == true, "\(job)")
        #expect(reported.withLock { $0 } == 1)
        await agent.leave()
        try await work.value
    }

    @Test("A runner that says nothing more of a job that is ended by force does not hold up its run")
    func forced() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": ServedRunTests.plain])
        let (_, ghost) = try await harness.runner("ghost")
        let run = try await harness.begin("ci.yml")
        let runs = harness.server.runs
        var request = PollRequest(instance: "x", free: 1, holds: [], waitMs: 0)
        request.holds = await runs.poll(ghost, request).assignments.map(\.lease)
        #expect(try await runs.cancel(run, isForced: true, reason: "enough"))
        for _ in 0..<2 {
            harness.clock.advance(3 * 60_000)
            _ = await runs.poll(ghost, request)
            await runs.tick()
        }
        #expect(try await harness.end(of: run).conclusion == .cancelled)
    }

    @Test("When the clock is set back a runner keeps its job, and its poll is answered all the same")
    func setBack() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": ServedRunTests.plain])
        let (_, ghost) = try await harness.runner("ghost")
        _ = try await harness.begin("ci.yml")
        let runs = harness.server.runs
        var request = PollRequest(instance: "x", free: 1, holds: [], waitMs: 0)
        request.holds = await runs.poll(ghost, request).assignments.map(\.lease)
        #expect(request.holds.count == 1)
        request.free = 0
        request.waitMs = RunnerLimits.pollMs
        let patient = request
        await runs.tick()
        async let answer = runs.poll(ghost, patient)
        while await !runs.isPolled(by: ghost) { await Task.yield() }
        harness.clock.advance(-5 * 60_000)
        await runs.tick()
        #expect(await answer.isEmpty)
        request.waitMs = 0
        for _ in 0..<3 {
            #expect(await runs.poll(ghost, request).lost.isEmpty)
            await runs.tick()
        }
        #expect(await runs.leasesNow == Set(request.holds))
    }

    @Test("A job that comes back after a long wait waits anew")
    func waitsAnew() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": ServedRunTests.plain])
        let run = try await harness.begin("ci.yml")
        let runs = harness.server.runs
        let hours: Int64 = 3_600_000
        harness.clock.advance(20 * hours)
        await runs.tick()
        let (_, ghost) = try await harness.runner("ghost")
        let request = PollRequest(instance: "x", free: 1, holds: [], waitMs: 0)
        #expect(await runs.poll(ghost, request).assignments.count == 1)
        await harness.passALease()
        #expect(await runs.leasesNow.isEmpty)
        harness.clock.advance(20 * hours)
        await runs.tick()
        #expect(await runs.poll(ghost, request).assignments.map(\.lease.work.run) == [run])
    }

    @Test("A job that was cancelled while its runner was away does not go on with it")
    func cancelledMeanwhile() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": ServedRunTests.plain])
        let (_, ghost) = try await harness.runner("ghost")
        let run = try await harness.begin("ci.yml")
        let runs = harness.server.runs
        let request = PollRequest(instance: "x", free: 1, holds: [], waitMs: 0)
        let lease = try #require(await runs.poll(ghost, request).assignments.first?.lease)
        #expect(await runs.assignment(lease, of: ghost)?.cancellation == nil)
        #expect(try await runs.cancel(run, isForced: false, reason: "enough"))
        let again = try #require(await runs.assignment(lease, of: ghost))
        #expect(again.cancellation?.reason == "enough")
        #expect(try JobAssignment(data: again.data) == again)
    }
}
