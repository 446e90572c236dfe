// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// The metrics of a process, counted from any thread. Each metric has a lock of its own, held for a few additions.
package final class MetricsRegistry: Sendable {
    /// In the order in which they were declared.
    private let families: [MetricFamily]
    private let byName: [String: MetricFamily]

    /// - Parameter definitions: all metrics that there are; a name is there once.
    package init(_ definitions: [MetricDefinition]) {
        families = definitions.map(MetricFamily.init)
        byName = Dictionary(families.map { ($0.definition.name, $0) }) { first, _ in
            preconditionFailure("the metric \(first.definition.name) is declared twice")
        }
    }

    /// - Parameters:
    ///   - amount: not negative.
    ///   - labels: values of the metric's labels, in their order.
    package func add(_ amount: Double = 1, to metric: CounterMetric, _ labels: [String] = []) {
        guard amount >= 0 else { return }
        family(metric.definition).add(amount, labels)
    }

    package func set(_ metric: GaugeMetric, to value: Double, _ labels: [String] = []) {
        family(metric.definition).set(value, labels)
    }

    package func add(_ amount: Double, to metric: GaugeMetric, _ labels: [String] = []) {
        family(metric.definition).add(amount, labels)
    }

    package func observe(_ value: Double, in metric: HistogramMetric, _ labels: [String] = []) {
        family(metric.definition).observe(value, labels)
    }

    /// Asks for a gauge's values each time metrics are read.
    package func read(_ metric: GaugeMetric, by reader: @escaping @Sendable () -> [MetricSample]) {
        family(metric.definition).read(by: reader)
    }

    /// Asks for a counter's values each time metrics are read: for what is counted elsewhere, and only grows.
    package func read(_ metric: CounterMetric, by reader: @escaping @Sendable () -> [MetricSample]) {
        family(metric.definition).read(by: reader)
    }

    /// How many values each metric counted in its series of overflow; those that have none are left out.
    package func overflows() -> [MetricSample] {
        families.compactMap { $0.overflow > 0 ? MetricSample([$0.definition.name], Double($0.overflow)) : nil }
    }

    /// A warning for each metric that has more series than it may.
    package func warnings() -> [Diagnostic] {
        overflows().map { sample in
            let name = sample.labels[0]
            return Diagnostic(
                .metricSeriesLimit,
                "The metric '\(name)' has all series that it may have; others are counted together as 'overflow'.",
                severity: .warning,
                remedy: "Use fewer different labels of runners, or read what is missing from the API.")
        }
    }

    /// What a scrape gets.
    package func text(_ format: MetricFormat) -> String {
        var writer = MetricText(format: format)
        for family in families { writer.append(family.definition, family.snapshot()) }
        return writer.finish()
    }

    private func family(_ definition: MetricDefinition) -> MetricFamily {
        guard let family = byName[definition.name] else {
            preconditionFailure("the metric \(definition.name) is not declared")
        }
        return family
    }
}
