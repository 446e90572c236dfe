// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Foundation
import Telemetry
import Testing

private let runs = CounterMetric("test_runs_total", "Runs.", labels: ["kind"], seriesLimit: 3)
private let plain = CounterMetric("test_plain_total", "Without labels.")
private let level = GaugeMetric("test_level", "A level with \"quotes\", a \\ and\na line.")
private let waits = HistogramMetric("test_wait_seconds", "Waits.", buckets: MetricBuckets([0.1, 1, 10]), labels: ["a"])

private func registry() -> MetricsRegistry {
    MetricsRegistry([runs.definition, plain.definition, level.definition, waits.definition])
}

/// The lines that are no comments.
private func samples(_ registry: MetricsRegistry, _ format: MetricFormat = .prometheus) -> [String] {
    registry.text(format).split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") }
}

@Suite("Metrics")
struct MetricsTests {
    @Test("Counters, gauges and histograms say what was counted; one without labels is there from the start")
    func kinds() {
        let metrics = registry()
        #expect(samples(metrics) == ["test_plain_total 0.0", "test_level 0.0"])
        metrics.add(to: runs, ["b"])
        metrics.add(2.5, to: runs, ["a"])
        metrics.add(to: runs, ["b"])
        metrics.add(-5, to: plain)
        metrics.set(level, to: 7)
        metrics.add(-3, to: level)
        for value in [0.05, 0.1, 0.2, 100] { metrics.observe(value, in: waits, ["x"]) }
        #expect(
            samples(metrics) == [
                "test_runs_total{kind=\"a\"} 2.5", "test_runs_total{kind=\"b\"} 2.0", "test_plain_total 0.0",
                "test_level 4.0", "test_wait_seconds_bucket{a=\"x\",le=\"0.1\"} 2",
                "test_wait_seconds_bucket{a=\"x\",le=\"1.0\"} 3", "test_wait_seconds_bucket{a=\"x\",le=\"10.0\"} 3",
                "test_wait_seconds_bucket{a=\"x\",le=\"+Inf\"} 4", "test_wait_seconds_sum{a=\"x\"} 100.35",
                "test_wait_seconds_count{a=\"x\"} 4",
            ])
    }

    @Test("Values past the limit of series are counted together, and that is told")
    func overflow() {
        let metrics = registry()
        for number in 0..<10 { metrics.add(to: runs, ["k\(number)"]) }
        metrics.add(to: runs, ["k1"])
        #expect(
            samples(metrics).prefix(4) == [
                "test_runs_total{kind=\"k0\"} 1.0", "test_runs_total{kind=\"k1\"} 2.0",
                "test_runs_total{kind=\"k2\"} 1.0", "test_runs_total{kind=\"overflow\"} 7.0",
            ])
        #expect(metrics.overflows() == [MetricSample(["test_runs_total"], 7)])
        #expect(metrics.warnings().map(\.code) == [.metricSeriesLimit])
        let read = registry()
        read.read(runs) { (0..<5).map { MetricSample(["r\($0)"], 2) } }
        #expect(samples(read).first { $0.contains("overflow") } == "test_runs_total{kind=\"overflow\"} 4.0")
    }

    @Test("Labels are escaped and bounded, also those that a stranger chose")
    func labels() {
        let metrics = registry()
        metrics.add(to: runs, ["a\"b\\c\nd"])
        metrics.add(to: runs, [String(repeating: "ü", count: 500)])
        let lines = samples(metrics)
        #expect(lines[0] == #"test_runs_total{kind="a\"b\\c\nd"} 1.0"#)
        #expect(lines[1] == "test_runs_total{kind=\"\(String(repeating: "ü", count: 100))\"} 1.0")
        #expect(metrics.text(.prometheus).contains(#"# HELP test_level A level with "quotes", a \\ and\na line."#))
        #expect(metrics.text(.openMetrics).contains(#"# HELP test_level A level with \"quotes\", a \\ and\na line."#))
    }

    @Test("What is read by a callback is asked for each time")
    func callbacks() {
        let metrics = registry()
        metrics.read(level) { [MetricSample([], 5)] }
        metrics.read(level) { [MetricSample([], 2.5)] }
        #expect(samples(metrics).contains("test_level 7.5"))
        #expect(samples(metrics).contains("test_level 7.5"))
    }

    @Test("OpenMetrics is given where it is asked for: families without _total, units, and an end")
    func openMetrics() {
        let metrics = registry()
        metrics.add(to: runs, ["a"])
        let text = metrics.text(.openMetrics)
        #expect(text.contains("# TYPE test_runs counter\ntest_runs_total{kind=\"a\"} 1.0\n"))
        #expect(text.contains("# TYPE test_wait_seconds histogram\n# UNIT test_wait_seconds seconds\n"))
        #expect(text.hasSuffix("\n# EOF\n"))
        let prometheus =
            "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
            + "text/plain;version=0.0.4;q=0.3,*/*;q=0.1"
        #expect(MetricFormat.preferred(by: prometheus) == .openMetrics)
        for accept in [
            nil, "", "*/*", "text/html", "text/plain, application/openmetrics-text;q=0.5",
            "application/openmetrics-text;q=0", ",;,",
        ] {
            #expect(MetricFormat.preferred(by: accept) == .prometheus)
        }
        #expect(MetricFormat.preferred(by: "Application/OpenMetrics-Text; version=1.0.0") == .openMetrics)
    }

    @Test("Threads count at once and nothing is lost")
    func threads() {
        let metrics = registry()
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for number in 0..<2000 {
                metrics.add(to: plain)
                metrics.observe(Double(number % 3), in: waits, ["x"])
                if number % 500 == thread { _ = metrics.text(.prometheus) }
            }
        }
        #expect(samples(metrics).contains("test_plain_total 16000.0"))
        #expect(samples(metrics).contains("test_wait_seconds_count{a=\"x\"} 16000"))
    }
}
