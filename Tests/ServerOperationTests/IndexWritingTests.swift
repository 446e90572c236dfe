// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import HTTPMessages
import HTTPServing
import PipelineModel
import RunIndex
import RunnerAgent
import ServerAPI
import StructuredData
import Synchronization
import TestFolders
import Testing

@testable import RunCoordination
@testable import ServerOperation

@Suite("What lists of runs are told", .ownFolders)
struct IndexWritingTests {
    /// A list that takes nothing of one run for a while.
    private final class Reluctant: Sendable {
        let index: RunLists
        private let refusals = Mutex(4)
        let put = Mutex<[RunID]>([])

        init(_ index: RunLists) { self.index = index }

        func write(_ rows: [RunRow]) throws(DiagnosticError) {
            let isRefused = refusals.withLock { left in
                guard rows.contains(where: { $0.run == RunID(1) }), left > 0 else { return false }
                left -= 1
                return true
            }
            if isRefused { throw DiagnosticError(.entryMissing, "Not now.") }
            try index.put(rows)
            put.withLock { $0 += rows.map(\.run) }
        }
    }

    @Test("What cannot be written is tried again, and keeps nothing else from being written")
    func again() async throws {
        let harness = try await ServerHarness(workflows: [
            "ci.yml": "on: push\njobs: {a: {runs-on: x, steps: [{run: a}]}}"
        ])
        let store = harness.server.store
        var records: [RunRecord] = []
        for _ in 1...2 { records.append(try RunRecord.load(from: store, try await harness.begin("ci.yml"))) }
        let index = try RunLists(path: OwnFolders.path() + ".sqlite")
        let list = Reluctant(index)
        let said = Mutex(0)
        let writing = IndexWriting(
            store: store, index: index, report: { _ in said.withLock { $0 += 1 } }, pause: .milliseconds(1),
            put: { (rows) throws(DiagnosticError) in try list.write(rows) })
        for kind in [RunChange.Kind.began, .running, .finished(.success)] {
            for run in [1, 2] {
                writing.note(
                    RunChange(
                        run: RunID(run), attempt: 1, project: "prj_1", kind: kind, at: 7, record: records[run - 1]))
            }
        }
        while try index.run(RunID(1))?.state != .finished || index.run(RunID(2))?.state != .finished {
            try await Task.sleep(for: .milliseconds(1))
        }
        #expect(list.put.withLock { $0.first } == RunID(2))
        #expect(try index.run(RunID(1))?.conclusion == .success)
        #expect(said.withLock { $0 } <= 2, "it is said once")
    }

    @Test("A job more of a run that goes on is no news for lists")
    func same() async throws {
        let harness = try await ServerHarness(workflows: [
            "ci.yml": "on: push\njobs: {a: {runs-on: x, steps: [{run: a}]}}"
        ])
        let record = try RunRecord.load(from: harness.server.store, try await harness.begin("ci.yml"))
        let index = try RunLists(path: OwnFolders.path() + ".sqlite")
        let put = Mutex<[RunRow.State]>([])
        let writing = IndexWriting(
            store: harness.server.store, index: index, report: { _ in },
            put: { (rows) throws(DiagnosticError) in
                put.withLock { $0 += rows.map(\.state) }
                try index.put(rows)
            })
        for (kind, state) in [
            (RunChange.Kind.began, RunRow.State.waiting), (.running, .running), (.running, .running),
            (.running, .running), (.finished(.success), .finished),
        ] {
            writing.note(
                RunChange(run: RunID(1), attempt: 1, project: "prj_1", kind: kind, at: 7, record: record))
            while try index.run(RunID(1))?.state != state { try await Task.sleep(for: .milliseconds(1)) }
        }
        #expect(put.withLock { $0 } == [.waiting, .running, .finished])
    }

    @Test("A run of which a job was not to be had is incomplete wherever it is shown, and no success")
    func incomplete() async throws {
        let harness = try await ServerHarness(
            workflows: [
                "ci.yml": """
                on: push
                jobs:
                  here: {runs-on: ubuntu-latest, steps: [{run: echo here}]}
                  there: {runs-on: windows-latest, steps: [{uses: nobody/nothing@v1}]}
                """
            ])
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        let run = try await harness.begin("ci.yml", labels: ["ubuntu-latest"])
        let report = try await harness.end(of: run)
        await agent.leave()
        try await work.value
        #expect(report.isIncomplete, "\(report.sentence)")
        while try harness.server.index.run(run)?.state != .finished { try await Task.sleep(for: .milliseconds(2)) }
        let listed = await harness.send("GET", "/api/v1/runs").body["items"]?.array?.first
        #expect(listed?["unavailable"]?.bool == true)
        #expect(listed?["sentence"]?.string?.hasPrefix("Incomplete: there could not run") == true)
        #expect(await harness.send("GET", "/api/v1/runs/\(run)/attempts/1").body["unavailable"]?.bool == true)
        var query = RunQuery()
        query.isIncomplete = true
        #expect(try harness.server.index.runs(query).map(\.run) == [run])
        query.isIncomplete = false
        #expect(try harness.server.index.runs(query).isEmpty)
        let page = await harness.page("/runs/\(run)")
        #expect(page.contains("Incomplete: there could not run"))
        let badge = await harness.page("/public/badge/demo.svg?branch=main")
        #expect(badge.contains("incomplete"), "\(badge)")
        #expect(await harness.page("/projects/demo?state=passed").contains("No run is like this."))
        #expect(await harness.page("/projects/demo?state=incomplete").contains("#\(run)"))
    }
}

extension ServerHarness {
    /// A page as a browser gets it.
    fileprivate func page(_ target: String) async -> String {
        let answer = await door.answer(
            InboundRequest("GET", target, headers: [("Authorization", "Bearer \(token)"), ("Accept", "text/html")]))
        return String(decoding: await Self.bytes(answer), as: UTF8.self)
    }
}
