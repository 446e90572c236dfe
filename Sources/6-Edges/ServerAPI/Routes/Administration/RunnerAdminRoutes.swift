// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Credentials
internal import Diagnostics
internal import HTTPServing
internal import JobDispatch
internal import PipelineModel
internal import RunCoordination
internal import RunnerProtocol
internal import ServerOperation
internal import StructuredData
internal import Timekeeping

/// Runners as people see them: which there are, what each has, who may come.
struct RunnerAdminRoutes: Sendable {
    let server: Server

    private static let standardHours = 24

    var routes: [Route] {
        [
            Route(
                method: "GET", template: "/api/v1/runners", operation: "listRunners",
                summary: "Runners, whether they are connected, and what each has.",
                guardian: .server(.manageRunners), query: PageParameters.all, answers: [200: "RunnerList"]
            ) { (request) throws(DiagnosticError) in
                let now = await RunnersNow(server)
                return try request.page(Array(server.directory.current.runners.values), { $0.id.number }) {
                    now.shown($0)
                }
            },
            Route(
                method: "GET", template: "/api/v1/runners/{runner}", operation: "getRunner",
                summary: "One runner, by name or id.", guardian: .server(.manageRunners), answers: [200: "Runner"]
            ) { (request) throws(DiagnosticError) in .json(await RunnersNow(server).shown(try find(request))) },
            Route(
                method: "POST", template: "/api/v1/runners/{runner}/pause", operation: "pauseRunner",
                summary: "It gets no new jobs; what it has goes on.", guardian: .server(.manageRunners),
                answers: [200: "Runner"]
            ) { (request) throws(DiagnosticError) in try await setPaused(request, true) },
            Route(
                method: "POST", template: "/api/v1/runners/{runner}/resume", operation: "resumeRunner",
                summary: "The end of that.", guardian: .server(.manageRunners), answers: [200: "Runner"]
            ) { (request) throws(DiagnosticError) in try await setPaused(request, false) },
            Route(
                method: "DELETE", template: "/api/v1/runners/{runner}", operation: "removeRunner",
                summary: "Removes a runner; jobs that it has are lost.", guardian: .server(.manageRunners),
                answers: [204: ""], handler: remove),
            Route(
                method: "GET", template: "/api/v1/registrations", operation: "listRegistrations",
                summary: "Tokens with which runners may come.", guardian: .server(.registerRunners),
                query: PageParameters.all, answers: [200: "RegistrationList"]
            ) { (request) throws(DiagnosticError) in
                let now = Timestamp.now()
                let open = server.directory.current.registrations.values.filter { now < $0.offer.expiresAt }
                return try request.page(Array(open), { $0.id.number }, \.shown)
            },
            Route(
                method: "POST", template: "/api/v1/registrations", operation: "makeRegistration",
                summary: "Makes a token with which a runner comes; its secret is shown this once.",
                guardian: .server(.registerRunners), body: "NewRegistration",
                answers: [201: "RegistrationMade", 409: "Problem"], handler: makeRegistration),
            Route(
                method: "DELETE", template: "/api/v1/registrations/{registration}", operation: "revokeRegistration",
                summary: "No more runners come with it.", guardian: .server(.registerRunners), answers: [204: ""],
                handler: revokeRegistration),
        ]
    }

    private func find(_ request: APIRequest) throws(DiagnosticError) -> Runner {
        let name = request.parameter("runner")
        let directory = server.directory.current
        if let runner = EntryID(name).flatMap({ directory.runners[$0] }) { return runner }
        guard let runner = directory.runners.values.first(where: { $0.name.lowercased() == name.lowercased() }) else {
            throw APIRequest.missing("runner", name)
        }
        return runner
    }

    private func setPaused(_ request: APIRequest, _ isPaused: Bool) async throws(DiagnosticError) -> OutboundAnswer {
        let runner = try find(request)
        try await server.perform(.changeRunner(runner.id, runner.traits, isDisabled: isPaused), request)
        await server.runs.pause(runner.id.description, isPaused || server.isRetiring(runner.id))
        return .json(await RunnersNow(server).shown(try find(request)))
    }

    @Sendable private func remove(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let runner = try find(request)
        try await server.perform(.removeRunner(runner.id, reason: nil), request)
        await server.runs.remove(runner.id.description)
        return .empty
    }

    @Sendable private func makeRegistration(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let body = try await request.json()
        let now = Timestamp.now()
        let token = AccessToken.mint(.registration)
        let hours = body["hours"]?.int ?? Self.standardHours
        let offer = RegistrationOffer(
            prefix: token.prefix, group: body["group"]?.string ?? RunnerTraits.standardGroup,
            labels: (body["labels"]?.array ?? []).compactMap { $0.string?.lowercased() },
            isEphemeral: body["ephemeral"]?.bool ?? false, isOnce: body["once"]?.bool ?? true,
            expiresAt: now + .minutes(Int64(hours) * 60))
        try await server.perform(.issueRegistration(offer, sha256: token.sha256), request)
        guard let made = server.directory.current.registration(sha256: token.sha256, now: now) else {
            throw DiagnosticError(.entryMissing, "The token was revoked as it was made.")
        }
        return .secret(["registration": made.shown, "secret": .string(token.text)])
    }

    @Sendable private func revokeRegistration(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let name = request.parameter("registration")
        guard let id = EntryID(name), server.directory.current.registrations[id] != nil else {
            throw APIRequest.missing("registration", name)
        }
        try await server.perform(.revokeRegistration(id), request)
        return .empty
    }
}

/// What dispatch knows of the runners, at one moment.
private struct RunnersNow {
    let runners: [String: (runner: DispatchRunner, holds: [DispatchLease])]
    let time: Int64

    init(_ server: Server) async {
        runners = Dictionary(
            await server.runs.runnersNow.map { ($0.runner.id, $0) }, uniquingKeysWith: { first, _ in first })
        time = Timestamp.now().milliseconds
    }

    func shown(_ runner: Runner) -> DataValue {
        let known = runners[runner.id.description]
        return [
            "id": .string(runner.id.description), "name": .string(runner.name), "group": .string(runner.traits.group),
            "labels": .texts(runner.traits.labels), "capacity": .number(Double(runner.traits.capacity)),
            "ephemeral": .bool(runner.traits.isEphemeral), "paused": .bool(runner.isDisabled),
            "own": .bool(known?.runner.isOwn ?? false),
            "connected": .bool(known?.runner.isConnected(at: time) ?? false),
            "heardAt": known?.runner.heardAt.map { .number(Double($0)) } ?? .null,
            "registeredAt": .moment(runner.registeredAt), "jobs": .array((known?.holds ?? []).map(Self.shown)),
        ]
    }

    private static func shown(_ lease: DispatchLease) -> DataValue {
        let work = lease.demand.work
        return [
            "run": .number(Double(work.run.number)), "attempt": .number(Double(work.attempt)),
            "job": .string(work.job.text), "since": .number(Double(lease.since)),
        ]
    }
}

extension RunnerRegistration {
    fileprivate var shown: DataValue {
        [
            "id": .string(id.description), "prefix": .string(offer.prefix), "group": .string(offer.group),
            "labels": .texts(offer.labels), "ephemeral": .bool(offer.isEphemeral), "once": .bool(offer.isOnce),
            "issuedAt": .moment(issuedAt), "expiresAt": .moment(offer.expiresAt),
        ]
    }
}
