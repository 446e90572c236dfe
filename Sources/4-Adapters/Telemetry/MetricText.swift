// SPDX-License-Identifier: Apache-2.0

/// How metrics are written down.
package enum MetricFormat: Hashable, Sendable {
    /// Prometheus' text format 0.0.4.
    case prometheus
    /// OpenMetrics 1.0.0.
    case openMetrics

    package var contentType: String {
        switch self {
        case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    /// What who asks would rather have.
    ///
    /// - Parameter accept: the header field `Accept`; OpenMetrics is given only where it is asked for by name.
    package static func preferred(by accept: String?) -> MetricFormat {
        var open = 0.0
        var plain = 0.0
        for range in (accept ?? "").split(separator: ",") {
            let parts = range.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
            let quality = parts.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
            switch parts.first {
            case "application/openmetrics-text": open = max(open, quality)
            case "text/plain": plain = max(plain, quality)
            default: break
            }
        }
        return open > 0 && open >= plain ? .openMetrics : .prometheus
    }
}

/// Writes metrics down.
///
/// Sources: Prometheus' "Exposition formats"; the OpenMetrics specification, 1.0.
struct MetricText {
    let format: MetricFormat
    private var text = ""

    init(format: MetricFormat) { self.format = format }

    mutating func append(_ definition: MetricDefinition, _ all: [(labels: [String], series: MetricFamily.Series)]) {
        let name = definition.name
        var family = name
        let type: String
        switch definition.kind {
        case .counter:
            type = "counter"
            if format == .openMetrics, name.hasSuffix("_total") { family = String(name.dropLast(6)) }
        case .gauge: type = "gauge"
        case .histogram: type = "histogram"
        }
        text += "# HELP \(family) \(escaped(definition.help, quotes: format == .openMetrics))\n"
        text += "# TYPE \(family) \(type)\n"
        if format == .openMetrics, let unit = ["seconds", "bytes"].first(where: { family.hasSuffix("_\($0)") }) {
            text += "# UNIT \(family) \(unit)\n"
        }
        for (values, series) in all {
            let labels = zip(definition.labels, values).map { "\($0)=\"\(escaped($1, quotes: true))\"" }
            if case .histogram(let bounds) = definition.kind {
                appendBuckets(name, labels, bounds, series)
            } else {
                appendLine(name, labels, Self.number(series.value))
            }
        }
    }

    consuming func finish() -> String { format == .openMetrics ? text + "# EOF\n" : text }

    private mutating func appendBuckets(
        _ name: String, _ labels: [String], _ bounds: [Double], _ series: MetricFamily.Series
    ) {
        var below: UInt64 = 0
        for (bound, count) in zip(bounds + [.infinity], series.buckets) {
            below += count
            appendLine("\(name)_bucket", labels + ["le=\"\(Self.number(bound))\""], String(below))
        }
        appendLine("\(name)_sum", labels, Self.number(series.value))
        appendLine("\(name)_count", labels, String(series.count))
    }

    private mutating func appendLine(_ name: String, _ labels: [String], _ value: String) {
        text += name
        if !labels.isEmpty { text += "{" + labels.joined(separator: ",") + "}" }
        text += " \(value)\n"
    }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return value.description
    }

    private func escaped(_ text: String, quotes: Bool) -> String {
        guard text.utf8.contains(where: { $0 == 92 || $0 == 10 || $0 == 34 }) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
