// SPDX-License-Identifier: Apache-2.0

import EventJournal
import Foundation
import PipelineModel
import RetentionRules
import RunCoordination
import RunnerAgent
import ServerOperation
import TestFolders
import Testing
import Timekeeping

@Suite("What a runner removes", .ownFolders)
struct RunnerHousekeepingTests {
    private static let workflow = """
        on: push
        jobs:
          test:
            runs-on: ubuntu-latest
            steps:
              - run: echo hello
        """

    @Test("A week after the server has all of a job the runner has nothing of it any more; a job that it has stays")
    func week() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.workflow])
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        let runs = [try await harness.begin("ci.yml"), try await harness.begin("ci.yml")]
        for run in runs { _ = try await harness.end(of: run) }
        await agent.leave()
        _ = await work.result
        let store = try RunStore(root: harness.folder + "/runner-one")
        #expect(try store.runs() == runs.reversed())
        let house = RunnerHousekeeping(store: store)
        #expect(try house.round(.now() + .days(6), held: []).isEmpty)
        let removals = try house.round(.now() + .days(8), held: [runs[1]])
        #expect(removals.map(\.run) == [runs[0]])
        #expect(try store.runs() == [runs[1]])
        let streams = try store.journal.streams(prefix: "job/", after: nil, limit: 10).map(\.stream.text)
        #expect(streams == ["job/\(runs[1])/1/test/1"])
    }
}
