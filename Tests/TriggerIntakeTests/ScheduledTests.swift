// SPDX-License-Identifier: Apache-2.0

import PipelineModel
import RunCoordination
import SourceForges
import StructuredData
import Testing
import Timekeeping
import TriggerIntake

@Suite("Schedules of the default branch")
struct ScheduledTests {
    let ground: Ground

    init() throws { ground = try Ground() }

    private static let night = workflow(
        "{schedule: [{cron: '30 10 * * *'}, {cron: '0 12 * * *', timezone: Europe/Berlin}]}")

    private func pass(_ span: Timestamp.Span, _ desk: TriggerDesk) async {
        ground.pass(span)
        await desk.tick()
        await desk.idle()
    }

    @Test("They fire at their minute, each by its own line, once, also over a restart")
    func fires() async throws {
        // It is 09:00 UTC on 2026-03-01.
        let commit = try ground.origin.commit([".github/workflows/night.yml": Self.night])
        let desk = ground.desk()
        await pass(.seconds(0), desk)
        #expect(await desk.nextFire(of: "prj_1") == (ground.now + .minutes(90)).milliseconds)
        await pass(.minutes(89), desk)
        #expect(ground.begun.isEmpty)
        await pass(.minutes(1), desk)
        #expect(ground.shown == ["night.yml schedule refs/heads/main"])
        #expect(ground.begun.first?.record.payload["schedule"] == "30 10 * * *")
        #expect(ground.begun.first?.record.repository.sha == commit)
        let next = ground.desk()
        try await next.start()
        await pass(.seconds(1), next)
        #expect(ground.begun.count == 1)
        await pass(.minutes(30), next)
        #expect(ground.begun.map(\.record.payload).last?["schedule"] == "0 12 * * *")
    }

    @Test("A tick that is recorded and not known here, for the answer to it was lost, holds up no later one")
    func recordedElsewhere() async throws {
        try ground.origin.commit([".github/workflows/often.yml": workflow("{schedule: [{cron: '*/10 * * * *'}]}")])
        let (desk, other) = (ground.desk(), ground.desk())
        await pass(.seconds(0), desk)
        await pass(.seconds(0), other)
        // For the first the journal is now ahead of what it knows.
        await pass(.minutes(10), other)
        #expect(ground.begun.count == 1)
        await pass(.seconds(1), desk)
        await pass(.seconds(1), desk)
        await pass(.minutes(10), desk)
        await pass(.seconds(1), desk)
        #expect(ground.begun.count == 2)
    }

    @Test("After a time without a server the latest missed one runs")
    func missed() async throws {
        try ground.origin.commit([".github/workflows/often.yml": workflow("{schedule: [{cron: '*/10 * * * *'}]}")])
        await pass(.seconds(0), ground.desk())
        let next = ground.desk()
        await pass(.minutes(65), next)
        await pass(.seconds(1), next)
        #expect(ground.begun.count == 1)
        let page = try next.log.page("prj_1")
        #expect(page.map(\.delivery.title) == ["schedule"])
    }

    @Test("Other branches' schedules are nobody's; what the default branch drops ends")
    func branches() async throws {
        let first = try ground.origin.commit(["a": "1"])
        try ground.origin.git("checkout", "-q", "-b", "side")
        let side = try ground.origin.commit([".github/workflows/night.yml": Self.night])
        let desk = ground.desk()
        _ = try await desk.receive(try ground.push("refs/heads/side", to: side), of: "prj_1")
        await pass(.minutes(120), desk)
        #expect(ground.begun.isEmpty)
        try ground.origin.git("checkout", "-q", "main")
        let second = try ground.origin.commit([".github/workflows/night.yml": Self.night])
        _ = try await desk.receive(try ground.push(from: first, to: second, id: "p2"), of: "prj_1")
        await desk.idle()
        #expect(await desk.nextFire(of: "prj_1") != nil)
        try ground.origin.git("rm", "-q", ".github/workflows/night.yml")
        let third = try ground.origin.commit([:])
        _ = try await desk.receive(try ground.push(from: second, to: third, id: "p3"), of: "prj_1")
        await desk.idle()
        #expect(await desk.nextFire(of: "prj_1") == nil)
    }

    @Test("Pushes that no webhook told of are found by polling, once, also over a restart")
    func polled() async throws {
        try ground.origin.commit([".github/workflows/ci.yml": workflow("push")])
        ground.set { $0.pollSeconds = 60 }
        let desk = ground.desk()
        await pass(.seconds(0), desk)
        #expect(ground.begun.isEmpty)
        let second = try ground.origin.commit(["a": "2"])
        await pass(.seconds(60), desk)
        #expect(ground.begun.map(\.record.repository.sha) == [second])
        let third = try ground.origin.commit(["a": "3"])
        // The webhook is late.
        _ = try await desk.receive(try ground.push(from: second, to: third), of: "prj_1")
        await desk.idle()
        await pass(.seconds(60), desk)
        let next = ground.desk()
        await pass(.seconds(60), next)
        #expect(ground.begun.map(\.record.repository.sha) == [second, third])
    }

    @Test("A remote that cannot be polled is asked less and less often, and reported once")
    func away() async throws {
        try ground.origin.commit(["a": "1"])
        ground.set {
            $0.pollSeconds = 60
            $0.cloneURL += "-moved"
        }
        let desk = ground.desk()
        for _ in 0..<10 { await pass(.seconds(60), desk) }
        // One for the look at its default branch.
        #expect(ground.reports.count == 2)
    }
}
