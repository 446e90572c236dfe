// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import EventJournal
import Foundation
import PipelineModel
import RunCoordination
import SourceForges
import StructuredData
import Testing
import Timekeeping
import TriggerIntake

@Suite("A server that ended in the middle of a delivery")
struct RestartTests {
    let ground: Ground

    init() throws { ground = try Ground() }

    @Test("What was accepted is worked by the next process")
    func accepted() async throws {
        let commit = try ground.origin.commit([".github/workflows/ci.yml": workflow("push")])
        // As a process that is killed right after it has answered.
        let events = try ground.push(to: commit).events
        #expect(
            try DeliveryLog(ground.store).receive(.forge(events), id: "push-1", project: "prj_1", at: ground.now))
        let desk = ground.desk()
        try await desk.start()
        await desk.idle()
        #expect(ground.begun.count == 1)
        let next = ground.desk()
        try await next.start()
        await next.idle()
        #expect(ground.begun.count == 1)
        #expect(try await next.receive(try ground.push(to: commit), of: "prj_1") == .known)
    }

    @Test("A run that had begun and was not noted down does not begin again; what was not begun does")
    func begun() async throws {
        let commit = try ground.origin.commit([
            ".github/workflows/a.yml": workflow("push"), ".github/workflows/b.yml": workflow("push"),
        ])
        // What never returns holds on to its ground.
        defer { ground.origin.remove() }
        // The first process begins one run, and hears no more of it.
        let killed = ground.desk(stoppingAfter: 1)
        _ = try await killed.receive(try ground.push(to: commit), of: "prj_1")
        await ground.stopped()
        #expect(ground.shown == ["a.yml push refs/heads/main"])
        let stream = DeliveryLog.stream("prj_1", "push-1")
        #expect(try ground.store.journal.summary(of: stream)?.lastType == "deliveryReceived")
        let next = ground.desk()
        try await next.start()
        await next.idle()
        #expect(ground.shown == ["a.yml push refs/heads/main", "b.yml push refs/heads/main"])
        #expect(try ground.notes("push-1", next).map(\.run) == [RunID(1), RunID(2)])
        // The other way of the same push.
        _ = try await next.receive(try ground.push(to: commit, id: "push-2"), of: "prj_1")
        await next.idle()
        #expect(ground.begun.count == 2)
    }

    private static let deploy = WorkflowDispatch(workflow: "deploy", actor: "lea")

    @Test("Whoever asks again for what an earlier process has begun gets its run, though the remote is away by now")
    func dispatchedBefore() async throws {
        try ground.origin.commit([".github/workflows/deploy.yml": workflow("workflow_dispatch")])
        defer { ground.origin.remove() }
        let killed = ground.desk(stoppingAfter: 1)
        Task { try await killed.dispatch(Self.deploy, of: "prj_1", id: "1") }
        await ground.stopped()
        // Nothing can be planned any more.
        try ground.origin.commit([".github/workflows/other.yml": workflow("workflow_dispatch")])
        try ground.origin.git("rm", "-q", ".github/workflows/deploy.yml")
        try ground.origin.commit([:])
        ground.set { $0.cloneURL = ground.origin.folder + "/nowhere" }
        let next = ground.desk()
        async let asked = next.dispatch(Self.deploy, of: "prj_1", id: "1")
        try await next.start()
        let notes = try await asked
        #expect(notes.map(\.run) == [RunID(1)] && notes.map(\.path) == [".github/workflows/deploy.yml"])
        #expect(ground.begun.count == 1)
    }

    @Test("While a retry is due, whoever asks has it made now: nothing begins behind a refusal")
    func retryDue() async throws {
        try ground.origin.commit([".github/workflows/deploy.yml": workflow("workflow_dispatch")])
        #expect(
            try DeliveryLog(ground.store).receive(
                .dispatch(Self.deploy), id: "dispatch:1", project: "prj_1", at: ground.now))
        let desk = ground.desk()
        let place = ground.project.cloneURL
        ground.set { $0.cloneURL = ground.origin.folder + "/nowhere" }
        try await desk.start()
        await desk.idle()
        guard case .failed(_, retryAt: _?)? = try desk.log.delivery("prj_1", "dispatch:1")?.state else {
            Issue.record("no retry is due")
            return
        }
        // It is still away: whoever asks is told, and nothing is tried once they have gone.
        await #expect(throws: DiagnosticError.self) { try await desk.dispatch(Self.deploy, of: "prj_1", id: "1") }
        ground.set { $0.cloneURL = place }
        ground.pass(.minutes(60))
        await desk.tick()
        await desk.idle()
        #expect(ground.begun.isEmpty)
        #expect(try await desk.dispatch(Self.deploy, of: "prj_1", id: "1").map(\.run) == [RunID(1)])
    }

    @Test("While a retry is due and the remote is back, whoever asks gets the run at once")
    func retryWorks() async throws {
        try ground.origin.commit([".github/workflows/deploy.yml": workflow("workflow_dispatch")])
        #expect(
            try DeliveryLog(ground.store).receive(
                .dispatch(Self.deploy), id: "dispatch:1", project: "prj_1", at: ground.now))
        let desk = ground.desk()
        let place = ground.project.cloneURL
        ground.set { $0.cloneURL = ground.origin.folder + "/nowhere" }
        try await desk.start()
        await desk.idle()
        ground.set { $0.cloneURL = place }
        #expect(try await desk.dispatch(Self.deploy, of: "prj_1", id: "1").map(\.run) == [RunID(1)])
        #expect(ground.begun.count == 1)
    }

    @Test("A delivery that is to be tried again is tried at once where a person asks for it")
    func hurried() async throws {
        let commit = try ground.origin.commit([".github/workflows/ci.yml": workflow("push")])
        let place = ground.project.cloneURL
        ground.set { $0.cloneURL = ground.origin.folder + "/nowhere" }
        let desk = ground.desk()
        _ = try await desk.receive(try ground.push(to: commit), of: "prj_1")
        await desk.idle()
        ground.set { $0.cloneURL = place }
        try await desk.redeliver("push-1", of: "prj_1", by: "lea")
        await desk.idle()
        #expect(ground.begun.count == 1)
    }

    @Test("A run is there from when its record is: not sooner, and whatever else was lost", arguments: [true, false])
    func cutOff(hasRecord: Bool) async throws {
        let commit = try ground.origin.commit([".github/workflows/a.yml": workflow("push")])
        defer { ground.origin.remove() }
        let killed = ground.desk(stoppingAfter: 1)
        _ = try await killed.receive(try ground.push(to: commit), of: "prj_1")
        await ground.stopped()
        let folder = ground.store.root + "/runs/1/"
        try FileManager.default.removeItem(atPath: folder + (hasRecord ? "summary.json" : "record"))
        let next = ground.desk()
        try await next.start()
        await next.idle()
        #expect(try ground.notes("push-1", next).map(\.run) == [RunID(hasRecord ? 1 : 2)])
        #expect(ground.begun.count == (hasRecord ? 1 : 2))
    }

    @Test("Of two workflows the one that could not begin begins later, and the other one not twice")
    func half() async throws {
        let commit = try ground.origin.commit([
            ".github/workflows/a.yml": workflow("push"), ".github/workflows/b.yml": workflow("push"),
        ])
        let desk = ground.desk()
        ground.fail(DiagnosticError(DiagnosticCode(1131), "The server is about to stop."))
        _ = try await desk.receive(try ground.push(to: commit), of: "prj_1")
        await desk.idle()
        #expect(ground.begun.isEmpty)
        let next = ground.desk()
        try await next.start()
        await next.idle()
        #expect(ground.shown == ["a.yml push refs/heads/main", "b.yml push refs/heads/main"])
    }

    @Test("Payloads lie sealed in the store, small and large ones")
    func sealed() async throws {
        let log = DeliveryLog(ground.store)
        let commit = String(repeating: "1", count: 40)
        for (id, length) in [("small", 100), ("large", 100_000)] {
            let message = "very private words " + String(repeating: "x", count: length)
            let events = try ground.push(to: commit, message: message).events
            #expect(try log.receive(.forge(events), id: id, project: "prj_1", at: ground.now))
            let stored = try ground.store.journal.events(of: DeliveryLog.stream("prj_1", id))
            #expect(!String(decoding: stored[0].event.payload, as: UTF8.self).contains("private words"))
        }
        let page = try log.page("prj_1")
        #expect(page.map(\.delivery.id) == ["large", "small"])
        #expect(page.map(\.place) == [2, 1])
        #expect(try log.page("prj_1", before: 2).map(\.delivery.id) == ["small"])
        #expect(try log.page("prj_2").isEmpty)
    }

    @Test("An id of any length has a stream")
    func names() {
        let long = DeliveryLog.stream("prj_1", "poll:refs/heads/" + String(repeating: "ü", count: 2_000) + ":abc")
        #expect(long.text.utf8.count <= StreamID.maximumBytes)
        #expect(DeliveryLog.stream("prj_1", "d-1").text == "delivery/prj_1/d-1")
    }
}
