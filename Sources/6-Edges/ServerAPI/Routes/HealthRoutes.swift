// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import HTTPServing
internal import ServerOperation

/// Whether the server lives, and whether it can work.
struct HealthRoutes: Sendable {
    let server: Server

    var routes: [Route] {
        [
            Route(
                method: "GET", template: "/healthz", operation: "health", summary: "Whether the process lives.",
                guardian: .open, answers: [200: ""]
            ) { (_) throws(DiagnosticError) in .text("ok\n") },
            Route(
                method: "GET", template: "/readyz", operation: "readiness",
                summary: "Whether the server can take work: its journal can be written, and it is not stopping.",
                guardian: .open, answers: [200: "", 503: ""]
            ) { (_) throws(DiagnosticError) in
                let readiness = await server.readiness
                return .text(readiness.rawValue + "\n", status: readiness == .ready ? 200 : 503)
            },
        ]
    }
}
