// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Announcements
internal import Diagnostics
internal import HTTPMessages
internal import HTTPServing
internal import NotificationRules
internal import ServerOperation
internal import StructuredData
internal import Timekeeping

/// What hooks were sent, and what they answered.
struct DeliveryRoutes: Sendable {
    let server: Server

    private static let template = "/api/v1/hooks/{hook}"

    var routes: [Route] {
        [
            Route(
                method: "GET", template: Self.template + "/deliveries", operation: "listDeliveries",
                summary: "What was sent to a hook, the newest first.", guardian: .known, query: PageParameters.all,
                answers: [200: "DeliveryList", 404: "Problem"], handler: list),
            Route(
                method: "GET", template: Self.template + "/deliveries/{delivery}", operation: "getDelivery",
                summary: "A delivery with its body, and each attempt with what was answered, shortened.",
                guardian: .known, answers: [200: "Delivery", 404: "Problem"], handler: show),
            Route(
                method: "POST", template: Self.template + "/deliveries/{delivery}/redeliver", operation: "redeliver",
                summary: "Sends a delivery that is over once more.", guardian: .known,
                answers: [202: "Empty", 404: "Problem", 409: "Problem"], handler: redeliver),
            Route(
                method: "POST", template: Self.template + "/test", operation: "testHook",
                summary: "Sends a hook something to see whether it is heard.", guardian: .known,
                answers: [202: "TestDelivery", 404: "Problem"], handler: test),
        ]
    }

    /// The path's hook, for who may change it; for all others it is not there.
    private func hook(_ request: APIRequest) throws(DiagnosticError) -> EntryID {
        let directory = server.directory.current
        let name = request.parameter("hook")
        let missing = APIRequest.missing("hook", name)
        guard let hook = EntryID(name).flatMap({ directory.hooks[$0] }) else { throw missing }
        let target = hook.settings.target
        if directory.decision(request.principal, .manageHooks, at: target, now: .now()).isAllowed { return hook.id }
        guard directory.decision(request.principal, .viewRuns, at: target, now: .now()).isAllowed else { throw missing }
        try directory.decision(request.principal, .manageHooks, at: target, now: .now()).required()
        throw missing
    }

    @Sendable private func list(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let limit = try PageParameters.limit(request)
        let page = try server.announcer.deliveries.page(
            of: try hook(request), after: request.query["cursor"], limit: limit)
        return .list(
            page.map { .object($0.shown) }, next: page.count == limit ? page.last?.state.id : nil)
    }

    @Sendable private func show(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let found = try server.announcer.deliveries.delivery(request.parameter("delivery"), of: try hook(request))
        var object = found.delivery.shown
        object["body"] = (try? DataValue(json: found.body)) ?? .null
        object["attempts"] = .array(found.delivery.exchanges.map(\.data))
        return .json(.object(object))
    }

    @Sendable private func redeliver(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        try await server.redeliver(request.parameter("delivery"), of: try hook(request), by: request.actor(server))
        return .json([:], status: 202)
    }

    @Sendable private func test(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let hook = try hook(request)
        let id = try await server.test(hook, by: request.actor(server))
        return .json(
            ["id": .string(id), "url": .string("\(server.address)/api/v1/hooks/\(hook)/deliveries/\(id)")], status: 202)
    }
}

extension OutgoingDelivery {
    fileprivate var shown: DataObject {
        var object: DataObject = [
            "id": .string(state.id), "hook": .string(hook.description), "type": .string(state.type),
            "createdAt": .number(Double(createdAt.milliseconds)),
            "attemptCount": .number(Double(state.attemptCount)),
        ]
        switch state.status {
        case .due(let time):
            object["state"] = "waiting"
            object["nextAt"] = .number(Double(time.milliseconds))
        case .delivered(let time):
            object["state"] = "delivered"
            object["deliveredAt"] = .number(Double(time.milliseconds))
        case .givenUp(let reason, _):
            object["state"] = "givenUp"
            object["reason"] = .string(reason)
        }
        object.set("lastStatus", exchanges.last?.status.map { .number(Double($0)) })
        object.set("lastProblem", exchanges.last?.problem.map(DataValue.string))
        return object
    }
}
