// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import HTTPMessages
import PipelineModel
import RunCoordination
import SourceForges
import StructuredData
import Testing
import Timekeeping
import TriggerIntake

@Suite("A pull request")
struct PullRequestTests {
    let ground: Ground
    let base: String
    let head: String

    init() throws {
        ground = try Ground()
        let origin = ground.origin
        base = try origin.commit([
            ".github/workflows/ci.yml": workflow(
                "pull_request", job: "    permissions: {contents: write, id-token: write}\n"),
            ".github/workflows/label.yml": workflow("pull_request_target"),
        ])
        try origin.git("checkout", "-q", "-b", "side")
        head = try origin.commit([
            ".github/workflows/more.yml": workflow("{pull_request: {paths: ['src/**']}}"), "src/a": "1",
        ])
        try origin.git("update-ref", "refs/pull/7/head", head)
        try origin.git("checkout", "-q", "main")
    }

    /// What a forge makes of a request that can be merged.
    private func merge() throws -> String {
        try ground.origin.git("merge", "-q", "--no-ff", "-m", "Merge", head)
        let merge = try ground.origin.head()
        try ground.origin.git("reset", "-q", "--hard", base)
        try ground.origin.git("update-ref", "refs/pull/7/merge", merge)
        return merge
    }

    @Test("It runs the workflows of the merge, and those of the default branch that wait for its target")
    func merged() async throws {
        let merge = try merge()
        let desk = ground.desk()
        _ = try await desk.receive(try ground.request(7, head: head, base: base), of: "prj_1")
        await desk.idle()
        #expect(
            ground.shown == [
                "ci.yml pull_request refs/pull/7/merge", "more.yml pull_request refs/pull/7/merge",
                "label.yml pull_request_target refs/heads/main",
            ])
        #expect(ground.begun.map(\.record.repository.sha) == [merge, merge, base])
        #expect(ground.begun.allSatisfy { $0.fork == nil && $0.record.givesSecrets && $0.record.sandbox == nil })
    }

    @Test("Where there is no merge, or one of an earlier head, it is the head that runs")
    func unmerged() async throws {
        let desk = ground.desk()
        _ = try await desk.receive(try ground.request(7, head: head, base: base), of: "prj_1")
        await desk.idle()
        #expect(ground.begun.first?.record.repository.sha == head)
        _ = try merge()
        try ground.origin.git("checkout", "-q", "side")
        let next = try ground.origin.commit(["src/a": "2"])
        try ground.origin.git("update-ref", "refs/pull/7/head", next)
        _ = try await desk.receive(
            try ground.request(7, head: next, base: base, action: "synchronize", id: "pr-2"), of: "prj_1")
        await desk.idle()
        let later = ground.begun.dropFirst(3).first?.record
        #expect(later?.repository.sha == next)
        #expect(later?.plan.trigger.ref == "refs/pull/7/merge")
    }

    @Test("A fork's runs are enclosed, get no secrets and may only read, and wait for an approval; its target's do not")
    func fork() async throws {
        _ = try merge()
        let desk = ground.desk()
        _ = try await desk.receive(try ground.request(7, head: head, base: base, fork: true), of: "prj_1")
        await desk.idle()
        #expect(ground.begun.map { $0.fork?.isApprovalNeeded } == [true, true, nil])
        let record = try #require(ground.begun.first?.record)
        #expect(!record.givesSecrets)
        #expect(record.sandbox != nil)
        #expect(record.plan.jobs.map(\.permissions) == [["contents": "read"]])
        #expect(ground.begun[1].record.plan.jobs.map(\.permissions) == [["contents": "read", "packages": "read"]])
        let target = try #require(ground.begun.last?.record)
        #expect(target.givesSecrets)
        #expect(target.sandbox == nil)
        #expect(target.repository.sha == base)
    }

    @Test("A project may leave forks out, or let them run at once")
    func policies() async throws {
        ground.set { $0.forks = .ignore }
        let desk = ground.desk()
        _ = try await desk.receive(try ground.request(7, head: head, base: base, fork: true), of: "prj_1")
        await desk.idle()
        #expect(ground.shown == ["label.yml pull_request_target refs/heads/main"])
        ground.set { $0.forks = .run }
        _ = try await desk.receive(
            try ground.request(7, head: head, base: base, action: "reopened", fork: true, id: "pr-2"), of: "prj_1")
        await desk.idle()
        let fork = try #require(ground.begun.dropFirst().first?.fork)
        #expect(!fork.isApprovalNeeded)
        #expect(fork.reason.contains("lets them run"))
    }

    @Test("Its activity counts, and a second delivery of the same head is one run")
    func activity() async throws {
        let desk = ground.desk()
        _ = try await desk.receive(
            try ground.request(7, head: head, base: base, action: "labeled", id: "pr-0"), of: "prj_1")
        _ = try await desk.receive(try ground.request(7, head: head, base: base), of: "prj_1")
        _ = try await desk.receive(try ground.request(7, head: head, base: base, id: "pr-2"), of: "prj_1")
        await desk.idle()
        #expect(ground.begun.count == 3)
        let notes = try ground.notes("pr-2", desk)
        #expect(notes.map(\.kind) == [.known, .known, .known, .skipped], "\(notes)")
    }

    @Test("Words in its head's message keep it from running, though not its target")
    func marker() async throws {
        try ground.origin.git("checkout", "-q", "side")
        let next = try ground.origin.commit(["src/a": "2"], "[ci skip] Words")
        try ground.origin.git("update-ref", "refs/pull/7/head", next)
        let desk = ground.desk()
        _ = try await desk.receive(try ground.request(7, head: next, base: base), of: "prj_1")
        await desk.idle()
        #expect(ground.shown == ["label.yml pull_request_target refs/heads/main"])
    }

    @Test("One that a poll found runs like a fork's")
    func polled() async throws {
        ground.set {
            $0.pollSeconds = 30
            $0.pollsRequests = true
        }
        let desk = ground.desk()
        await desk.tick()
        await desk.idle()
        #expect(ground.begun.isEmpty)
        try ground.origin.git("update-ref", "refs/pull/8/head", head)
        ground.pass(.seconds(29))
        await desk.tick()
        await desk.idle()
        #expect(ground.begun.isEmpty)
        ground.pass(.seconds(1))
        await desk.tick()
        await desk.idle()
        #expect(ground.shown.first == "ci.yml pull_request refs/pull/8/merge")
        #expect(ground.begun.first?.fork?.isApprovalNeeded == true)
    }
}

@Suite("A merge request of GitLab")
struct MergeRequestTests {
    @Test("It runs the merge that GitLab keeps, under the name that workflows know")
    func merged() async throws {
        let ground = try Ground()
        ground.set { $0.forge = .gitlab }
        let origin = ground.origin
        let base = try origin.commit([".github/workflows/ci.yml": workflow("pull_request")])
        try origin.git("checkout", "-q", "-b", "side")
        let head = try origin.commit(["a": "1"])
        try origin.git("checkout", "-q", "--detach", base)
        try origin.git("merge", "-q", "--no-ff", "-m", "Merge", head)
        let merge = try origin.head()
        // As a recorded one, but for the numbers.
        var text = String(decoding: try Fixture.bytes("gitlab/merge-request-open"), as: UTF8.self)
        let recorded = try DataValue(json: Array(text.utf8))
        let attributes = try #require(recorded["object_attributes"])
        let number = try #require(attributes["iid"]?.int)
        let commit = try #require(attributes["last_commit"]?["id"]?.string)
        text = text.replacing(commit, with: head)
        try origin.git("update-ref", "refs/merge-requests/\(number)/head", head)
        try origin.git("update-ref", "refs/merge-requests/\(number)/merge", merge)
        let headers = HTTPHeaders([
            HTTPHeaders.Field("X-Gitlab-Event", "Merge Request Hook"), HTTPHeaders.Field("Idempotency-Key", "i-1"),
        ])
        let delivery = try ForgeDelivery(headers, body: Array(text.utf8), forge: .gitlab)
        let desk = ground.desk()
        _ = try await desk.receive(delivery, of: "prj_1")
        await desk.idle()
        #expect(ground.shown == ["ci.yml pull_request refs/pull/\(number)/merge"])
        #expect(ground.begun.first?.record.repository.sha == merge)
    }
}
