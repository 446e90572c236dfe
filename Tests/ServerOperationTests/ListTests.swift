// SPDX-License-Identifier: Apache-2.0

import FileAccess
import Foundation
import PipelineModel
import RunCoordination
import RunIndex
import RunnerAgent
import ServerOperation
import TestFolders
import Testing

@Suite("Lists of runs and the journal that they are made of", .ownFolders)
struct ListTests {
    private static let workflow = """
        on: push
        jobs:
          test:
            runs-on: ubuntu-latest
            steps:
              - run: exit ${{ github.event.code }}
        """

    /// A server with two runs that are over and one that waits for a runner.
    private func harness() async throws -> (ServerHarness, rows: [RunRow]) {
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.workflow])
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        for _ in 0..<2 { _ = try await harness.end(of: try await harness.begin("ci.yml")) }
        await agent.leave()
        try await work.value
        _ = try await harness.begin("ci.yml")
        return (harness, try await rows(harness) { $0.count == 3 && $0.filter { $0.state == .finished }.count == 2 })
    }

    /// What lists have, once they have what is waited for.
    private func rows(_ harness: ServerHarness, _ isAsWanted: ([RunRow]) -> Bool) async throws -> [RunRow] {
        while true {
            let rows = try harness.server.index.runs(RunQuery())
            if isAsWanted(rows) { return rows }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    @Test("A server whose lists are gone makes them anew, and they say what they said")
    func lost() async throws {
        let (harness, before) = try await harness()
        try await harness.restart { data in
            for end in ["", "-wal", "-shm"] { try? Files.remove(data + "/index.sqlite" + end) }
        }
        let after = try await rows(harness) { $0.count == 3 }
        #expect(after == before)
        while try !harness.server.index.isWhole() { try await Task.sleep(for: .milliseconds(5)) }
    }

    @Test("A run whose end the lists did not hear of is over in them after a restart")
    func behind() async throws {
        let (harness, before) = try await harness()
        while try !harness.server.index.isWhole() { try await Task.sleep(for: .milliseconds(5)) }
        var stale = before[1]
        (stale.state, stale.conclusion, stale.finishedAt, stale.sentence) = (.running, nil, nil, "")
        let row = stale
        try await harness.restart { data in try RunLists(path: data + "/index.sqlite").put([row]) }
        #expect(try await rows(harness) { $0.count == 3 } == before)
    }
}
