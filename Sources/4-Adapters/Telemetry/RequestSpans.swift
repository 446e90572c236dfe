// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// Who called, as said by the header field `traceparent`. Source: W3C Trace Context, 3.2.
package struct TraceParent: Hashable, Sendable {
    package var trace: TraceID
    package var span: SpanID
    /// The caller records its trace.
    package var isSampled: Bool

    /// `nil` where the text is none: it is then as if there were no field.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, parts[0].utf8.count == 2, parts[0] != "ff", parts[1].utf8.count == 32,
            parts[2].utf8.count == 16, parts[3].utf8.count == 2, parts[0] != "00" || parts.count == 4,
            parts[..<4].allSatisfy({ $0.utf8.allSatisfy(Self.isDigit) }),
            parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" }),
            let flags = UInt8(parts[3], radix: 16)
        else { return nil }
        trace = TraceID(text: String(parts[1]))
        span = SpanID(text: String(parts[2]))
        isSampled = flags & 1 == 1
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) || (97...102).contains(byte) }
}

/// A request that was answered, as a span. Source: OpenTelemetry's semantic conventions for HTTP.
package struct TracedRequest: Hashable, Sendable {
    /// Told apart from all other requests by it.
    package var id: String
    package var method: String
    /// The template, as `/api/runs/{run}`.
    package var route: String
    package var status: Int
    package var start: Timestamp
    package var end: Timestamp
    package var parent: TraceParent?

    package init(id: String, method: String, route: String, status: Int, start: Timestamp, end: Timestamp) {
        self.id = id
        self.method = method
        self.route = route
        self.status = status
        self.start = start
        self.end = end
    }

    package var span: TraceSpan {
        let known = ServerMetrics.method(method)
        var attributes = [
            TraceAttribute("http.request.method", .text(known == "other" ? "_OTHER" : known)),
            TraceAttribute("http.route", .text(route)),
            TraceAttribute("http.response.status_code", .number(status)),
        ]
        // What the caller did wrong is no error of the server's.
        let isError = status >= 500
        if isError { attributes.append(TraceAttribute("error.type", .text(String(status)))) }
        var span = TraceSpan(
            trace: parent?.trace ?? TraceID(text: TraceIdentity.digits(["request", id], count: 32)),
            id: SpanID(text: TraceIdentity.digits(["request", id], count: 16)), parent: parent?.span,
            name: known == "other" ? "HTTP \(route)" : "\(known) \(route)", kind: .server, start: start, end: end,
            attributes: attributes)
        if isError { span.status = .error("") }
        return span
    }
}
