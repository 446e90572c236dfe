// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Credentials
internal import Diagnostics
internal import EventJournal
internal import HTTPMessages
internal import HTTPServing
internal import JobDispatch
internal import RunCoordination
internal import RunEngine
internal import RunnerProtocol
internal import ServerOperation
internal import StructuredData
internal import Timekeeping

/// What runners say and ask; see the runner protocol.
struct RunnerRoutes: Sendable {
    let server: Server

    var routes: [Route] {
        [
            door("register", "Takes a one-time token for a place among the runners.", register),
            route("poll", "Says what a runner has, and asks for what it has room for.", .runner, poll),
            route("assignment", "A job that the runner has, once more.", .runner, assignment),
            route("position", "How much of a job's progress the server has.", .runner, position),
            route("progress", "What came of a job.", .runner, progress, limit: RunnerLimits.progressBytes),
        ] + LeaseRoutes(runner: self).routes + RunnerDeskRoutes(runner: self).routes
    }

    /// Where anybody can knock.
    private func door(
        _ name: String, _ summary: String,
        _ handler: @escaping @Sendable (APIRequest) async throws(DiagnosticError) -> OutboundAnswer
    ) -> Route {
        var route = route(name, summary, .proof, handler)
        route.isDoor = true
        return route
    }

    func route(
        _ name: String, _ summary: String, _ guardian: Route.Guardian,
        _ handler: @escaping @Sendable (APIRequest) async throws(DiagnosticError) -> OutboundAnswer,
        limit: Int = 1 << 20
    ) -> Route {
        Route(
            method: "POST", template: "/runner/v\(RunnerProtocolVersion.current)/\(name)", operation: "runner_\(name)",
            summary: summary, guardian: guardian, answers: [200: ""], bodyLimitBytes: limit, isDocumented: false
        ) { (request) throws(DiagnosticError) in
            let version = request.inbound.headers[RunnerProtocolVersion.header].flatMap { Int($0) }
            guard let version, RunnerProtocolVersion.isSpoken(version) else {
                throw DiagnosticError(
                    .runnerVersion,
                    "The runner speaks version \(version.map(String.init) ?? "none") of the protocol; this server speaks "
                        + "\(RunnerProtocolVersion.oldest) to \(RunnerProtocolVersion.current).",
                    remedy: "Use the same version of Martlet for the server and its runners.")
            }
            guard await server.isTrusted() else { throw Server.away("jobs of this runner") }
            var request = request
            request.content = try await request.bytes()
            return try await handler(request)
        }
    }

    /// Passes a message on to the server that has a lease's run.
    ///
    /// - Returns: `nil`: it is for this server.
    func passedOn(_ request: APIRequest, _ lease: LeaseKey) async throws(DiagnosticError) -> OutboundAnswer? {
        guard server.isShared, let project = try server.decidingProject(of: lease.work.run) else { return nil }
        return try await Forwarding(server: server).passedOn(request.inbound, to: project, from: request.address) {
            () throws(DiagnosticError) in try await request.bytes()
        }
    }

    /// The runner itself: what a job shows is not enough.
    func runner(_ request: APIRequest) throws(DiagnosticError) -> String {
        guard case .runner(let id) = request.principal, request.lease == nil else {
            throw DiagnosticError(.credentialRefused, "This is not a runner's credential.")
        }
        return id.description
    }

    /// The runner, or the job of this lease.
    func holder(_ request: APIRequest, of lease: LeaseKey) throws(DiagnosticError) -> String {
        guard case .runner(let id) = request.principal else {
            throw DiagnosticError(.credentialRefused, "This is not a runner's credential.")
        }
        guard request.lease == nil || request.lease == lease else {
            throw DiagnosticError(.credentialRefused, "The credential is for another job than '\(lease.work)'.")
        }
        return id.description
    }

    func read<Value: DataRepresentable>(
        _ request: APIRequest, _ type: Value.Type
    ) async throws(DiagnosticError) -> Value {
        let object = try await request.json()
        do throws(DataShapeError) {
            return try Value(data: .object(object))
        } catch {
            throw DiagnosticError(.runnerMessageInvalid, "The message cannot be read: \(error).")
        }
    }

    // MARK: handlers

    @Sendable private func register(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let asked = try await read(request, RegistrationRequest.self)
        if let fault = asked.offering.fault { throw DiagnosticError(.runnerMessageInvalid, fault) }
        return .json(try await server.register(asked, from: request.address).data)
    }

    @Sendable private func poll(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let asked = try await read(request, PollRequest.self)
        let caller = try runner(request)
        guard server.isShared, !request.inbound.isPassedOn else {
            return .json(await server.passedPoll(caller, asked).data)
        }
        let poll = OpenPoll(
            runner: caller, request: asked, path: request.inbound.path, headers: request.inbound.headers,
            address: request.address)
        return .json(try await server.poll(poll).data)
    }

    @Sendable private func assignment(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let key = try await read(request, LeaseKey.self)
        if let answer = try await passedOn(request, key) { return answer }
        let holder = try holder(request, of: key)
        guard let found = await server.runs.assignment(key, of: holder, isElsewhere: request.lease != nil) else {
            throw await server.lost(key)
        }
        return .json(found.data)
    }

    @Sendable private func position(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let key = try await read(request, LeaseKey.self)
        if let answer = try await passedOn(request, key) { return answer }
        guard let found = await server.runs.position(key, of: try holder(request, of: key)) else {
            throw await server.lost(key)
        }
        return .json(found.data)
    }

    @Sendable private func progress(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let bytes = try await request.bytes()
        let said: Progress
        do throws(DataShapeError) {
            said = try ProgressCoding.decode(bytes)
        } catch {
            throw DiagnosticError(.runnerMessageInvalid, "The progress cannot be read: \(error).")
        }
        if let answer = try await passedOn(request, said.lease) { return answer }
        let known: ProgressPosition?
        do {
            known = try await server.runs.progress(said, of: try holder(request, of: said.lease))
        } catch let error as DiagnosticError {
            if error.diagnostic.code == .leaseLost { throw await server.lost(said.lease) }
            throw Self.neverTaken(error) ?? error
        } catch {
            throw DiagnosticError(.runnerMessageInvalid, "The progress could not be taken: \(error).")
        }
        guard let known else { throw await server.lost(said.lease) }
        return .json(known.data)
    }

    /// Events that this server does not know, or that no journal takes: it is the message that is at fault, and not this side.
    private static func neverTaken(_ error: DiagnosticError) -> DiagnosticError? {
        let codes: Set<DiagnosticCode> = [.unknownEvent, .malformedEvent, .runRecordUnreadable, .journalLimit]
        guard codes.contains(error.diagnostic.code) else { return nil }
        return DiagnosticError(
            .runnerMessageInvalid, "The progress cannot be taken. \(error)", remedy: error.diagnostic.remedy)
    }
}
