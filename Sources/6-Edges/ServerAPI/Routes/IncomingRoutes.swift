// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPServing
internal import PipelineModel
internal import ServerOperation
internal import StructuredData
internal import Timekeeping
internal import TriggerIntake

/// What came to a project, and what became of it: webhooks, polls, schedules, dispatches.
struct IncomingRoutes: Sendable {
    let server: Server

    private static let template = "/api/v1/projects/{project}/deliveries"

    var routes: [Route] {
        [
            Route(
                method: "GET", template: Self.template, operation: "listIncoming",
                summary: "What came to a project and what became of it, the newest first.",
                guardian: .project(.viewRuns), query: PageParameters.all, answers: [200: "IncomingList"],
                handler: list),
            Route(
                method: "GET", template: Self.template + "/{delivery}", operation: "getIncoming",
                summary: "One of them.", guardian: .project(.viewRuns), answers: [200: "Incoming", 404: "Problem"]
            ) { (request) throws(DiagnosticError) in
                let project = try request.project(server.directory.current).id
                return .json(try server.incoming(request.parameter("delivery"), of: project).shown)
            },
            Route(
                method: "POST", template: Self.template + "/{delivery}/redeliver", operation: "redeliverIncoming",
                summary: "Works one of them once more; runs that it has begun do not begin again.",
                guardian: .project(.manageHooks), answers: [202: "Incoming", 404: "Problem", 409: "Problem"],
                handler: redeliver),
        ]
    }

    @Sendable private func list(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let project = try request.project(server.directory.current).id
        let limit = min(try PageParameters.limit(request), TriggerLimits.pageSize)
        let page = try server.triggers.log.page(
            project.description, before: try PageParameters.cursor(request), limit: limit)
        let last = page.last?.place ?? 1
        return .list(page.map(\.delivery.shown), next: last > 1 ? PageParameters.cursor(last) : nil)
    }

    @Sendable private func redeliver(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let project = try request.project(server.directory.current).id
        let id = request.parameter("delivery")
        try await server.triggers.redeliver(
            id, of: project.description, by: server.directory.current.told(request.actor(server)))
        return .json(try server.incoming(id, of: project).shown, status: 202)
    }
}

extension Delivery {
    fileprivate var shown: DataValue {
        var object: DataObject = [
            "id": .string(id), "event": .string(title), "receivedAt": .number(Double(receivedAt.milliseconds)),
            "attempts": .number(Double(attempts)), "state": "waiting", "notes": [],
        ]
        object.set("ref", ref.map(DataValue.string))
        object.set("actor", actor.map(DataValue.string))
        switch state {
        case .waiting: break
        case .worked(let notes, let dropped):
            object["state"] = "worked"
            object["notes"] = .array(notes.map(\.shown))
            if dropped > 0 { object["moreNotes"] = .number(Double(dropped)) }
        case .failed(let diagnostic, let retryAt):
            object["state"] = retryAt == nil ? "failed" : "waiting"
            object.set("retryAt", retryAt.map { .number(Double($0.milliseconds)) })
            object["code"] = .string(diagnostic.code.description)
            object["problem"] = .string(diagnostic.message)
            object.set("remedy", diagnostic.remedy.map(DataValue.string))
        }
        return .object(object)
    }
}

extension DeliveryNote {
    fileprivate var shown: DataValue {
        var object: DataObject = [
            "kind": .string(kind.rawValue), "workflow": .string(path), "reason": .string(reason),
        ]
        object.set("run", run.map { .number(Double($0.number)) })
        return .object(object)
    }
}
