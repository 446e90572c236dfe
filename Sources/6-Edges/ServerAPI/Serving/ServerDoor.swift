// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Credentials
package import Diagnostics
internal import HTTPMessages
package import HTTPServing
internal import PipelineModel
internal import RunnerProtocol
package import ServerOperation
internal import StructuredData
internal import Timekeeping

/// Where requests come in: finds the route, asks who it is and whether they may, and has the route answer.
package struct ServerDoor: Sendable {
    let server: Server
    private let router: Router
    let routes: [Route]

    package init(server: Server) {
        self.server = server
        let routes =
            HealthRoutes(server: server).routes + RunRoutes(server: server).routes
            + LogRoutes(server: server).routes + EventRoutes(server: server).routes
            + OutcomeRoutes(server: server).routes + SearchRoutes(server: server).routes
            + TriggerRoutes(server: server).routes + RunnerRoutes(server: server).routes
            + PageRoutes(server: server).routes
        self.routes = routes + [OpenAPIDocument.route(of: routes)]
        router = Router(self.routes)
    }

    /// Answers; never throws.
    package func answer(_ inbound: InboundRequest) async -> OutboundAnswer {
        PageProblems(server: server).shown(await answerPlainly(inbound), to: inbound)
    }

    private func answerPlainly(_ inbound: InboundRequest) async -> OutboundAnswer {
        switch router.find(inbound.method, inbound.path) {
        case .none: return unknown(inbound)
        case .otherMethods(let methods):
            var answer = APIProblem.answer(
                DiagnosticError(.methodUnknown, "\(inbound.path) takes \(methods.joined(separator: ", ")) only."))
            answer.headers.add("Allow", methods.joined(separator: ", "))
            return answer
        case .route(let route, let path):
            do throws(DiagnosticError) {
                return try await pass(inbound, route, path)
            } catch {
                return APIProblem.answer(error)
            }
        }
    }

    /// Below the API nobody learns what is there without a credential.
    private func unknown(_ inbound: InboundRequest) -> OutboundAnswer {
        if inbound.path.hasPrefix("/api/v1/"), inbound.headers["Authorization"] == nil {
            return APIProblem.answer(
                DiagnosticError(.signInNeeded, "This needs a credential.", remedy: "Send Authorization: Bearer TOKEN."))
        }
        return APIProblem.answer(DiagnosticError(.routeUnknown, "There is nothing at \(inbound.path)."))
    }

    private func pass(
        _ inbound: InboundRequest, _ route: Route, _ path: [String: String]
    ) async throws(DiagnosticError) -> OutboundAnswer {
        let principal = try await principal(inbound, route)
        if let refusal = try refusal(principal, route, path) { return refusal }
        guard let pairs = FormText.pairs(inbound.query) else {
            throw DiagnosticError(.requestInvalid, "The query cannot be decoded.")
        }
        let query = Dictionary(pairs.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
        let request = APIRequest(
            inbound: inbound, path: path, query: query, principal: principal, session: nil,
            bodyLimitBytes: route.bodyLimitBytes)
        return try await route.handler(request)
    }

    private func principal(_ inbound: InboundRequest, _ route: Route) async throws(DiagnosticError) -> Principal {
        if case .open = route.guardian { return .anonymous }
        if case .proof = route.guardian { return .anonymous }
        guard let header = inbound.headers["Authorization"] else { return .anonymous }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw DiagnosticError(
                .credentialRefused, "The header Authorization is not of the form 'Bearer TOKEN'.")
        }
        return try await server.identification.principal(token: String(parts[1]), now: .now())
    }

    private func refusal(
        _ principal: Principal, _ route: Route, _ path: [String: String]
    ) throws(DiagnosticError) -> OutboundAnswer? {
        let directory = server.directory.current
        let decision: AccessDecision
        switch route.guardian {
        case .open, .proof: return nil
        case .known:
            guard principal == .anonymous else { return nil }
            return APIProblem.answer(
                DiagnosticError(.signInNeeded, "This needs a credential.", remedy: "Send Authorization: Bearer TOKEN."))
        case .server(let permission):
            decision = directory.decision(principal, permission, at: .server, now: .now())
        case .runner:
            decision = directory.decision(principal, .takeJobs, at: .server, now: .now())
        case .project(let permission):
            // One that is not there is hidden like one that may not be seen.
            let found = directory.find(path["project"] ?? "")
            decision = directory.decision(
                principal, permission, at: .project(found ?? EntryID(.project, Int.max)), now: .now())
        case .run(let permission):
            let run = path["run"].flatMap { RunID($0) }
            let project = try run.flatMap { (run) throws(DiagnosticError) in try server.project(of: run) }
            decision = directory.decision(
                principal, permission, at: .project(project ?? EntryID(.project, Int.max)), now: .now())
        }
        if decision.isAllowed { return nil }
        do throws(DiagnosticError) { try decision.required() } catch {
            return APIProblem.answer(error, verdict: decision.verdict)
        }
        return nil
    }
}

extension Directory {
    /// A project by its id or its name.
    func find(_ text: String) -> EntryID? {
        if let id = EntryID(text), id.kind == .project, projects[id] != nil { return id }
        return project(named: text)?.id
    }
}
