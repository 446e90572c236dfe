// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Many seeds over several threads.
package enum SimulationSweep {
    package struct Summary: Sendable {
        package var seeds = 0
        package var happenings = 0
        package var crashes = 0
        package var processes = 0
        /// The lowest seed of each thread that breaks an invariant.
        package var failures: [SimulationReport] = []
        package var conclusions: [String: Int] = [:]
    }

    /// Runs `count` seeds from `first` on `threads` threads; a thread ends at its first failure.
    package static func run(
        first: UInt64, count: Int, threads: Int, defect: SimulatedDefect? = nil
    ) async -> Summary {
        await withTaskGroup(of: Summary.self) { group in
            for lane in 0..<max(1, threads) {
                group.addTask { run(lane: lane, of: max(1, threads), first: first, count: count, defect: defect) }
            }
            var summary = Summary()
            for await part in group { summary.add(part) }
            summary.failures.sort { $0.seed < $1.seed }
            return summary
        }
    }

    private static func run(lane: Int, of lanes: Int, first: UInt64, count: Int, defect: SimulatedDefect?) -> Summary {
        var summary = Summary()
        for offset in stride(from: lane, to: count, by: lanes) {
            let report = Simulation(seed: first + UInt64(offset), defect: defect).run()
            summary.seeds += 1
            summary.happenings += report.happenings
            summary.crashes += report.crashes
            summary.processes += report.processes
            summary.conclusions[report.conclusion ?? "none", default: 0] += 1
            if report.violation != nil {
                summary.failures.append(report)
                break
            }
        }
        return summary
    }
}

extension SimulationSweep.Summary {
    fileprivate mutating func add(_ other: SimulationSweep.Summary) {
        seeds += other.seeds
        happenings += other.happenings
        crashes += other.crashes
        processes += other.processes
        failures.append(contentsOf: other.failures)
        conclusions.merge(other.conclusions, uniquingKeysWith: +)
    }
}
