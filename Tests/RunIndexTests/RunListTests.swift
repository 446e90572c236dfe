// SPDX-License-Identifier: Apache-2.0

import Foundation
import PipelineModel
import RunIndex
import Testing

@Suite("Lists of runs")
final class RunListTests {
    private let path = NSTemporaryDirectory() + "martlet-index-\(UUID().uuidString)"
    private let lists: RunLists
    private let rows: [RunRow]

    init() throws {
        lists = try RunLists(path: path)
        rows = (1...600).map { number in
            var row = RunRow(
                run: RunID(number), attempt: 1, project: "prj_\(number % 3)", workflowPath: "ci\(number % 2).yml",
                workflow: "CI", event: number % 5 == 0 ? "schedule" : "push", createdAt: Int64(number))
            row.ref = "refs/heads/b\(number % 4)"
            row.sha = "sha\(number / 7)"
            row.actor = number % 50 == 0 ? "zed" : "ada"
            row.state = number % 97 == 0 ? .waiting : number % 89 == 0 ? .running : .finished
            if row.state == .finished {
                row.conclusion = number % 11 == 0 ? .failure : number % 13 == 0 ? .cancelled : .success
            }
            return row
        }
        try lists.put(rows)
    }

    deinit { for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) } }

    private func expected(_ query: RunQuery) -> [RunRow] {
        let found = rows.reversed().filter { row in
            let places = query.projects.map { $0.contains(row.project) } ?? true
            let times = query.before.map { row.run < $0 } ?? true
            let texts =
                (query.workflowPath ?? row.workflowPath) == row.workflowPath && (query.ref ?? row.ref) == row.ref
                && (query.sha ?? row.sha) == row.sha && (query.event ?? row.event) == row.event
                && (query.actor ?? row.actor) == row.actor
            return places && times && texts && (query.state ?? row.state) == row.state
                && (query.conclusion == nil || query.conclusion == row.conclusion)
        }
        return Array(found.prefix(query.limit))
    }

    @Test("Whatever is asked for, a list has those runs and no others, the newest first")
    func filters() throws {
        let changes: [(inout RunQuery) -> Void] = [
            { $0.projects = ["prj_1"] }, { $0.projects = ["prj_0", "prj_2"] }, { $0.projects = [] },
            { $0.state = .waiting }, { $0.state = .running }, { $0.state = .finished },
            { $0.conclusion = .failure }, { $0.actor = "zed" }, { $0.sha = "sha40" }, { $0.event = "schedule" },
            { $0.ref = "refs/heads/b2" }, { $0.workflowPath = "ci1.yml" }, { $0.before = RunID(300) },
        ]
        for (index, first) in changes.enumerated() {
            for (other, second) in changes.enumerated() where other >= index {
                var query = RunQuery(limit: 40)
                first(&query)
                second(&query)
                #expect(try lists.runs(query).map(\.run) == expected(query).map(\.run), "\(query)")
            }
        }
    }

    @Test("A page ends where the next one begins")
    func pages() throws {
        var query = RunQuery(limit: 70)
        query.projects = ["prj_1", "prj_2"]
        var found: [RunID] = []
        while true {
            let page = try lists.runs(query)
            found += page.map(\.run)
            guard let last = page.last else { break }
            query.before = last.run
        }
        #expect(found == rows.reversed().filter { $0.project != "prj_0" }.map(\.run))
    }

    @Test("Since when a workflow fails is the first failure after its last success; cancelled runs do not count")
    func failing() throws {
        func row(_ number: Int, _ conclusion: Conclusion) -> RunRow {
            var row = RunRow(
                run: RunID(number), attempt: 1, project: "p", workflowPath: "x.yml", workflow: "X", event: "push",
                createdAt: 0)
            (row.state, row.conclusion) = (.finished, conclusion)
            return row
        }
        let made = [row(701, .success), row(702, .failure), row(703, .cancelled), row(704, .failure)]
        try lists.put(made)
        #expect(try lists.failingSince(made[3])?.run == RunID(702))
        #expect(try lists.failingSince(made[0]) == nil)
        #expect(try lists.previous(of: made[3])?.run == RunID(702))
    }

    @Test("A file of another version is made anew; what is missing of its orders is made where it is")
    func versions() throws {
        let again = try RunLists(path: path)
        #expect(try again.newest() == 600)
    }
}
