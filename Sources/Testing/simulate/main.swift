// SPDX-License-Identifier: Apache-2.0

internal import RunSimulation

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

// simulate SEED            one seed, with its history
// simulate --seeds N [FIRST]   N seeds from FIRST (default 1) on two threads
// simulate --history SEED      the streams that the seed leaves, as NDJSON

func say(_ text: String) {
    var text = text + "\n"
    text.withUTF8 { _ = write(1, $0.baseAddress, $0.count) }
}

/// - Returns: whether every invariant held.
func show(_ report: SimulationReport) -> Bool {
    for line in report.transcript { say(line) }
    say("seed \(report.seed): \(report.happenings) happenings, \(report.crashes) crashes, \(report.processes) processes")
    guard let violation = report.violation else {
        say("the run ended with \(report.conclusion ?? "nothing"); every invariant held")
        return true
    }
    say("VIOLATED: \(violation)\nrun again: make simulate SEED=\(report.seed)")
    return false
}

let arguments = Array(CommandLine.arguments.dropFirst())
let numbers = arguments.compactMap { UInt64($0) }
if arguments.first == "--seeds", let count = numbers.first {
    let started = ContinuousClock.now
    let summary = await SimulationSweep.run(
        first: numbers.count > 1 ? numbers[1] : 1, count: Int(count), threads: 2)
    let seconds = (ContinuousClock.now - started) / .seconds(1)
    say("\(summary.seeds) seeds in \(Int(seconds * 10) / 10) s (\(Int(Double(summary.seeds) / seconds)) a second)")
    say("\(summary.happenings) happenings, \(summary.crashes) crashes, \(summary.processes) processes")
    say(summary.conclusions.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", "))
    for failure in summary.failures.prefix(1) {
        _ = show(Simulation(seed: failure.seed, isKeepingTranscript: true).run())
    }
    exit(summary.failures.isEmpty ? 0 : 1)
}
if arguments.first == "--history" {
    let simulation = Simulation(seed: numbers.first ?? 1)
    let report = simulation.run()
    for line in simulation.history.lines { say(line) }
    exit(report.violation == nil ? 0 : 1)
}
exit(show(Simulation(seed: numbers.first ?? 1, isKeepingTranscript: true).run()) ? 0 : 1)
