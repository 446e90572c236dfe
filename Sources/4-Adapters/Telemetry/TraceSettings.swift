// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import HTTPMessages

/// Where traces go.
package struct TraceDestination: Hashable, Sendable {
    /// Of the collector's endpoint for traces.
    package let url: String
    /// Sent with each call: a token, mostly.
    package let headers: HTTPHeaders

    private static let path = "/v1/traces"

    /// - Parameter address: `https://collector:4318`, to which OTLP's path is added where it is missing.
    package init(address: String, headers: HTTPHeaders = []) throws(DiagnosticError) {
        let schemes = ["http://", "https://"]
        guard let scheme = schemes.first(where: { address.hasPrefix($0) }), address.utf8.count > scheme.utf8.count,
            !address.dropFirst(scheme.count).hasPrefix("/"),
            !address.utf8.contains(where: {
                $0 <= 32 || $0 == 127 || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#")
            })
        else {
            throw DiagnosticError(
                .traceAddressInvalid, "'\(address)' is no address that traces can be sent to.",
                remedy: "Give the address of an OTLP/HTTP collector, such as http://localhost:4318.")
        }
        var base = address[...]
        while base.hasSuffix("/") { base = base.dropLast() }
        url = base.hasSuffix(Self.path) ? String(base) : base + Self.path
        self.headers = headers
    }
}

/// Who sends traces.
package struct TraceService: Hashable, Sendable {
    package var name: String
    package var version: String
    /// Tells servers of one installation apart.
    package var instance: String

    package init(name: String = "martlet", version: String, instance: String) {
        self.name = name
        self.version = version
        self.instance = instance
    }
}

package struct TraceLimits: Hashable, Sendable {
    /// Spans that wait to be sent; others are dropped and counted.
    package var waitingSpans = 8192
    /// Spans of one call.
    package var batchSpans = 512
    /// Bytes of one call, roughly.
    package var batchBytes = 1 << 20
    /// After the first span that comes, others are waited for so long.
    package var gatherMilliseconds: Int64 = 2000
    /// Tries of one call.
    package var attempts = 5
    /// Between the first two tries; doubled for each one after.
    package var firstPauseMilliseconds: Int64 = 1000
    /// Between two tries at most, whatever the collector asks for.
    package var longestPauseMilliseconds: Int64 = 60_000
    package var nameBytes = 256
    package var valueBytes = 4096
    /// Of one span.
    package var attributes = 64
    /// Of one span.
    package var links = 128

    package init() {}
}

/// What became of spans since the exporter was made.
package struct TraceCounts: Hashable, Sendable {
    package var sent = 0
    package var droppedFull = 0
    package var refused = 0
    package var notDelivered = 0

    package init() {}

    /// For ``ServerMetrics/spansDropped``.
    package var dropped: [MetricSample] {
        [
            MetricSample(["queue_full"], Double(droppedFull)), MetricSample(["refused"], Double(refused)),
            MetricSample(["not_delivered"], Double(notDelivered)),
        ]
    }
}
