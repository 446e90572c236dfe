// SPDX-License-Identifier: Apache-2.0

extension ServerMetrics {
    /// A registry of all of them, which tells of the process and of itself already.
    package static func registry(version: String) -> MetricsRegistry {
        let registry = MetricsRegistry(all)
        registry.set(build, to: 1, [version])
        registry.read(seriesOverflow) { [weak registry] in registry?.overflows() ?? [] }
        for (metric, value) in gauges {
            registry.read(metric) { ProcessReadings.now().flatMap(value).map { [MetricSample([], $0)] } ?? [] }
        }
        registry.read(processCPU) { ProcessReadings.now().map { [MetricSample([], $0.cpuSeconds)] } ?? [] }
        return registry
    }

    private static var gauges: [(GaugeMetric, @Sendable (ProcessReadings) -> Double?)] {
        [
            (processMemory, { Double($0.residentBytes) }), (processAddressSpace, { Double($0.virtualBytes) }),
            (processFiles, { $0.openFiles.map(Double.init) }), (processFileLimit, { $0.fileLimit.map(Double.init) }),
            (processStart, { $0.startSeconds }),
        ]
    }

    /// `2xx`, and so on.
    package static func statusClass(_ status: Int) -> String {
        (100...599).contains(status) ? "\(status / 100)xx" : "other"
    }

    /// A method that HTTP knows, else `other`: anybody can send anything.
    package static func method(_ method: String) -> String {
        ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].contains(method) ? method : "other"
    }

    /// Counts an answer.
    ///
    /// - Parameter route: the template, as `/api/runs/{run}`; never a path.
    package static func countRequest(
        in registry: MetricsRegistry, route: String, method: String, status: Int, seconds: Double
    ) {
        let method = Self.method(method)
        registry.add(to: requests, [route, method, statusClass(status)])
        registry.observe(seconds, in: requestSeconds, [route, method])
    }
}
