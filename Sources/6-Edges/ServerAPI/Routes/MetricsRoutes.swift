// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPMessages
package import HTTPServing
package import ServerOperation
internal import Telemetry

/// The server's metrics, for who may read them.
struct MetricsRoutes: Sendable {
    let server: Server

    var routes: [Route] {
        [
            Route(
                method: "GET", template: MetricsDoor.path, operation: "metrics",
                summary: "Metrics, for Prometheus; OpenMetrics where it is asked for.",
                guardian: .server(.viewMetrics), answers: [200: ""]
            ) { (request) throws(DiagnosticError) in await MetricsDoor(server: server).metrics(request.inbound) }
        ]
    }
}

/// Answers at an address of its own, to anybody who reaches it: metrics, and nothing else.
package struct MetricsDoor: Sendable {
    let server: Server

    static let path = "/metrics"

    package init(server: Server) { self.server = server }

    package func answer(_ inbound: InboundRequest) async -> OutboundAnswer {
        guard inbound.path == Self.path else {
            return APIProblem.answer(DiagnosticError(.routeUnknown, "There is nothing here but \(Self.path)."))
        }
        guard ["GET", "HEAD"].contains(inbound.method) else {
            return APIProblem.answer(DiagnosticError(.methodUnknown, "\(Self.path) takes GET only."))
        }
        return await metrics(inbound)
    }

    func metrics(_ inbound: InboundRequest) async -> OutboundAnswer {
        let format = MetricFormat.preferred(by: inbound.headers["Accept"])
        let text = await server.metricsText(format)
        return OutboundAnswer(
            status: 200, headers: [("Content-Type", format.contentType), ("Cache-Control", "no-store")],
            content: .bytes(Array(text.utf8)))
    }
}
