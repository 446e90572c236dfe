// SPDX-License-Identifier: Apache-2.0

import EventJournal
import Foundation
import PipelineModel
import RetentionRules
import RunCoordination
import RunnerAgent
import ServerOperation
import Synchronization
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
        let holds = RunHolds()
        #expect(try await house.round(.now() + .days(6), holds).isEmpty)
        holds.take(runs[1])
        let removals = try await house.round(.now() + .days(8), holds)
        #expect(removals.map(\.run) == [runs[0]])
        #expect(try store.runs() == [runs[1]])
        let streams = try store.journal.streams(prefix: "job/", after: nil, limit: 10).map(\.stream.text)
        #expect(streams == ["job/\(runs[1])/1/test/1"])
    }

    @Test(
        "A job begins in a workspace that stays, also beside a round that removes what an earlier job of its run left")
    func beside() async throws {
        let holds = RunHolds()
        let run = RunID(7)
        #expect(holds.beginRemoval(run))
        holds.take(run)
        let isGone = Mutex(false)
        let removal = Task {
            isGone.withLock { $0 = true }
            holds.removed(run)
        }
        await holds.untilFree(run)
        #expect(isGone.withLock { $0 })
        await removal.value
        #expect(!holds.beginRemoval(run))
        holds.release(run)
        #expect(holds.beginRemoval(run))
    }

    @Test("The workspace of a job that failed goes with the next round, that of a job that is here does not")
    func workspaces() async throws {
        let folder = try OwnFolders.make()
        let store = try RunStore(root: folder + "/runner")
        let work = store.root + "/work"
        for name in ["3/test", "4/test", "5/test", ".old-1/test"] {
            try FileManager.default.createDirectory(atPath: "\(work)/\(name)", withIntermediateDirectories: true)
        }
        let holds = RunHolds()
        holds.take(RunID(4))
        // Whoever removed it was cut off, and it has been begun anew since.
        for name in ["runs/5/logs", "runs/.gone-5/logs"] {
            try FileManager.default.createDirectory(
                atPath: "\(store.root)/\(name)", withIntermediateDirectories: true)
        }
        holds.take(RunID(5))
        let house = RunnerHousekeeping(store: store)
        let removals = try await house.round(.now(), holds)
        #expect(removals.map(\.run) == [RunID(3)])
        #expect(try FileManager.default.contentsOfDirectory(atPath: work).sorted() == ["4", "5"])
        // Also a run of which only a workspace is left, and which is old.
        holds.release(RunID(4))
        #expect(try await house.round(.now() + .days(8), holds).map(\.run) == [RunID(4)])
        #expect(try FileManager.default.contentsOfDirectory(atPath: work) == ["5"])
        holds.release(RunID(5))
        #expect(try await house.round(.now() + .days(8), holds).map(\.run) == [RunID(5)])
        #expect(try FileManager.default.contentsOfDirectory(atPath: store.root + "/runs").isEmpty)
    }
}
