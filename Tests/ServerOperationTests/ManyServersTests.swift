// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Diagnostics
import Foundation
import PipelineModel
import RunCoordination
import RunnerAgent
import RunnerProtocol
import ServerOperation
import StructuredData
import TestDatabases
import TestFolders
import Testing

@Suite("Several servers on one database", .ownFolders, .postgres, .enabled(if: PostgresServer.isThere))
struct ManyServersTests {
    private static let workflow = """
        on: workflow_dispatch
        jobs:
          build:
            runs-on: ubuntu-latest
            steps:
              - run: echo built
          test:
            needs: build
            runs-on: ubuntu-latest
            steps:
              - run: echo tested
        """

    private func group(_ names: [String] = ["one", "two", "three"]) async throws -> ServerGroup {
        try await ServerGroup(names, projects: ["red", "green", "blue"], workflow: Self.workflow)
    }

    private func dispatch(_ project: String, at name: String, in group: ServerGroup) async throws -> Int {
        let answer = await group.send(
            name, "POST", "/api/v1/projects/\(project)/runs", ["workflow": ".github/workflows/ci.yml", "ref": "main"])
        #expect(answer.status == 201, "\(answer)")
        return try #require(answer.body["runs"]?.array?.first?["run"]?.int ?? answer.body["run"]?.int, "\(answer)")
    }

    private func end(of run: Int, at name: String, in group: ServerGroup) async throws -> DataValue {
        while true {
            let answer = await group.send(name, "GET", "/api/v1/runs/\(run)")
            if answer.status == 200, answer.body["state"]?.string == "finished" { return answer.body }
            #expect([200, 503].contains(answer.status), "\(answer)")
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// The first server had all of them; those that came are given theirs.
    private func spread(_ group: ServerGroup, _ names: [String]) async throws {
        var homes: Set<String> = []
        while homes.count < 3 {
            // Servers of this process want its threads, too.
            try await Task.sleep(for: .milliseconds(10))
            homes = []
            for project in group.projects { homes.insert(try await group.home(of: project, among: names)) }
        }
    }

    @Test("Each project has one home, and any server answers for it: its runs, its lists, its logs")
    func doors() async throws {
        let group = try await group()
        let names = ["one", "two", "three"]
        try await spread(group, names)
        let agent = try await group.runner("runner")
        let work = Task { try await agent.run() }
        var runs: [Int] = []
        for project in group.projects {
            for name in names { runs.append(try await dispatch(project, at: name, in: group)) }
        }
        #expect(Set(runs).count == 9)
        for (index, run) in runs.enumerated() {
            let report = try await end(of: run, at: names[index % 3], in: group)
            #expect(report["conclusion"]?.string == "success")
        }
        for name in names {
            let list = await group.send(name, "GET", "/api/v1/runs")
            #expect(Set((list.body["items"]?.array ?? []).compactMap { $0["run"]?.int }) == Set(runs), "\(list)")
        }
        await agent.leave()
        _ = await work.result
        await group.stop()
    }

    @Test("What several servers change at the same time is all changed")
    func together() async throws {
        let group = try await group()
        let names = ["one", "two", "three"]
        let project = try #require(group.server("one").directory.current.project(named: "red")?.id)
        let before = group.server("one").directory.current.version
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for name in names {
                let directory = group.server(name).directory
                tasks.addTask {
                    for number in 0..<30 {
                        _ = try await directory.perform(
                            .note(Acted(.dispatched, project: project, run: number)), by: .system(name))
                    }
                }
            }
            try await tasks.waitForAll()
        }
        try await group.server("one").directory.reload()
        #expect(group.server("one").directory.current.version == before + 90)
        await group.stop()
    }

    @Test("A runner that waits at one server is called by another that has something for it")
    func call() async throws {
        let group = try await group()
        let names = ["one", "two", "three"]
        try await spread(group, names)
        let home = try await group.home(of: "red", among: names)
        let door = try #require(names.first { $0 != home })
        let (runner, credential) = try await group.register("runner")
        // Where nothing is heard a poll asks the others over and over, and so does not show that it was called.
        while !group.server(door).isCalled { try await Task.sleep(for: .milliseconds(10)) }
        let polled = Task { try await group.poll(door, runner, credential) }
        while await !group.server(door).runs.isPolled(by: runner) { try await Task.sleep(for: .milliseconds(5)) }
        let run = try await dispatch("red", at: door, in: group)
        let assignments = try await polled.value.assignments
        #expect(assignments.map(\.lease.work.run.number) == [run])
        // So it hears that its job is cancelled.
        let lease = try #require(assignments.first?.lease)
        let waiting = Task { try await group.poll(door, runner, credential, holds: [lease]) }
        while await !group.server(door).runs.isPolled(by: runner) { try await Task.sleep(for: .milliseconds(5)) }
        _ = await group.send(door, "POST", "/api/v1/runs/\(run)/cancel", [:])
        #expect(try await waiting.value.cancellations.map(\.lease) == [lease])
        await group.stop()
    }

    @Test("What a server was at that nobody hears of any more goes on at another, and the lost one writes nothing more")
    func takeover() async throws {
        let group = try await group()
        let lost = try await group.home(of: "red", among: ["one", "two", "three"])
        let left = ["one", "two", "three"].filter { $0 != lost }
        let run = try await dispatch("red", at: left[0], in: group)
        let (runner, _) = try await group.register("onlooker")
        let key = LeaseKey(JobTry(run: RunID(run), attempt: 1, job: JobID("elsewhere"), number: 1), fence: 7)
        let holding = PollRequest(instance: "x", free: 0, holds: [key])
        try await group.server(lost).follow()
        #expect(await group.server(lost).passedPoll(runner, holding).lost == [key])
        #expect(await group.server(lost).lost(key).diagnostic.code == DiagnosticCode(1132))
        group.doors.cut(lost)
        // It hears no beat of itself either: its ticker is all that it has.
        await group.server(lost).silence()
        let agent = try await group.runner("runner")
        let work = Task { try await agent.run() }
        let report = try await end(of: run, at: left[1], in: group)
        #expect(report["conclusion"]?.string == "success")
        #expect(left.contains(try await group.home(of: "red", among: left)))
        let zombie = group.server(lost)
        // It knows nothing of jobs that the others have given: nobody loses one by its word.
        #expect(await zombie.passedPoll(runner, holding).lost.isEmpty)
        #expect(await zombie.lost(key).diagnostic.code == DiagnosticCode(1197))
        #expect(await !zombie.isTrusted())
        let error = await #expect(throws: DiagnosticError.self) {
            var record = try RunRecord.load(from: zombie.store, RunID(run))
            record.origin = nil
            _ = try await zombie.runs.begin(record)
        }
        #expect(error?.diagnostic.code == DiagnosticCode(418))
        await agent.leave()
        _ = await work.result
        await group.stop()
    }
}
