// SPDX-License-Identifier: Apache-2.0

import Foundation
import StructuredData
import Telemetry
import TestPrograms
import Testing

/// Prometheus' own tool, where it is installed.
private enum Promtool {
    static let path: String? = ["/usr/bin/promtool", "/usr/local/bin/promtool", "/opt/prometheus/promtool"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }
    static let absence: Comment = "promtool is not installed: formats and rules are not checked by Prometheus"

    static func run(_ arguments: [String], input: String = "") throws -> (status: Int32, text: String) {
        let process = ChildProcess()
        process.executableURL = URL(filePath: try #require(path))
        process.arguments = arguments
        let (given, said) = (Pipe(), Pipe())
        process.standardInput = given
        process.standardOutput = said
        process.standardError = said
        try process.run()
        given.fileHandleForWriting.write(Data(input.utf8))
        try given.fileHandleForWriting.close()
        let text = String(decoding: said.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }
}

private let operating = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "docs/operating")

private func page(_ name: String) throws -> String {
    try String(contentsOf: operating.appending(path: name), encoding: .utf8)
}

/// A registry in which every metric has a series.
private func filled() -> MetricsRegistry {
    let metrics = ServerMetrics.registry(version: "1.2.3")
    metrics.add(to: ServerMetrics.runsStarted, ["push"])
    metrics.add(to: ServerMetrics.runsFinished, ["push", "success"])
    metrics.observe(30, in: ServerMetrics.runSeconds, ["success"])
    metrics.set(ServerMetrics.jobs, to: 3, ["queued", "ubuntu-latest"])
    metrics.add(to: ServerMetrics.jobsFinished, ["failure"])
    metrics.observe(4, in: ServerMetrics.jobSeconds, ["failure"])
    metrics.observe(0.3, in: ServerMetrics.queueSeconds, ["ubuntu-latest"])
    metrics.set(ServerMetrics.runners, to: 2, ["default", "online"])
    metrics.set(ServerMetrics.runnerCapacity, to: 8, ["default"])
    metrics.set(ServerMetrics.runnerBusy, to: 1, ["default"])
    metrics.add(to: ServerMetrics.runnersLost, ["default"])
    metrics.add(to: ServerMetrics.leasesLost, ["job_failed"])
    metrics.add(to: ServerMetrics.webhooks, ["github", "accepted"])
    metrics.add(to: ServerMetrics.deliveries, ["status", "delivered"])
    ServerMetrics.countRequest(in: metrics, route: "/api/runs/{run}", method: "GET", status: 404, seconds: 0.004)
    ServerMetrics.countRequest(in: metrics, route: "/", method: "BREW", status: 999, seconds: 0.004)
    metrics.add(123, to: ServerMetrics.logBytes)
    metrics.add(to: ServerMetrics.journalAppends, ["stored"])
    metrics.observe(0.002, in: ServerMetrics.journalSeconds)
    metrics.read(ServerMetrics.spansDropped) { TraceCounts().dropped }
    return metrics
}

/// Names and labels that an expression of PromQL uses.
private func uses(_ expression: String) -> (names: Set<String>, labels: Set<String>) {
    var names: Set<String> = []
    var labels: Set<String> = []
    for match in expression.matches(of: /\b(?:martlet|process)_[a-z_]+/) { names.insert(String(match.output)) }
    for match in expression.matches(of: /\{([^}]*)\}/) {
        for label in match.output.1.matches(of: /([a-z_]+)\s*(?:=~|!~|!=|=)/) { labels.insert(String(label.output.1)) }
    }
    for match in expression.matches(of: /by \(([^)]*)\)/) {
        for label in match.output.1.split(separator: ",") { labels.insert(label.trimmingCharacters(in: .whitespaces)) }
    }
    return (names, labels)
}

/// What a scrape has under a metric's name, with the labels of each.
private var exposed: [String: Set<String>] {
    var names: [String: Set<String>] = [:]
    for definition in ServerMetrics.all {
        let labels = Set(definition.labels)
        if case .histogram = definition.kind {
            names[definition.name + "_bucket"] = labels.union(["le"])
            names[definition.name + "_sum"] = labels
            names[definition.name + "_count"] = labels
        } else {
            names[definition.name] = labels
        }
    }
    return names
}

private func expectKnown(_ expression: String) {
    let uses = uses(expression)
    // Prometheus itself adds these.
    var known: Set = ["job", "instance"]
    for name in uses.names {
        #expect(exposed[name] != nil, "\(name) is no metric: \(expression)")
        known.formUnion(exposed[name] ?? [])
    }
    #expect(uses.labels.isSubset(of: known), "\(uses.labels.subtracting(known)) of \(expression)")
}

/// All expressions of the dashboard, its variables replaced.
private func dashboardExpressions() throws -> [String] {
    let dashboard = try DataValue(json: try page("grafana-dashboard.json"))
    return (dashboard["panels"]?.array ?? []).flatMap { panel in
        (panel["targets"]?.array ?? []).compactMap { $0["expr"]?.string }
    }.map { $0.replacing("$__rate_interval", with: "5m").replacing("$instance", with: ".*") }
}

private func alertExpressions() throws -> [String] {
    // Expressions stand on one line, or are a block that is indented more.
    let text = try page("alerts.yml")
    return text.matches(of: /expr: (?:\|\n((?: {10}.*\n)+)|(.*)\n)/).map { String($0.output.1 ?? $0.output.2 ?? "") }
}

@Suite("The server's metrics")
struct ServerMetricsTests {
    @Test("Names follow Prometheus' conventions, and every metric has a sentence")
    func names() {
        #expect(Set(ServerMetrics.all.map(\.name)).count == ServerMetrics.all.count)
        for metric in ServerMetrics.all {
            #expect(metric.name.wholeMatch(of: /(martlet|process)_[a-z_]*[a-z]/) != nil, "\(metric.name)")
            #expect(metric.help.hasSuffix("."), "\(metric.name)")
            #expect((metric.kind == .counter) == metric.name.hasSuffix("_total"), "\(metric.name)")
            if case .histogram(let bounds) = metric.kind {
                #expect(metric.name.hasSuffix("_seconds"))
                #expect(bounds == bounds.sorted() && !bounds.isEmpty)
            }
            for label in metric.labels { #expect(label.wholeMatch(of: /[a-z_]+/) != nil && label != "le") }
        }
    }

    @Test("The process and the build are told of without being counted")
    func process() throws {
        let text = ServerMetrics.registry(version: "1.2.3").text(.prometheus)
        #expect(text.contains("martlet_build_info{version=\"1.2.3\"} 1.0\n"))
        func value(_ name: String) -> Double? {
            text.split(separator: "\n").first { $0.hasPrefix("\(name) ") }
                .flatMap { Double($0.dropFirst(name.count + 1)) }
        }
        #expect(try #require(value("process_cpu_seconds_total")) > 0)
        #expect(try #require(value("process_resident_memory_bytes")) > 1_000_000)
        #expect(try #require(value("process_virtual_memory_bytes")) > 1_000_000)
        #expect(try #require(value("process_open_fds")) >= 3)
        #expect(try #require(value("process_max_fds")) > 10)
        let started = try #require(value("process_start_time_seconds"))
        #expect(started > 1_600_000_000 && started <= Date().timeIntervalSince1970 + 1)
    }

    @Test("A method or a status that nobody knows makes no new series")
    func requests() {
        let text = filled().text(.prometheus)
        #expect(
            text.contains("martlet_http_requests_total{route=\"/api/runs/{run}\",method=\"GET\",status=\"4xx\"} 1.0"))
        #expect(text.contains("martlet_http_requests_total{route=\"/\",method=\"other\",status=\"other\"} 1.0"))
    }

    @Test("Prometheus reads them and finds nothing to say", .enabled(if: Promtool.path != nil, Promtool.absence))
    func promtoolReads() throws {
        let checked = try Promtool.run(["check", "metrics"], input: filled().text(.prometheus))
        #expect(checked.status == 0, "\(checked.text)")
        #expect(checked.text.isEmpty, "\(checked.text)")
    }

    @Test(
        "Prometheus takes the alerts, and every expression of the dashboard",
        .enabled(if: Promtool.path != nil, Promtool.absence))
    func promtoolTakesRules() throws {
        let alerts = try Promtool.run(["check", "rules", operating.appending(path: "alerts.yml").path])
        #expect(alerts.status == 0, "\(alerts.text)")
        let rules = try dashboardExpressions().enumerated().map {
            "  - record: panel:\($0)\n    expr: \(DataValue.string($1).jsonText())\n"
        }
        let file = FileManager.default.temporaryDirectory.appending(path: "martlet-rules-\(UUID().uuidString).yml")
        try ("groups:\n- name: dashboard\n  rules:\n" + rules.joined()).write(
            to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let panels = try Promtool.run(["check", "rules", file.path])
        #expect(panels.status == 0, "\(panels.text)")
    }

    @Test("The dashboard and the alerts use metrics and labels that there are")
    func filesAgree() throws {
        let panels = try dashboardExpressions()
        #expect(panels.count > 30)
        panels.forEach(expectKnown)
        let alerts = try alertExpressions()
        #expect(alerts.count == (try page("alerts.yml")).matches(of: /- alert:/).count)
        alerts.forEach(expectKnown)
    }

    @Test("The dashboard shows every metric of the server")
    func dashboardIsWhole() throws {
        let shown = try dashboardExpressions().reduce(into: Set<String>()) { $0.formUnion(uses($1).names) }
        for metric in ServerMetrics.all where metric.name.hasPrefix("martlet_") {
            #expect(shown.contains(metric.name) || shown.contains(metric.name + "_bucket"), "\(metric.name)")
        }
    }

    @Test("The page for users names all metrics, their kinds and labels, and no others")
    func pageAgrees() throws {
        let rows = try page("metrics.md").matches(
            of: /\| `([a-z_]+)` \| (counter|gauge|histogram) \| ([^|]*) \| ([^|]*) \|/)
        #expect(rows.map { String($0.output.1) } == ServerMetrics.all.map(\.name))
        for (row, metric) in zip(rows, ServerMetrics.all) {
            let kind =
                switch metric.kind {
                case .counter: "counter"
                case .gauge: "gauge"
                case .histogram: "histogram"
                }
            #expect(row.output.2 == kind)
            #expect(row.output.3 == metric.labels.map { "`\($0)`" }.joined(separator: ", "))
            #expect(row.output.4 == metric.help)
        }
    }
}
