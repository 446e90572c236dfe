// SPDX-License-Identifier: Apache-2.0

/// What a metric is called and means.
///
/// Source of the rules for names: Prometheus' "Metric and label naming".
package struct MetricDefinition: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case counter
        case gauge
        /// Upper bounds of the buckets, rising; the last one, infinity, is not among them.
        case histogram([Double])
    }

    package var name: String
    /// One sentence.
    package var help: String
    package var kind: Kind
    package var labels: [String]
    /// How many series there are at most; what comes for others is counted in one whose labels all say `overflow`.
    package var seriesLimit: Int

    /// Labels whose values people choose make this many series at most.
    package static let standardSeriesLimit = 200
}

/// Only grows: its rate says something.
package struct CounterMetric: Hashable, Sendable {
    package let definition: MetricDefinition

    /// - Parameter name: ends with `_total`.
    package init(
        _ name: String, _ help: String, labels: [String] = [],
        seriesLimit: Int = MetricDefinition.standardSeriesLimit
    ) {
        definition = MetricDefinition(name: name, help: help, kind: .counter, labels: labels, seriesLimit: seriesLimit)
    }
}

/// Goes up and down: its value says something.
package struct GaugeMetric: Hashable, Sendable {
    package let definition: MetricDefinition

    package init(
        _ name: String, _ help: String, labels: [String] = [],
        seriesLimit: Int = MetricDefinition.standardSeriesLimit
    ) {
        definition = MetricDefinition(name: name, help: help, kind: .gauge, labels: labels, seriesLimit: seriesLimit)
    }
}

/// How values are spread, by fixed bounds.
package struct HistogramMetric: Hashable, Sendable {
    package let definition: MetricDefinition

    package init(
        _ name: String, _ help: String, buckets: MetricBuckets, labels: [String] = [],
        seriesLimit: Int = MetricDefinition.standardSeriesLimit
    ) {
        definition = MetricDefinition(
            name: name, help: help, kind: .histogram(buckets.bounds), labels: labels, seriesLimit: seriesLimit)
    }
}

/// Bounds for what is measured in seconds.
package struct MetricBuckets: Hashable, Sendable {
    package var bounds: [Double]

    package init(_ bounds: [Double]) { self.bounds = bounds }

    /// Answers to requests: 1 ms to 10 s.
    package static let requests = MetricBuckets([
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ])
    /// Writes that wait for a disk: 0.1 ms to 1 s.
    package static let commits = MetricBuckets([
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1,
    ])
    /// Waiting for a runner: 0.1 s to an hour.
    package static let waits = MetricBuckets([0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600])
    /// Jobs and runs: a second to six hours.
    package static let jobs = MetricBuckets([1, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21600])
}

/// A value that is asked for when metrics are read.
package struct MetricSample: Hashable, Sendable {
    /// Values of the metric's labels, in their order.
    package var labels: [String]
    package var value: Double

    package init(_ labels: [String] = [], _ value: Double) {
        self.labels = labels
        self.value = value
    }
}
