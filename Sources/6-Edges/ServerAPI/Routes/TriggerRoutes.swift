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

/// What starts runs: webhooks, and people who ask for a workflow.
struct TriggerRoutes: Sendable {
    let server: Server

    private static let webhookLimitBytes = 25 << 20

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
        ]
    }

    @Sendable private func hook(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        guard let forge = ForgeKind(rawValue: request.parameter("forge")) else {
            throw DiagnosticError(
                .routeUnknown, "There is no forge '\(request.parameter("forge"))'.", remedy: HookAddress.form)
        }
        let body = try await request.inbound.body(limit: request.bodyLimitBytes)
        let receipt = try await server.receiveWebhook(
            forge, of: request.parameter("project"), headers: request.inbound.headers, body: body)
        return .json(["status": .string(receipt.rawValue)], status: receipt == .accepted ? 202 : 200)
    }

    @Sendable private func dispatch(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        guard let project = server.directory.current.find(request.parameter("project")) else {
            throw DiagnosticError(.entryMissing, "There is no project '\(request.parameter("project"))'.")
        }
        let body = try await request.json()
        let actor = server.identification.actor(request.principal, address: request.inbound.peer)
        var asked = try WorkflowDispatch(
            workflow: try body.text("workflow"), ref: body["ref"]?.string,
            json: body["inputs"]?.object ?? DataObject(),
            actor: server.directory.current.login(of: actor))
        asked.jobs = (body["jobs"]?.array ?? []).compactMap(\.string)
        let id = request.inbound.headers["Idempotency-Key"] ?? String(UInt64.random(in: .min ... .max), radix: 36)
        let notes = try await server.dispatch(asked, of: project, id: id, by: actor)
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
