// SPDX-License-Identifier: Apache-2.0

internal import HTTPServing
internal import ServerOperation
internal import Telemetry

/// Counts a request once the last byte of its answer was written.
struct RequestCounting: Sendable {
    let server: Server
    let method: String
    /// The template; never a path.
    let route: String
    private let begin = ContinuousClock.now

    init(server: Server, method: String, route: String) {
        self.server = server
        self.method = method
        self.route = route
    }

    func counted(_ answer: OutboundAnswer) -> OutboundAnswer {
        guard case .stream(let make) = answer.content else {
            note(answer.status)
            return answer
        }
        var answer = answer
        let status = answer.status
        answer.content = .stream { writer in
            defer { note(status) }
            try await make(writer)
        }
        return answer
    }

    private func note(_ status: Int) {
        ServerMetrics.countRequest(
            in: server.counts.metrics, route: route, method: method, status: status,
            seconds: begin.duration(to: .now) / .seconds(1))
    }
}
