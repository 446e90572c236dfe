// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Credentials
package import Diagnostics
internal import EventJournal
internal import HTTPMessages
package import HTTPServing
internal import PipelineModel
internal import RunCoordination
internal import RunnerProtocol
package import ServerOperation
internal import StructuredData
internal import Timekeeping

/// Where requests come in: finds the route, asks who it is and whether they may, and has the route answer.
package struct ServerDoor: Sendable {
    let server: Server
    private let router: Router
    let routes: [Route]
    let limits: RequestLimits

    package init(server: Server) {
        self.server = server
        limits = RequestLimits(ofCaller: server.settings.requestsPerMinute)
        let administration = AdministrationRoutes(server: server, signInPage: SignInRoom(server: server).answer).routes
        let deliveries = DeliveryRoutes(server: server).routes + IncomingRoutes(server: server).routes
        let routes =
            HealthRoutes(server: server).routes + RunRoutes(server: server).routes
            + LogRoutes(server: server).routes + EventRoutes(server: server).routes
            + OutcomeRoutes(server: server).routes + SearchRoutes(server: server).routes
            + ApprovalRoutes(server: server).routes + TriggerRoutes(server: server).routes
            + RunnerRoutes(server: server).routes + MetricsRoutes(server: server).routes
            + deliveries + NotificationRoutes(server: server).routes
            + SlackRoutes(server: server).routes + PageRoutes(server: server).routes + administration
            + SettingsRoutes(server: server, calls: APICalls(server, administration + deliveries)).routes
        self.routes = routes + [OpenAPIDocument.route(of: routes)]
        router = Router(self.routes)
    }

    /// Answers; never throws.
    package func answer(_ arrived: InboundRequest) async -> OutboundAnswer {
        var inbound = arrived
        if server.peers.isPeer(arrived.headers) {
            inbound = arrived.passedOn(
                from: arrived.headers[PeerCalls.addressHeader] ?? arrived.peer,
                isSecure: arrived.headers[PeerCalls.secureHeader] != nil)
        }
        let finding = router.find(inbound.method, inbound.path)
        // What nobody listens at is one series: anybody can ask for anything.
        var template = "none"
        if case .route(let route, _) = finding { template = route.template }
        let counting = RequestCounting(server: server, inbound, route: template)
        let answer = await answer(inbound, finding)
        guard PageProblems.isPage(answer, inbound) else { return counting.counted(answer) }
        let caller = bySession(inbound, .now())
        return counting.counted(PageProblems(server: server).shown(answer, to: inbound, caller))
    }

    private func answer(_ inbound: InboundRequest, _ finding: Router.Finding) async -> OutboundAnswer {
        switch finding {
        case .none:
            let network = ClientAddress.network(ClientAddress.of(inbound, trusted: server.settings.trustedProxies))
            if let wait = limits.wait(stranger: network, now: .now()) { return tooMany(wait) }
            return unknown(inbound)
        case .otherMethods(let methods):
            var answer = APIProblem.answer(
                DiagnosticError(.methodUnknown, "\(inbound.path) takes \(methods.joined(separator: ", ")) only."))
            answer.headers.add("Allow", methods.joined(separator: ", "))
            return answer
        case .route(let route, let path):
            do throws(DiagnosticError) {
                return try await pass(inbound, route, path)
            } catch {
                return APIProblem.answer(withoutPlace(error))
            }
        }
    }

    /// Where the database is, and what it says, is for the server's log, and not for whoever asks.
    private func withoutPlace(_ error: DiagnosticError) -> DiagnosticError {
        guard server.isShared, error.diagnostic.code.isSilenceOfJournal else { return error }
        return DiagnosticError(
            error.diagnostic.code, "The server's database does not answer.",
            remedy: "Try again in a moment; the server's log says more.")
    }

    /// Below the API nobody learns what is there without a credential.
    private func unknown(_ inbound: InboundRequest) -> OutboundAnswer {
        if inbound.path.hasPrefix("/api/v1/"), inbound.headers["Authorization"] == nil {
            return APIProblem.answer(
                DiagnosticError(.signInNeeded, "This needs a credential.", remedy: "Send Authorization: Bearer TOKEN."))
        }
        let isHook = inbound.path == "/hooks" || inbound.path.hasPrefix("/hooks/")
        return APIProblem.answer(
            DiagnosticError(
                .routeUnknown, "There is nothing at \(inbound.path).", remedy: isHook ? HookAddress.form : nil))
    }

    private func pass(
        _ inbound: InboundRequest, _ route: Route, _ path: [String: String]
    ) async throws(DiagnosticError) -> OutboundAnswer {
        let now = Timestamp.now()
        let address =
            inbound.isPassedOn ? inbound.peer : ClientAddress.of(inbound, trusted: server.settings.trustedProxies)
        if route.isDoor, let wait = limits.wait(network: ClientAddress.network(address), now: now) {
            return tooMany(wait)
        }
        let caller: Caller
        do throws(DiagnosticError) {
            caller = try await self.caller(inbound, route, now: now)
        } catch {
            // Whoever tries credentials is as unknown as whoever has none.
            if let wait = limit(inbound, route, address, now) { return tooMany(wait) }
            throw error
        }
        if caller.principal == .anonymous, let wait = limit(inbound, route, address, now) { return tooMany(wait) }
        // One that was passed on was counted where it came in.
        if !inbound.isPassedOn, let wait = limits.wait(caller: caller.principal, now: now) { return tooMany(wait) }
        // Nobody whom nobody knows has the database asked.
        if caller.principal == .anonymous, let refusal = try server.refusal(.anonymous, route, path) { return refusal }
        try await server.seeOthers(route, path)
        if let refusal = try server.refusal(caller.principal, route, path) { return refusal }
        if !server.hasStarted { try Self.refuseEarly(route) }
        let forwarding = Forwarding(server: server)
        if let answer = try await forwarding.passedOn(inbound, route, path, from: address) { return answer }
        if route.isLive, inbound.asksForSocket {
            if caller.session != nil { try FormCheck(server: server).requireOwnPage(inbound) }
            try inbound.requireHandshake()
        }
        guard let pairs = FormText.pairs(inbound.query) else {
            throw DiagnosticError(
                .requestInvalid, "The query cannot be decoded, or has more than \(FormText.pairLimit) fields.")
        }
        let query = Dictionary(pairs.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
        var request = APIRequest(
            inbound: inbound, path: path, query: query, principal: caller.principal, session: caller.session,
            address: address, bodyLimitBytes: route.bodyLimitBytes)
        request.lease = caller.lease
        let isUnsafe = !FormCheck.safeMethods.contains(inbound.method)
        if route.body != nil || isUnsafe && caller.session != nil { request.content = try await request.bytes() }
        if isUnsafe, !route.checksOwnForm, let session = caller.session {
            try await FormCheck(server: server).require(request, binding: session.id, now: now)
        }
        if let body = route.body { try BodyShape.check(request.content ?? [], as: body) }
        var answer = try await answer(request, route, now)
        EntityTag.apply(&answer, to: inbound)
        try prolong(caller.session, inbound, &answer, now)
        return answer
    }

    private func answer(
        _ request: APIRequest, _ route: Route, _ now: Timestamp
    ) async throws(DiagnosticError) -> OutboundAnswer {
        guard case .proof = route.guardian else {
            return try await KeyedRequests(server: server).answer(request, route, now: now)
        }
        // It throws where the proof does not hold: whatever that is for, it counts.
        let answer = try await route.handler(request)
        limits.giveBack(stranger: ClientAddress.network(request.address))
        return answer
    }

    /// Before a server has gone on with what an earlier process left, what it says of runs and leases would be wrong: a
    /// runner would be told that its jobs are not its own.
    private static func refuseEarly(_ route: Route) throws(DiagnosticError) {
        if case .open = route.guardian { return }
        throw DiagnosticError(
            .serverStarting, "The server has just begun, and takes up what it had.", remedy: "Try again in a second.")
    }

    /// How long somebody whom nobody knows has to wait; `nil`: not at all. A forge sends much from few addresses: what it proves
    /// to be its own does not count.
    private func limit(_ inbound: InboundRequest, _ route: Route, _ address: String, _ now: Timestamp) -> Int64? {
        // A page comes with many files, which cost nothing, and one address may be a whole house's.
        guard !Self.unlimited.contains(inbound.path), !route.operation.hasPrefix(AssetRoutes.operation) else {
            return nil
        }
        return limits.wait(stranger: ClientAddress.network(address), now: now)
    }

    /// Asked by those who watch whether the server lives.
    private static let unlimited: Set<String> = ["/healthz", "/readyz"]

    /// A session that is used goes on.
    private func prolong(
        _ session: Session?, _ inbound: InboundRequest, _ answer: inout OutboundAnswer, _ now: Timestamp
    ) throws(DiagnosticError) {
        guard let session, answer.headers["Set-Cookie"] == nil,
            let ticket = try server.people.sessions.renewed(session, now: now)
        else { return }
        let cookies = cookies(inbound)
        answer.headers.add(
            "Set-Cookie", cookies.line(cookies.session, ticket, seconds: SessionLimits.idle.milliseconds / 1_000))
    }

    private func tooMany(_ waitMs: Int64) -> OutboundAnswer {
        APIProblem.answer(
            DiagnosticError(
                .tooManyAttempts, "Too many requests.", remedy: "Try again in \(max(1, (waitMs + 999) / 1_000)) s."),
            retryAfterMs: waitMs)
    }
}

extension Server {
    /// What other servers have written is seen by whoever asks now: lists of all projects' runs, and a project that was made a
    /// moment ago.
    func seeOthers(_ route: Route, _ path: [String: String]) async throws(DiagnosticError) {
        guard isShared else { return }
        switch route.guardian {
        case .known, .server: try await follow()
        case .project where directory.current.find(path["project"] ?? "") == nil: try await follow()
        case .run
        where try path["run"].flatMap({ RunID($0) }).map({ (run) throws(DiagnosticError) in
            try project(of: run) == nil
        }) ?? false:
            try await follow()
        case .open, .proof, .runner, .project, .run: return
        }
    }

    /// Why a request does not get to a route; `nil`: it does.
    func refusal(
        _ principal: Principal, _ route: Route, _ path: [String: String]
    ) throws(DiagnosticError) -> OutboundAnswer? {
        let directory = directory.current
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
            // One that is paused gets nothing new, but says what becomes of what it has.
            if case .runner(let id) = principal, directory.runners[id] != nil { return nil }
            decision = directory.decision(principal, .takeJobs, at: .server, now: .now())
        case .project(let permission):
            // One that is not there is hidden like one that may not be seen.
            let found = directory.find(path["project"] ?? "")
            decision = directory.decision(
                principal, permission, at: .project(found ?? EntryID(.project, Int.max)), now: .now())
        case .run(let permission):
            let run = path["run"].flatMap { RunID($0) }
            let project = try run.flatMap { (run) throws(DiagnosticError) in try self.project(of: run) }
            decision = directory.decision(
                principal, permission, at: .project(project ?? EntryID(.project, Int.max)), now: .now())
        }
        if decision.isAllowed { return nil }
        if case .run = route.guardian, decision.verdict == .hidden {
            throw DiagnosticError(.entryMissing, "There is no run \(path["run"] ?? "") that you may see.")
        }
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
