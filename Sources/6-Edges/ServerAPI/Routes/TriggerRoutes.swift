// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPMessages
internal import HTTPServing
internal import PipelineModel
internal import ServerOperation
internal import SourceForges
internal import StructuredData
internal import TriggerIntake

/// What starts runs: webhooks, people who ask for a workflow, programs that tell of something.
struct TriggerRoutes: Sendable {
    let server: Server

    private static let webhookLimitBytes = 25 << 20
    /// Bytes of webhooks that are held before it is known who sent them, of all together.
    private static let unprovenBytes = 128 << 20
    /// Seconds that a webhook's body may take to come.
    private static let bodySeconds = 60
    private let unproven = BodyAllowance(limitBytes: unprovenBytes, seconds: bodySeconds)

    init(server: Server) { self.server = server }

    var routes: [Route] {
        [
            Route(
                method: "POST", template: "/hooks/{forge}/{project}", operation: "receiveWebhook",
                summary: "A forge's webhook, with its signature.", guardian: .proof, answers: [202: "", 200: ""],
                bodyLimitBytes: Self.webhookLimitBytes, isDocumented: false, handler: hook),
            Route(
                method: "POST", template: "/api/v1/projects/{project}/runs", operation: "dispatchRun",
                summary: "Starts a workflow that can be dispatched.", guardian: .project(.startRuns),
                body: "DispatchRequest", answers: [201: "DispatchAnswer", 422: "Problem", 502: "Problem"],
                isRepeatable: true, handler: dispatch),
            Route(
                method: "POST", template: "/api/v1/projects/{project}/dispatches", operation: "dispatchEvent",
                summary:
                    "Tells of an event: the workflows that wait for a repository_dispatch of its type are started.",
                guardian: .project(.startRuns), body: "EventDispatch",
                answers: [201: "DispatchAnswer", 422: "Problem", 502: "Problem"], isRepeatable: true,
                handler: dispatchEvent),
        ]
    }

    @Sendable private func hook(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        guard let forge = ForgeKind(rawValue: request.parameter("forge")) else {
            throw DiagnosticError(
                .routeUnknown, "There is no forge '\(request.parameter("forge"))'.", remedy: HookAddress.form)
        }
        // Nothing is read for a project that is not there, nor of what has no proof.
        let webhook = try server.expectWebhook(
            forge, of: request.parameter("project"), headers: request.inbound.headers)
        let body = try await request.inbound.body(limit: request.bodyLimitBytes, within: unproven)
        do {
            defer { unproven.giveBack(body.count) }
            try server.prove(webhook, body: body)
        }
        let forwarding = Forwarding(server: server)
        let home = try await forwarding.passedOn(request.inbound, to: webhook.projectID, from: request.address) {
            () throws(DiagnosticError) in body
        }
        if let home { return home }
        do throws(DiagnosticError) {
            let receipt = try await server.receive(webhook, body: body)
            return .json(["status": .string(receipt.rawValue)], status: receipt == .accepted ? 202 : 200)
        } catch {
            // An answer, for it is no stranger's any more.
            return APIProblem.answer(error)
        }
    }

    @Sendable private func dispatch(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let project = try request.project(server.directory.current)
        let body = try await request.json()
        let actor = request.actor(server)
        var asked = try WorkflowDispatch(
            workflow: try body.text("workflow"), ref: body["ref"]?.string,
            json: body["inputs"]?.object ?? DataObject(), actor: server.directory.current.login(of: actor))
        asked.jobs = (body["jobs"]?.array ?? []).compactMap(\.string)
        return answer(try await server.dispatch(asked, of: project.id, id: Self.identity(request), by: actor))
    }

    @Sendable private func dispatchEvent(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let project = try request.project(server.directory.current)
        let body = try await request.json()
        let actor = request.actor(server)
        let asked = try RepositoryDispatch(
            type: try body.text("event_type"), payload: body["client_payload"]?.object ?? DataObject(),
            actor: server.directory.current.login(of: actor))
        return answer(try await server.dispatch(asked, of: project.id, id: Self.identity(request), by: actor))
    }

    /// What is asked for without a key is another thing each time.
    private static func identity(_ request: APIRequest) -> String {
        request.identity ?? String(UInt64.random(in: .min ... .max), radix: 36)
    }

    private func answer(_ notes: [DeliveryNote]) -> OutboundAnswer {
        let runs: [DataValue] = notes.compactMap { note in
            note.run.map { run in
                [
                    "run": .number(Double(run.number)), "workflow": .string(note.path),
                    "url": .string("\(server.address)/runs/\(run)"),
                ]
            }
        }
        let refused: [DataValue] = notes.filter { $0.run == nil }.map {
            ["workflow": .string($0.path), "reason": .string($0.reason)]
        }
        return .json(["runs": .array(runs), "refused": .array(refused)], status: 201)
    }
}
