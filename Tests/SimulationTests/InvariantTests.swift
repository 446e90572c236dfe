// SPDX-License-Identifier: Apache-2.0

import RunSimulation
import Testing

/// The machines, in a world where everything goes wrong.
@Suite struct InvariantTests {
    @Test func everyInvariantHoldsForManySeeds() async {
        let summary = await SimulationSweep.run(first: 1, count: 3_000, threads: 2)
        for failure in summary.failures { Issue.record("\(Self.story(of: failure.seed))") }
        #expect(summary.crashes > 500)
        #expect(summary.processes > 3_000)
        for conclusion in ["success", "failure", "cancelled", "skipped"] {
            #expect(summary.conclusions[conclusion, default: 0] > 20, "\(conclusion)")
        }
    }

    @Test func theSameSeedGivesTheSameHistory() {
        for seed in [3, 57, 211] as [UInt64] {
            let first = Simulation(seed: seed, isKeepingTranscript: true).run()
            let second = Simulation(seed: seed, isKeepingTranscript: true).run()
            #expect(first.transcript == second.transcript)
            #expect(!first.transcript.isEmpty)
        }
    }

    @Test func whatFailedRunsAgainAndTheRestIsTakenOver() {
        for seed in 1...1_500 as ClosedRange<UInt64> {
            let simulation = Simulation(seed: seed)
            _ = simulation.run()
            if let complaint = simulation.rerunComplaint() { Issue.record("seed \(seed): \(complaint)") }
        }
    }

    /// A simulator that finds nothing shows nothing: each of these bugs must come to light.
    @Test(arguments: SimulatedDefect.allCases)
    func aBugPutInOnPurposeIsFound(defect: SimulatedDefect) async {
        let summary = await SimulationSweep.run(first: 1, count: 2_000, threads: 2, defect: defect)
        #expect(!summary.failures.isEmpty, "\(defect) was not found within 2 000 seeds")
    }

    @Test func atLeastTenBugsAreTriedHalfOfThemOfTheMachines() {
        let all = SimulatedDefect.allCases
        #expect(all.count >= 10)
        #expect(all.filter(\.isOfAMachine).count * 2 >= all.count)
    }

    static func story(of seed: UInt64) -> String {
        let report = Simulation(seed: seed, isKeepingTranscript: true).run()
        return (report.transcript.suffix(80) + [report.violation ?? "", "make simulate OF=run SEED=\(seed)"])
            .joined(separator: "\n")
    }
}
