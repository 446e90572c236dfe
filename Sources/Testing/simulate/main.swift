// SPDX-License-Identifier: Apache-2.0

internal import RunSimulation
internal import ServerSimulation

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

// simulate SEED            one seed, with its history
// simulate --seeds N [FIRST]   N seeds from FIRST (default 1) on two threads
// simulate --defects       at which seed each bug put in on purpose is found, and how
// simulate --bench         what the machines cost for a run of 1 000 jobs and 20 000 steps
// simulate --history SEED      the streams that the seed leaves, as NDJSON

func say(_ text: String) {
    var text = text + "\n"
    text.withUTF8 { _ = write(1, $0.baseAddress, $0.count) }
}

/// - Returns: whether every invariant held.
func show(_ report: SimulationReport) -> Bool {
    for line in report.transcript { say(line) }
    say(
        "seed \(report.seed): \(report.happenings) happenings, \(report.crashes) crashes, \(report.processes) processes"
    )
    guard let violation = report.violation else {
        say("the run ended with \(report.conclusion ?? "nothing"); every invariant held")
        return true
    }
    say("VIOLATED: \(violation)\nrun again: make simulate OF=run SEED=\(report.seed)")
    return false
}

// simulate --world SEED            one world of many machines, with its history
// simulate --worlds N [FIRST]      N worlds from FIRST (default 1) on two threads
// simulate --scale FILE           a day of an installation, from figures in a file, as tables
// simulate --world-defects [NAME [FIRST COUNT]]
//                                 at which seed each fault of many machines put in on purpose is found, and how

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
if arguments.first == "--defects" {
    for defect in SimulatedDefect.allCases {
        let failure = await SimulationSweep.run(first: 1, count: 2_000, threads: 1, defect: defect).failures.first
        say(
            "\(defect)\(defect.isOfAMachine ? " (machine)" : ""): \(failure.map { "seed \($0.seed): \($0.violation ?? "")" } ?? "NOT FOUND")"
        )
    }
    exit(0)
}
if arguments.first == "--world" { exit(WorldCommands.show(numbers.first ?? 1) ? 0 : 1) }
if arguments.first == "--worlds", let count = numbers.first {
    exit(await WorldCommands.sweep(first: numbers.count > 1 ? numbers[1] : 1, count: Int(count)) ? 0 : 1)
}
if arguments.first == "--scale", arguments.count > 1 {
    do {
        say(ScaleReport(try ScaleParameters(json: try ScaleFile.read(arguments[1]))).text)
    } catch {
        say("\(arguments[1]): \(error)")
        exit(2)
    }
    exit(0)
}
if arguments.first == "--world-defects" {
    let name = arguments.count > 1 ? arguments[1] : nil
    await WorldCommands.defects(
        of: name, first: numbers.first ?? 1, count: numbers.count > 1 ? Int(numbers[1]) : 4_000)
    exit(0)
}
if arguments.first == "--bench" {
    var bench = EngineBenchmark(jobs: 1_000, steps: 20)
    bench.run()
    let inputs = Double(bench.inputs)
    say("\(bench.inputs) inputs, \(bench.events) events, \(bench.bytes) bytes")
    say("decide \(bench.decideMicroseconds / inputs) µs, encode \(bench.encodeMicroseconds / inputs) µs an input")
    say("fold of everything \(bench.foldMilliseconds) ms")
    exit(0)
}
if arguments.first == "--history" {
    let simulation = Simulation(seed: numbers.first ?? 1)
    let report = simulation.run()
    for line in simulation.history.lines { say(line) }
    exit(report.violation == nil ? 0 : 1)
}
exit(show(Simulation(seed: numbers.first ?? 1, isKeepingTranscript: true).run()) ? 0 : 1)
