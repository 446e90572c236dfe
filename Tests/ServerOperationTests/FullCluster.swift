// SPDX-License-Identifier: Apache-2.0

import ClusterAccess
import Diagnostics
import HTTPMessages
import StructuredData
import Synchronization

/// A cluster's API that makes what it is sent, and no Jobs while a quota of them is used up.
final class FullCluster: Sendable {
    private struct State: Sendable {
        var isFull = true
        var made: [String] = []
        var refused = 0
    }

    private let state = Mutex(State())

    var isFull: Bool {
        get { state.withLock { $0.isFull } }
        set { state.withLock { $0.isFull = newValue } }
    }
    /// Names of Jobs.
    var made: [String] { state.withLock { $0.made } }
    var refused: Int { state.withLock { $0.refused } }

    private func answer(_ call: HTTPCall) -> HTTPAnswer {
        let path = String(call.url.prefix { $0 != "?" })
        switch call.method {
        case "GET": return Self.answer(200, ["metadata": ["resourceVersion": "1"], "items": []])
        case "DELETE": return Self.answer(404, ["message": "not found", "reason": "NotFound"])
        case "POST" where path.hasSuffix("/jobs"): return make((try? DataValue(json: call.body)) ?? .null)
        default: return Self.answer(201, ["metadata": ["uid": "u"]])
        }
    }

    private func make(_ job: DataValue) -> HTTPAnswer {
        state.withLock { state in
            guard !state.isFull else {
                state.refused += 1
                let words =
                    "exceeded quota: most, requested: count/jobs.batch=1, used: count/jobs.batch=1, "
                    + "limited: count/jobs.batch=1"
                return Self.answer(403, ["message": .string(words), "reason": "Forbidden"])
            }
            state.made.append(job["metadata"]?["name"]?.string ?? "")
            return Self.answer(201, ["metadata": ["uid": "u"]])
        }
    }

    private static func answer(_ status: Int, _ body: DataValue) -> HTTPAnswer {
        HTTPAnswer(status: status, body: Array(body.jsonText().utf8))
    }

    var client: ClusterClient {
        var configuration = ClusterConfiguration(server: "https://cluster.test:6443")
        configuration.namespace = "ci"
        return ClusterClient(configuration) { [self] (_) throws(DiagnosticError) in
            ClusterClient.Connection(
                send: { [self] (call) throws(DiagnosticError) in answer(call) },
                // Of pods nothing is ever told.
                open: { (_) throws(DiagnosticError) in
                    HTTPStream(
                        status: 200, pieces: HTTPPieces { { () async throws(DiagnosticError) in nil } })
                })
        }
    }
}
