// SPDX-License-Identifier: Apache-2.0

internal import RunSimulation

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The jobs of one simulated day: they come by a daily curve, wait for runners and go.
package struct ScaleTraffic: Sendable {
    package private(set) var jobs = 0
    package private(set) var waitP50 = 0.0
    package private(set) var waitP99 = 0.0
    package private(set) var busyRunnersPeak = 0
    /// In the busiest minute.
    package private(set) var startsPerSecond = 0.0
    package private(set) var endsPerSecond = 0.0

    /// Figures that change it; all others change what it costs.
    package static let names: Set<String> = [
        "runsPerDay", "jobsPerRun", "jobSeconds", "jobSecondsSpread", "runners", "peakFactor", "pollRoundMs",
        "appendMs",
    ]

    private let parameters: ScaleParameters

    package init(_ parameters: ScaleParameters, seed: UInt64 = 1) {
        self.parameters = parameters
        runDay(seed)
    }

    /// How many times the mean comes at a time of day: a working day, with the noon a little lower, and nights.
    static func curve(_ hour: Double, peak: Double) -> Double {
        let morning = exp(-pow((hour - 10.5) / 2.2, 2))
        let afternoon = exp(-pow((hour - 15.5) / 2.4, 2))
        return 0.18 + (peak - 0.18) * max(morning, 0.95 * afternoon)
    }

    private mutating func runDay(_ seed: UInt64) {
        let peak = parameters["peakFactor"]
        // The curve's mean is not 1: it is scaled so that a day has the runs that it is to have, and its peak the factor.
        let mean = (0..<1_440).reduce(0.0) { $0 + Self.curve(Double($1) / 60, peak: peak) } / 1_440
        let floor = mean > 1 ? 0 : (1 - mean) / (1 - mean / peak)
        func rate(_ second: Double) -> Double {
            let shape = Self.curve(second / 3_600, peak: peak)
            return mean > 1 ? shape / mean : shape + floor * (1 - shape / peak)
        }
        let perSecond = parameters["runsPerDay"] / 86_400
        var random = SeededRandom(seed: seed)
        var runners = RunnerHeap(count: Int(parameters["runners"]))
        var waits: [Float] = []
        var startsByMinute = [Int](repeating: 0, count: 1_440)
        var endsByMinute = [Int](repeating: 0, count: 1_441)
        var busy = [Int](repeating: 0, count: 1_441)
        let (spread, mid) = (parameters["jobSecondsSpread"], parameters["jobSeconds"])
        let mu = log(mid) - spread * spread / 2
        let highest = max(peak, 1) * perSecond * 1.2
        var time = 0.0
        while true {
            time += -log(1 - Self.unit(&random)) / highest
            guard time < 86_400 else { break }
            guard Self.unit(&random) * highest < rate(time) * perSecond else { continue }
            for _ in 0..<Int(parameters["jobsPerRun"]) {
                let length = exp(mu + spread * Self.normal(&random))
                let begin = max(time, runners.earliest)
                // A runner that is free hears of it with the next round of its poll, or of another's, as if nobody called it.
                let idle = runners.idle(at: begin)
                let heard = parameters["pollRoundMs"] / 1_000 * Self.unit(&random) / Double(idle + 1)
                let start = begin + heard + parameters["appendMs"] * 2 / 1_000
                runners.take(until: start + length)
                waits.append(Float(start - time))
                // What is left over at midnight is the next day's.
                if start < 86_400 { startsByMinute[Int(start / 60)] += 1 }
                if start + length < 86_400 { endsByMinute[Int((start + length) / 60)] += 1 }
                busy[min(1_440, Int(start / 60))] = max(
                    busy[min(1_440, Int(start / 60))], Int(parameters["runners"]) - idle + 1)
            }
        }
        jobs = waits.count
        waits.sort()
        waitP50 = Double(waits.isEmpty ? 0 : waits[waits.count / 2])
        waitP99 = Double(waits.isEmpty ? 0 : waits[waits.count * 99 / 100])
        busyRunnersPeak = busy.max() ?? 0
        startsPerSecond = Double(startsByMinute.max() ?? 0) / 60
        endsPerSecond = Double(endsByMinute.max() ?? 0) / 60
    }

    private static func unit(_ random: inout SeededRandom) -> Double {
        Double(random.next() >> 11) / 9_007_199_254_740_992
    }

    private static func normal(_ random: inout SeededRandom) -> Double {
        sqrt(-2 * log(1 - unit(&random))) * cos(2 * .pi * unit(&random))
    }
}

/// What a day costs so many servers and their database in its busiest minute, and over the whole of it.
package struct ScaleDay: Sendable {
    /// Of each server.
    package private(set) var serverCores = 0.0
    /// Of them: what each server pays for the polls of all runners, however many servers there are.
    package private(set) var pollCores = 0.0
    package private(set) var messagesPerSecond = 0.0
    package private(set) var commitsPerSecond = 0.0
    package private(set) var commitsPerDay = 0.0
    package private(set) var logBytes = 0.0
    package private(set) var journalBytes = 0.0
    /// Of `coresPerServer`.
    package private(set) var load = 0.0
    package private(set) var databaseLoad = 0.0

    package init(_ traffic: ScaleTraffic, _ p: ScaleParameters, servers count: Int) {
        let servers = Double(count)
        let jobs = Double(traffic.jobs)
        let jobRate = max(traffic.startsPerSecond, traffic.endsPerSecond)
        let runRate = jobRate / p["jobsPerRun"]
        // One server waits itself and asks nobody; of several, each is asked by the door of each runner each round.
        let rounds = servers == 1 ? 1_000 / p["pollWaitMs"] : 1_000 / p["pollRoundMs"]
        let pollsPerServer = p["runners"] * rounds
        let doorShare = pollsPerServer / servers
        messagesPerSecond = pollsPerServer * (servers - 1)
        pollCores =
            (doorShare * p["pollCPUMs"] + (pollsPerServer - doorShare) * p["peerCPUMs"]
                // The door's own calls to the others.
                + doorShare * (servers - 1) * p["peerCPUMs"]) / 1_000
        let work =
            runRate * p["runCPUMs"] + jobRate * p["jobCPUMs"]
            + jobRate * p["logBytesPerJob"] / 1_048_576 * p["logCPUMsPerMiB"]
        serverCores = work / servers / 1_000 + pollCores
        load = serverCores / p["coresPerServer"]
        let perJob = p["commitsPerJob"] + p["stepsPerJob"] * p["commitsPerStep"]
        commitsPerSecond =
            (runRate * p["commitsPerRun"] + jobRate * perJob) / p["jobsPerCommit"]
            + servers * p["beatStatementsPerSecond"]
        commitsPerDay =
            (p["runsPerDay"] * p["commitsPerRun"] + jobs * perJob) / p["jobsPerCommit"]
            + servers * p["beatStatementsPerSecond"] * 86_400
        databaseLoad = commitsPerSecond / p["databaseCommitsPerSecond"]
        logBytes = jobs * p["logBytesPerJob"]
        journalBytes = p["runsPerDay"] * p["journalBytesPerRun"] + jobs * p["journalBytesPerJob"]
    }
}

/// When each runner is free again.
private struct RunnerHeap {
    private var ends: [Double]
    private var busyUntil: [Double] = []

    init(count: Int) { ends = Array(repeating: 0, count: max(1, count)) }

    var earliest: Double { ends[0] }

    /// About how many are free.
    func idle(at time: Double) -> Int {
        // A sample says it well enough.
        let stride = max(1, ends.count / 200)
        var free = 0
        var seen = 0
        var index = 0
        while index < ends.count {
            seen += 1
            if ends[index] <= time { free += 1 }
            index += stride
        }
        return free * ends.count / max(1, seen)
    }

    mutating func take(until end: Double) {
        ends[0] = end
        var parent = 0
        while true {
            var child = parent * 2 + 1
            guard child < ends.count else { break }
            if child + 1 < ends.count, ends[child + 1] < ends[child] { child += 1 }
            guard ends[child] < ends[parent] else { break }
            ends.swapAt(child, parent)
            parent = child
        }
    }
}
