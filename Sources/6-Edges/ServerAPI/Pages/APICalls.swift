// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPMessages
internal import HTTPServing
internal import ServerOperation
internal import StructuredData

/// Carries a page's form out as the API's own route does: with its guardian, its shape, its handler.
struct APICalls: Sendable {
    let server: Server
    private let routes: [String: Route]

    init(_ server: Server, _ routes: [Route]) {
        self.server = server
        self.routes = Dictionary(routes.map { ($0.operation, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// - Parameters:
    ///   - operation: as the OpenAPI document has it.
    ///   - path: the path's values.
    /// - Returns: the answer's JSON.
    /// - Throws: what the API would answer as a problem.
    @discardableResult
    func call(
        _ operation: String, _ path: [String: String] = [:], _ body: DataObject = [:], as visit: PageVisit,
        headers: HTTPHeaders = []
    ) async throws(DiagnosticError) -> DataValue {
        Self.data(of: try await answer(operation, path, body, as: visit, headers: headers))
    }

    /// The same, with the answer's headers.
    func answer(
        _ operation: String, _ path: [String: String], _ body: DataObject = [:], as visit: PageVisit,
        headers conditions: HTTPHeaders = []
    ) async throws(DiagnosticError) -> OutboundAnswer {
        guard let route = routes[operation] else {
            throw DiagnosticError(.routeUnknown, "There is no operation '\(operation)'.")
        }
        if let refusal = try server.refusal(visit.request.principal, route, path) { throw Self.error(refusal) }
        let bytes = Array(DataValue.object(body).jsonText().utf8)
        if let shape = route.body { try BodyShape.check(bytes, as: shape) }
        let asked = visit.request.inbound
        var headers: HTTPHeaders = [("Content-Type", "application/json")]
        headers["User-Agent"] = asked.headers["User-Agent"]
        for condition in conditions { headers.add(condition.name, condition.value) }
        let inbound = InboundRequest(route.method, route.template, headers: headers, body: bytes, peer: asked.peer)
        let request = APIRequest(
            inbound: inbound, path: path, query: [:], principal: visit.request.principal,
            session: visit.request.session, address: visit.request.address, bodyLimitBytes: route.bodyLimitBytes,
            content: bytes)
        let answer = try await route.handler(request)
        guard answer.status < 400 else { throw Self.error(answer) }
        return answer
    }

    private static func data(of answer: OutboundAnswer) -> DataValue {
        guard case .bytes(let content) = answer.content else { return .null }
        return (try? DataValue(json: content)) ?? .null
    }

    private static func error(_ answer: OutboundAnswer) -> DiagnosticError {
        var problem = DataValue.null
        if case .bytes(let bytes) = answer.content { problem = (try? DataValue(json: bytes)) ?? .null }
        let number = problem["code"]?.string.flatMap { Int($0.dropFirst(3)) }
        return DiagnosticError(
            number.map { DiagnosticCode($0) } ?? .accessDenied, problem["detail"]?.string ?? "It was refused.",
            remedy: problem["remedy"]?.string)
    }
}
