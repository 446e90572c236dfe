// SPDX-License-Identifier: Apache-2.0

/// Many worlds over several threads.
package enum WorldSweep {
    package struct Summary: Sendable {
        package var seeds = 0
        package var happenings = 0
        package var runs = 0
        package var virtualMs: Int64 = 0
        package var counts: [String: Int] = [:]
        /// The lowest seed of each thread that breaks an invariant.
        package var failures: [WorldReport] = []

        fileprivate mutating func add(_ other: Summary) {
            seeds += other.seeds
            happenings += other.happenings
            runs += other.runs
            virtualMs += other.virtualMs
            counts.merge(other.counts, uniquingKeysWith: +)
            failures += other.failures
        }
    }

    /// Runs `count` seeds from `first` on `threads` threads; a thread ends at its first failure.
    package static func run(
        first: UInt64, count: Int, threads: Int, defect: WorldDefect? = nil
    ) async -> Summary {
        await withTaskGroup(of: Summary.self) { group in
            let lanes = max(1, threads)
            for lane in 0..<lanes {
                group.addTask { run(lane: lane, of: lanes, first: first, count: count, defect: defect) }
            }
            var summary = Summary()
            for await part in group { summary.add(part) }
            summary.failures.sort { $0.seed < $1.seed }
            return summary
        }
    }

    private static func run(lane: Int, of lanes: Int, first: UInt64, count: Int, defect: WorldDefect?) -> Summary {
        var summary = Summary()
        for offset in stride(from: lane, to: count, by: lanes) {
            let report = World(seed: first + UInt64(offset), defect: defect).run()
            summary.add(
                Summary(
                    seeds: 1, happenings: report.happenings, runs: report.runs, virtualMs: report.virtualMs,
                    counts: report.counts, failures: report.violation == nil ? [] : [report]))
            if report.violation != nil { break }
        }
        return summary
    }
}
