// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPMessages
internal import HTTPServing
internal import RunnerProtocol
internal import ServerOperation
internal import StructuredData

/// One thing that can be asked of the server: how, by whom, and who answers. The router goes by it, the OpenAPI document is
/// made from it, and tests read that document.
struct Route: Sendable {
    /// Who may ask.
    enum Guardian: Sendable {
        /// Anybody.
        case open
        /// Whoever shows a credential that holds.
        case known
        /// Who may do this on the server as a whole.
        case server(Permission)
        /// Who may do this in the project of the path's run.
        case run(Permission)
        /// Who may do this in the path's project.
        case project(Permission)
        /// A runner, by its own credential.
        case runner
        /// The request carries its own proof: a signature, a one-time token.
        case proof
    }

    struct Parameter: Sendable {
        var name: String
        var about: String
        /// JSON schema.
        var schema: DataValue
        var isRequired = false
    }

    var method: String
    /// `/api/v1/runs/{run}`
    var template: String
    /// Unique; what generated clients call it.
    var operation: String
    var summary: String
    var guardian: Guardian
    var query: [Parameter] = []
    /// Names of schemas of the document.
    var body: String?
    /// Status to schema's name; an empty name: no JSON.
    var answers: [Int: String]
    /// Most bytes of a body.
    var bodyLimitBytes = 1 << 20
    /// Whether it stands in the OpenAPI document.
    var isDocumented = true
    /// Whether anybody can knock there without a credential: requests are counted by address.
    var isDoor = false
    /// Whether the handler does the same thing once however often it is called with one `Idempotency-Key`, so that what a
    /// process that was killed had begun can be carried out again.
    var isRepeatable = false
    /// Whether the handler itself finds out that a form is of this server's pages.
    var checksOwnForm = false
    /// Whether it can be followed, by WebSocket too.
    var isLive = false
    var handler: @Sendable (APIRequest) async throws(DiagnosticError) -> OutboundAnswer

    /// The template's parts between slashes.
    var segments: [Substring] { template.split(separator: "/") }
}

/// A request on its way to a route's handler.
struct APIRequest: Sendable {
    let inbound: InboundRequest
    /// From the path, decoded.
    let path: [String: String]
    /// From the query, decoded.
    let query: [String: String]
    let principal: Principal
    /// Of a request that comes with one.
    let session: Session?
    /// Where it comes from, without the port.
    let address: String
    let bodyLimitBytes: Int
    /// The body, where somebody has read it before the handler.
    var content: [UInt8]?
    /// Of a job that speaks for itself: it may speak of this lease only. `nil`: of all that its principal has.
    var lease: LeaseKey?
    /// Of a request that came with a key: the same however often it comes, and no other's; `nil`: it is carried out each time.
    var identity: String?

    func parameter(_ name: String) -> String { path[name] ?? "" }

    /// The whole body.
    ///
    /// - Throws: ``DiagnosticCode/requestTooLarge``, ``DiagnosticCode/requestCutOff``.
    func bytes() async throws(DiagnosticError) -> [UInt8] {
        if let content { return content }
        return try await inbound.body(limit: bodyLimitBytes)
    }

    /// For what is recorded of the request.
    func actor(_ server: Server) -> Actor {
        server.identification.actor(principal, address: address, userAgent: inbound.headers["User-Agent"])
    }
}
