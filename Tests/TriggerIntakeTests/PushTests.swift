// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import PipelineModel
import RunCoordination
import SourceForges
import StructuredData
import Testing
import Timekeeping
import TriggerIntake

@Suite("A push")
struct PushTests {
    let ground: Ground

    init() throws { ground = try Ground() }

    @Test("It begins each workflow of the commit that waits for it, and says why others are not begun")
    func workflows() async throws {
        let commit = try ground.origin.commit([
            ".github/workflows/ci.yml": workflow("push", name: "CI"),
            ".github/workflows/docs.yml": workflow("{push: {branches: [docs]}}"),
            ".github/workflows/broken.yml": "on: [",
            ".github/workflows/night.yml": workflow("{schedule: [{cron: '0 3 * * *'}]}"),
        ])
        let desk = ground.desk()
        #expect(try await desk.receive(try ground.push(to: commit), of: "prj_1") == .accepted)
        await desk.idle()
        #expect(ground.shown == ["ci.yml push refs/heads/main"])
        let notes = try ground.notes("push-1", desk)
        #expect(notes.map(\.kind) == [.started, .unreadable, .skipped, .skipped])
        #expect(notes[0].run == RunID(1))
        #expect(notes[2].reason.contains("'main' matches none of branches"))
        let record = try #require(ground.begun.first?.record)
        #expect(record.repository.sha == commit)
        #expect(record.repository.fullName == "lark/tern")
        #expect(record.repository.actor == "lea")
        #expect(record.repository.root.hasSuffix("/mirror.git"))
        #expect(record.isPinned)
        #expect(record.givesSecrets)
        #expect(record.project == "prj_1")
        #expect(record.payload["after"]?.string == commit)
        #expect(record.repository.headCommit?.message == "Change")
    }

    @Test("A second delivery of the same id is known, and begins nothing")
    func known() async throws {
        let commit = try ground.origin.commit([".github/workflows/ci.yml": workflow("push")])
        let desk = ground.desk()
        let delivery = try ground.push(to: commit)
        #expect(try await desk.receive(delivery, of: "prj_1") == .accepted)
        #expect(try await desk.receive(delivery, of: "prj_1") == .known)
        await desk.idle()
        #expect(try await desk.receive(delivery, of: "prj_1") == .known)
        await desk.idle()
        #expect(ground.begun.count == 1)
    }

    @Test("The same push under another id is one run: whoever told of it first")
    func twice() async throws {
        let commit = try ground.origin.commit([".github/workflows/ci.yml": workflow("push")])
        let desk = ground.desk()
        _ = try await desk.receive(try ground.push(to: commit), of: "prj_1")
        _ = try await desk.receive(try ground.push(to: commit, id: "push-2"), of: "prj_1")
        _ = try await desk.receive(try ground.push("refs/heads/main", to: commit, id: "push-3"), of: "prj_1")
        await desk.idle()
        #expect(ground.begun.count == 1)
        let notes = try ground.notes("push-2", desk)
        #expect(notes.map(\.kind) == [.known])
        #expect(notes.map(\.run) == [RunID(1)])
    }

    @Test("Words in the commit's message keep it from beginning anything")
    func marker() async throws {
        let commit = try ground.origin.commit([".github/workflows/ci.yml": workflow("push")], "Words [skip ci]")
        let desk = ground.desk()
        _ = try await desk.receive(
            try ground.push(to: commit, message: "Words [skip ci]"), of: "prj_1")
        await desk.idle()
        #expect(ground.begun.isEmpty)
        #expect(try ground.notes("push-1", desk).first?.reason.contains("[skip ci]") == true)
    }

    @Test("Filters by paths see what the push changed, or what a new branch brings")
    func paths() async throws {
        let first = try ground.origin.commit([
            ".github/workflows/docs.yml": workflow("{push: {paths: ['docs/**']}}"), "docs/a": "1", "src/a": "1",
        ])
        let second = try ground.origin.commit(["src/a": "2"])
        let desk = ground.desk()
        _ = try await desk.receive(try ground.push(from: first, to: second), of: "prj_1")
        await desk.idle()
        #expect(ground.begun.isEmpty)
        try ground.origin.git("checkout", "-q", "-b", "side")
        let third = try ground.origin.commit(["docs/a": "2"])
        _ = try await desk.receive(try ground.push("refs/heads/side", to: third, id: "push-2"), of: "prj_1")
        try ground.origin.git("checkout", "-q", "-b", "other", "main")
        let fourth = try ground.origin.commit(["src/a": "3"])
        _ = try await desk.receive(try ground.push("refs/heads/other", to: fourth, id: "push-3"), of: "prj_1")
        await desk.idle()
        #expect(ground.shown == ["docs.yml push refs/heads/side"])
    }

    @Test("A tag runs what waits for tags")
    func tag() async throws {
        let commit = try ground.origin.commit([
            ".github/workflows/release.yml": workflow("{push: {tags: ['v*']}}"),
            ".github/workflows/ci.yml": workflow("{push: {branches: ['**']}}"),
        ])
        try ground.origin.git("tag", "-a", "v1", "-m", "One")
        let desk = ground.desk()
        var payload = try ground.push("refs/tags/v1", to: commit).events[0].payload
        payload["after"] = .string(try ground.origin.head("v1"))
        _ = try await desk.receive(try ground.delivery("push", id: "t", payload), of: "prj_1")
        await desk.idle()
        #expect(ground.shown == ["release.yml push refs/tags/v1"])
        #expect(ground.begun.first?.record.repository.sha == commit)
    }

    @Test("A branch that was removed begins nothing but what waits for removals, on the default branch")
    func removed() async throws {
        let commit = try ground.origin.commit([".github/workflows/gone.yml": workflow("[push, delete]")])
        let desk = ground.desk()
        var payload = try ground.push("refs/heads/side", from: commit, to: commit).events[0].payload
        payload["after"] = .string(String(repeating: "0", count: 40))
        payload["deleted"] = true
        _ = try await desk.receive(try ground.delivery("push", id: "d", payload), of: "prj_1")
        _ = try await desk.receive(
            try ground.delivery("delete", id: "e", ["ref": "side", "ref_type": "branch"]), of: "prj_1")
        await desk.idle()
        #expect(ground.shown == ["gone.yml delete refs/heads/main"])
    }

    @Test("One that is recorded, and whose answer was lost, is worked when it comes again, once")
    func recorded() async throws {
        let commit = try ground.origin.commit([".github/workflows/ci.yml": workflow("push")])
        let desk = ground.desk()
        let push = try ground.push(to: commit)
        #expect(
            try DeliveryLog(ground.store).receive(.forge(push.events), id: push.id, project: "prj_1", at: ground.now))
        for _ in 0..<2 {
            #expect(try await desk.receive(push, of: "prj_1") == .known)
            await desk.tick()
            await desk.idle()
            #expect(ground.shown == ["ci.yml push refs/heads/main"])
        }
    }

    @Test("A commit that is gone is tried again, then given up with a reason, and can be redelivered")
    func gone() async throws {
        try ground.origin.commit([".github/workflows/ci.yml": workflow("push")])
        let desk = ground.desk()
        let lost = String(repeating: "1", count: 40)
        _ = try await desk.receive(try ground.push(to: lost), of: "prj_1")
        await desk.idle()
        for retry in 0..<TriggerLimits.missingCommitRetries {
            ground.pass(TriggerLimits.retries[retry])
            await desk.tick()
            await desk.idle()
        }
        let delivery = try #require(try desk.log.delivery("prj_1", "push-1"))
        guard case .failed(let diagnostic, retryAt: nil) = delivery.state else {
            Issue.record("\(delivery)")
            return
        }
        #expect(diagnostic.code == DiagnosticCode(1141))
        #expect(delivery.attempts == 1 + TriggerLimits.missingCommitRetries)
        try await desk.redeliver("push-1", of: "prj_1", by: "lea")
        await desk.idle()
        #expect(ground.begun.isEmpty)
    }

    @Test("A remote that is away for a while costs time, and no push")
    func away() async throws {
        let commit = try ground.origin.commit([".github/workflows/ci.yml": workflow("push")])
        let address = ground.origin.path
        ground.set { $0.cloneURL = address + "-moved" }
        let desk = ground.desk()
        _ = try await desk.receive(try ground.push(to: commit), of: "prj_1")
        await desk.idle()
        #expect(ground.begun.isEmpty)
        let delivery = try #require(try desk.log.delivery("prj_1", "push-1"))
        guard case .failed(_, let retryAt?) = delivery.state else {
            Issue.record("\(delivery)")
            return
        }
        #expect(retryAt == ground.now + .seconds(1))
        ground.set { $0.cloneURL = address }
        await desk.tick()
        await desk.idle()
        #expect(ground.begun.isEmpty)
        ground.pass(.seconds(1))
        await desk.tick()
        await desk.idle()
        #expect(ground.begun.count == 1)
    }
}
