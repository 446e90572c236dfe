// SPDX-License-Identifier: Apache-2.0

/// What comes of a day, as tables.
package struct ScaleReport: Sendable {
    private let parameters: ScaleParameters

    package init(_ parameters: ScaleParameters) { self.parameters = parameters }

    private static let counts = [1, 2, 3, 5, 8]

    package var text: String {
        var lines: [String] = ["### Figures", "", "| figure | value | kind | source |", "|---|---|---|---|"]
        for figure in parameters.figures {
            lines.append(
                "| `\(figure.name)` | \(Self.number(figure.value)) \(figure.unit) | \(figure.kind) | \(figure.source) |"
            )
        }
        lines += ["", "### A day by the number of servers", ""]
        lines += [
            "| servers | wait for a runner p50, p99 | cores a server, of them polls | load of a server | messages between servers/s | commits/s | load of the database |",
            "|---|---|---|---|---|---|---|",
        ]
        let traffic = ScaleTraffic(parameters)
        for count in Self.counts {
            let day = ScaleDay(traffic, parameters, servers: count)
            lines.append(
                "| \(count) | \(Self.seconds(traffic.waitP50)), \(Self.seconds(traffic.waitP99)) "
                    + "| \(Self.number(day.serverCores)), \(Self.number(day.pollCores)) | \(Self.percent(day.load)) "
                    + "| \(Self.number(day.messagesPerSecond)) | \(Self.number(day.commitsPerSecond)) | \(Self.percent(day.databaseLoad)) |"
            )
        }
        lines += ["", "### The whole day", ""]
        let day = ScaleDay(traffic, parameters, servers: 3)
        lines += [
            "| what | how much |", "|---|---|", "| jobs | \(traffic.jobs) |",
            "| jobs started a second, busiest minute | \(Self.number(traffic.startsPerSecond)) |",
            "| runners busy, at most | \(traffic.busyRunnersPeak) of \(Int(parameters["runners"])) |",
            "| commits | \(Self.number(day.commitsPerDay / 1e6)) million |",
            "| logs | \(Self.number(day.logBytes / 1e9)) GB |",
            "| journal | \(Self.number(day.journalBytes / 1e9)) GB |",
        ]
        lines += ["", "### What it comes to when one figure is another", ""]
        lines += [
            "| figure | wait p99 | load of a single server | load of each of 3 | what is full first with 3 |",
            "|---|---|---|---|---|",
        ]
        lines.append(row("as above", parameters, traffic))
        for (name, factors) in Self.sensitivity {
            for factor in factors {
                var changed = parameters
                changed[name] *= factor
                let its = ScaleTraffic.names.contains(name) ? ScaleTraffic(changed) : traffic
                lines.append(row("`\(name)` × \(Self.number(factor))", changed, its))
            }
        }
        return lines.joined(separator: "\n")
    }

    private static let sensitivity: [(String, [Double])] = [
        ("runners", [0.1, 0.25, 0.5, 2]), ("runsPerDay", [0.5, 2, 4]), ("pollCPUMs", [0.25, 4]),
        ("peerCPUMs", [0.25, 4]),
        ("pollRoundMs", [0.143]), ("runCPUMs", [0.5, 2]), ("coresPerServer", [0.5, 2, 4]), ("commitsPerStep", [0, 2]),
        ("databaseCommitsPerSecond", [0.5]), ("peakFactor", [2]), ("jobSeconds", [2]),
    ]

    private func row(_ what: String, _ parameters: ScaleParameters, _ traffic: ScaleTraffic) -> String {
        let (one, three) = (ScaleDay(traffic, parameters, servers: 1), ScaleDay(traffic, parameters, servers: 3))
        return "| \(what) | \(Self.seconds(traffic.waitP99)) | \(Self.percent(one.load)) | \(Self.percent(three.load)) "
            + "| \(Self.first(three, traffic, parameters)) |"
    }

    private static func first(_ day: ScaleDay, _ traffic: ScaleTraffic, _ parameters: ScaleParameters) -> String {
        let pollShare = day.pollCores / max(day.serverCores, 1e-9)
        let server = day.load / parameters["serverLoadLimit"]
        let database = day.databaseLoad / parameters["databaseLoadLimit"]
        let runners = Double(traffic.busyRunnersPeak) / max(1, parameters["runners"])
        let all = [
            (server, pollShare > 0.5 ? "the servers' processors, by polls" : "the servers' processors, by runs"),
            (database, "the database's commits"), (runners, "the runners"),
        ]
        let most = all.max { $0.0 < $1.0 } ?? all[0]
        return "\(most.1), \(percent(most.0)) of what is allowed"
    }

    private static func percent(_ value: Double) -> String { "\(Int((value * 100).rounded())) %" }

    private static func seconds(_ value: Double) -> String {
        value < 1 ? "\(Int((value * 1_000).rounded())) ms" : "\(number(value)) s"
    }

    static func number(_ value: Double) -> String {
        if value.rounded() == value, abs(value) < 1e15 { return "\(Int(value))" }
        if abs(value) >= 100 { return "\(Int(value.rounded()))" }
        let scale = abs(value) >= 10 ? 10.0 : abs(value) >= 1 ? 100.0 : 1_000.0
        return "\((value * scale).rounded() / scale)"
    }
}
