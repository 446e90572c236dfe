// SPDX-License-Identifier: Apache-2.0

import Diagnostics
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

@Suite("The credential of one lease", .ownFolders)
struct LeaseCredentialTests {
    private static let workflow = """
        on: workflow_dispatch
        jobs:
          one: {runs-on: ubuntu-latest, steps: [{run: echo}]}
          two: {runs-on: ubuntu-latest, steps: [{run: echo}]}
        """

    /// A runner that has two jobs, and a credential for the first.
    private struct Held {
        let harness: ServerHarness
        let link: ServerLink
        let runner: String
        var leases: [LeaseKey] = []
        let credential: String

        init() async throws {
            harness = try await ServerHarness(workflows: ["ci.yml": LeaseCredentialTests.workflow])
            _ = try harness.commit("first")
            runner = try await harness.registered("east")
            let answer = await harness.send("POST", "/api/v1/projects/demo/runs", ["workflow": "ci.yml"])
            #expect(answer.status == 201)
            link = ServerLink(url: "http://server.test", credential: runner, transport: harness.transport)
            while leases.count < 2 {
                let answer = try await link.poll(PollRequest(instance: "x", free: 2 - leases.count, holds: leases))
                leases += answer.assignments.map(\.lease)
            }
            credential = try await link.delegate(leases[0]).text
        }

        func ask(_ name: String, _ body: DataValue, as credential: String? = nil) async -> (Int, DataValue) {
            let answer = await harness.door.answer(
                InboundRequest(
                    "POST", "/runner/v1/\(name)",
                    headers: [
                        ("Authorization", "Bearer \(credential ?? self.credential)"),
                        (RunnerProtocolVersion.header, "1"), ("Content-Type", "application/json"),
                    ], body: Array(body.jsonText().utf8)))
            return (answer.status, (try? DataValue(json: await ServerHarness.bytes(answer))) ?? .null)
        }
    }

    @Test("It opens what names its lease, and nothing else: no other job, no queue, no credential for another")
    func bounds() async throws {
        let held = try await Held()
        #expect(await held.ask("assignment", held.leases[0].data).0 == 200)
        #expect(await held.ask("position", held.leases[0].data).0 == 200)
        #expect(await held.ask("attend", AttendRequest(held.leases[0], waitMs: 0).data).0 == 200)
        #expect(await held.ask("assignment", held.leases[1].data).0 == 401)
        #expect(await held.ask("attend", AttendRequest(held.leases[1], waitMs: 0).data).0 == 401)
        #expect(await held.ask("storage", StorageCall(lease: held.leases[1], .caches).data).0 == 401)
        #expect(await held.ask("delegate", held.leases[0].data).0 == 401)
        #expect(await held.ask("forsake", ForsakenLease(held.leases[0], reason: "x").data).0 == 401)
        #expect(await held.ask("poll", PollRequest(instance: "y", free: 1, holds: []).data).0 == 401)
        // It is no account's either.
        let answer = await held.harness.door.answer(
            InboundRequest("GET", "/api/v1/projects", headers: [("Authorization", "Bearer \(held.credential)")]))
        #expect(answer.status == 401)
    }

    @Test("One that was changed, or signed for something else, is refused")
    func forged() async throws {
        let held = try await Held()
        var parts = held.credential.split(separator: ".").map(String.init)
        parts[2] = String(parts[2].reversed())
        #expect(await held.ask("assignment", held.leases[0].data, as: parts.joined(separator: ".")).0 == 401)
        #expect(await held.ask("assignment", held.leases[0].data, as: "mrt_lease.a.b.c").0 == 401)
    }

    @Test(
        "A second pod of the same lease, which a cluster makes by itself, is given nothing once a step has begun in the first"
    )
    func secondPod() async throws {
        let held = try await Held()
        let lease = held.leases[0]
        #expect(await held.ask("assignment", lease.data).0 == 200)
        let step = StepAttempt(step: try #require(StepPath("1")), number: 1)
        _ = try await held.link.progress(Progress(lease: lease, parts: [.log(step, offset: 0, Array("hello\n".utf8))]))
        #expect(await held.ask("assignment", lease.data).0 == 410)
        // The runner itself has what was begun on its disk.
        #expect(await held.ask("assignment", lease.data, as: held.runner).0 == 200)
    }

    @Test(
        "What a job waits for where its runner carries it out is told while it waits, recorded, and told no more once it has begun"
    )
    func waits() async throws {
        let held = try await Held()
        let lease = held.leases[0]
        let text = "The quota 'most' of the namespace 'ci' is used up: 8 of 8 CPU."
        func why() async -> [DataValue] {
            let answer = await held.harness.send("GET", "/api/v1/runs/\(lease.work.run)/attempts/1/why", nil)
            return answer.body["items"]?.array ?? []
        }
        func reason(_ items: [DataValue]) -> String? {
            items.first { $0["job"]?.string == lease.work.job.text }?["reason"]?["text"]?.string
        }
        var request = PollRequest(instance: "x", free: 0, holds: held.leases, waitMs: 0)
        request.waits = [
            LeaseWait(lease, reason: text), LeaseWait(LeaseKey(lease.work, fence: 99), reason: "another's"),
        ]
        _ = try await held.link.poll(request)
        #expect(reason(await why()) == text)
        request.waits = []
        _ = try await held.link.poll(request)
        let later = await why()
        #expect(reason(later) != text)
        let notes = later.first { $0["job"]?.string == lease.work.job.text }?["notes"]?.array ?? []
        #expect(notes.contains(.string(text)), "\(later)")
    }

    @Test("It ends with the lease: a job that its runner gave back is another's, under another fence")
    func forsaken() async throws {
        let held = try await Held()
        try await held.link.forsake(ForsakenLease(held.leases[0], reason: "Its pod was evicted."))
        #expect(await held.ask("attend", AttendRequest(held.leases[0], waitMs: 0).data).0 == 410)
        var again: LeaseKey?
        while again == nil {
            again = try await held.link.poll(PollRequest(instance: "x", free: 1, holds: [held.leases[1]])).assignments
                .first?.lease
        }
        #expect(again?.work == held.leases[0].work)
        #expect(try #require(again).fence > held.leases[0].fence)
        #expect(await held.ask("assignment", try #require(again).data).0 == 401)
    }

    @Test("A job hears of its cancellation once for each of its kinds, and its runner is not told for it")
    func cancellation() async throws {
        let held = try await Held()
        let lease = held.leases[0]
        let waiting = Task { await held.ask("attend", AttendRequest(lease, waitMs: 3_000).data) }
        var elsewhere = PollRequest(instance: "x", free: 0, holds: [held.leases[1]], waitMs: 0)
        elsewhere.elsewhere = [lease]
        // It attends by now, or is cancelled before: both are told.
        while await !held.harness.server.runs.isAttended(lease) { await Task.yield() }
        _ = await held.harness.send("POST", "/api/v1/runs/\(lease.work.run)/cancel", [:])
        let told = await waiting.value
        #expect(told.1["cancellation"]?["force"]?.bool == false)
        let heard = await held.ask("attend", AttendRequest(lease, heard: .soft, waitMs: 0).data)
        #expect(heard.0 == 200 && heard.1["cancellation"] == nil)
        let answer = try await held.link.poll(elsewhere)
        #expect(answer.cancellations.allSatisfy { $0.lease != lease })
        #expect(answer.lost.isEmpty)
    }
}
