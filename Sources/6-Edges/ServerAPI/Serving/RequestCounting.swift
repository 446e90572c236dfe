// SPDX-License-Identifier: Apache-2.0

internal import HTTPMessages
internal import HTTPServing
internal import ServerOperation
internal import Telemetry
internal import Timekeeping

/// Counts a request once the last byte of its answer was written.
struct RequestCounting: Sendable {
    let server: Server
    private let method: String
    /// The template; never a path.
    private let route: String
    private let asksForSocket: Bool
    private let traceParent: String?
    private let begin = ContinuousClock.now
    private let beganAt = Timestamp.now()

    init(server: Server, _ inbound: InboundRequest, route: String) {
        self.server = server
        self.route = route
        method = inbound.method
        asksForSocket = inbound.asksForSocket
        traceParent = server.traces == nil ? nil : inbound.headers["traceparent"]
    }

    func counted(_ answer: OutboundAnswer) -> OutboundAnswer {
        var answer = answer
        let status = answer.status
        switch answer.content {
        case .none, .bytes: note(status)
        case .stream(let make):
            answer.content = .stream { writer in
                defer { note(status) }
                try await make(writer)
            }
        case .events(let tell):
            answer.content = .events { writer in
                defer { note(asksForSocket ? 101 : status) }
                try await tell(writer)
            }
        }
        return answer
    }

    private func note(_ status: Int) {
        ServerMetrics.countRequest(
            in: server.counts.metrics, route: route, method: method, status: status,
            seconds: begin.duration(to: .now) / .seconds(1))
        server.traces?.note(
            traceParent, method: method, route: route, status: status, start: beganAt, end: .now())
    }
}
