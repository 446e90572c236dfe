// SPDX-License-Identifier: Apache-2.0

internal import ServerSimulation

/// What `simulate` says of worlds of many machines.
enum WorldCommands {
    /// - Returns: whether every invariant held.
    static func show(_ seed: UInt64) -> Bool {
        let report = World(seed: seed, isKeepingTranscript: true).run()
        for line in report.transcript { say(line) }
        say(
            "world \(seed): \(report.happenings) happenings in \(report.virtualMs / 1_000) virtual seconds, "
                + "\(report.runs) runs")
        say(counts(report.counts))
        guard let violation = report.violation else {
            say("every invariant held")
            return true
        }
        say("VIOLATED: \(violation)\nrun again: make simulate SEED=\(seed)")
        return false
    }

    /// - Returns: whether every invariant held for all of them.
    static func sweep(first: UInt64, count: Int) async -> Bool {
        let started = ContinuousClock.now
        let summary = await WorldSweep.run(first: first, count: count, threads: 2)
        let seconds = (ContinuousClock.now - started) / .seconds(1)
        say("\(summary.seeds) worlds in \(Int(seconds * 10) / 10) s (\(Int(Double(summary.seeds) / seconds)) a second)")
        say("\(summary.happenings) happenings, \(summary.runs) runs, \(summary.virtualMs / 3_600_000) virtual hours")
        say(counts(summary.counts))
        guard let failure = summary.failures.first else { return true }
        return show(failure.seed)
    }

    /// At which seed each fault put in on purpose is found.
    static func defects(of name: String?, first: UInt64, count: Int) async {
        for defect in WorldDefect.allCases where name == nil || defect.rawValue == name {
            let failure = await WorldSweep.run(first: first, count: count, threads: 2, defect: defect).failures.first
            say("\(defect): \(failure.map { "seed \($0.seed): \($0.violation ?? "")" } ?? "NOT FOUND")")
        }
    }

    private static func counts(_ counts: [String: Int]) -> String {
        counts.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
    }
}
