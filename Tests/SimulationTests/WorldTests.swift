// SPDX-License-Identifier: Apache-2.0

import ServerSimulation
import Testing

/// Servers, runners, a database and a cluster, where everything goes wrong.
@Suite struct WorldTests {
    @Test func everyInvariantHoldsForManyWorlds() async {
        let summary = await WorldSweep.run(first: 1, count: Self.worlds, threads: 2)
        for failure in summary.failures { Issue.record("\(Self.story(of: failure.seed))") }
        // A world in which nothing goes wrong shows nothing.
        for what in [
            "takeovers", "handovers", "servers ended by themselves", "leases lost and returned", "jobs cut off",
            "database faults", "pods", "pods lost", "runners that stood still",
        ] {
            #expect(summary.counts[what, default: 0] > 20, "\(what): \(summary.counts)")
        }
    }

    /// So many take some seconds in a debug build.
    private static let worlds = 500

    @Test func theSameSeedGivesTheSameWorld() {
        for seed in [3, 57, 211] as [UInt64] {
            let first = World(seed: seed, isKeepingTranscript: true).run()
            let second = World(seed: seed, isKeepingTranscript: true).run()
            #expect(first.transcript == second.transcript)
            #expect(!first.transcript.isEmpty)
        }
    }

    /// A simulator that finds nothing shows nothing: each of these faults must come to light. The seeds are the lowest at which each does.
    @Test(arguments: WorldDefect.allCases)
    func aFaultPutInOnPurposeIsFound(defect: WorldDefect) async {
        let summary = await WorldSweep.run(first: defect.firstSeed, count: 300, threads: 2, defect: defect)
        #expect(!summary.failures.isEmpty, "\(defect) was not found")
    }

    static func story(of seed: UInt64) -> String {
        let report = World(seed: seed, isKeepingTranscript: true).run()
        return (report.transcript.suffix(80) + [report.violation ?? "", "make simulate SEED=\(seed)"])
            .joined(separator: "\n")
    }
}
