// SPDX-License-Identifier: Apache-2.0

import ClusterAccess
import Diagnostics
import HTTPMessages
import Synchronization

/// An API server that says what it is told to, in order, and keeps what it was asked.
final class ScriptedCluster: Sendable {
    struct Answer: Sendable {
        var status = 200
        var body: String

        init(_ body: String, status: Int = 200) {
            self.body = body
            self.status = status
        }
    }

    private struct State: Sendable {
        var answers: [Answer]
        var asked: [HTTPCall] = []
        var identities: [ClusterIdentity] = []
    }

    private let state: Mutex<State>

    init(_ answers: [Answer]) { state = Mutex(State(answers: answers)) }

    var asked: [HTTPCall] { state.withLock { $0.asked } }
    var identities: [ClusterIdentity] { state.withLock { $0.identities } }

    private func take(_ call: HTTPCall) throws(DiagnosticError) -> Answer {
        let answer = state.withLock { state -> Answer? in
            state.asked.append(call)
            return state.answers.isEmpty ? nil : state.answers.removeFirst()
        }
        guard let answer else { throw DiagnosticError(.webUnreachable, "nobody is there") }
        return answer
    }

    func client(_ change: (inout ClusterConfiguration) -> Void = { _ in }) -> ClusterClient {
        var configuration = ClusterConfiguration(server: "https://cluster.test:6443/")
        configuration.namespace = "ci"
        change(&configuration)
        return ClusterClient(configuration, environment: ["PATH": "/usr/bin:/bin"]) {
            [self] (identity) throws(DiagnosticError) in
            state.withLock { $0.identities.append(identity) }
            return ClusterClient.Connection(
                send: { [self] (call) throws(DiagnosticError) in
                    let answer = try take(call)
                    return HTTPAnswer(status: answer.status, body: Array(answer.body.utf8))
                },
                open: { [self] (call) throws(DiagnosticError) in
                    let answer = try take(call)
                    let pieces = HTTPPieces {
                        // In pieces that end anywhere.
                        var rest = Array(answer.body.utf8)[...]
                        return { () async throws(DiagnosticError) in
                            guard !rest.isEmpty else { return nil }
                            defer { rest = rest.dropFirst(7) }
                            return Array(rest.prefix(7))
                        }
                    }
                    return HTTPStream(status: answer.status, pieces: pieces)
                })
        }
    }
}
