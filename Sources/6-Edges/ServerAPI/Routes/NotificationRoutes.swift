// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Announcements
internal import Diagnostics
internal import HTTPMessages
internal import HTTPServing
internal import ServerOperation
internal import StructuredData
internal import Timekeeping

/// Who is told what in a project.
struct NotificationRoutes: Sendable {
    let server: Server

    private static let template = "/api/v1/projects/{project}/notifications"

    var routes: [Route] {
        [
            Route(
                method: "GET", template: Self.template, operation: "getNotifications",
                summary: "Who is told what in a project; an empty object is the standard.",
                guardian: .project(.manageHooks), answers: [200: "Notifications"]
            ) { (request) throws(DiagnosticError) in
                .json(.object(try server.announcer.policies.document(of: try project(request)).object))
            },
            Route(
                method: "PUT", template: Self.template, operation: "setNotifications",
                summary: "Sets who is told what in a project; with If-Match only if it is still what was read.",
                guardian: .project(.manageHooks), body: "Notifications",
                answers: [200: "Notifications", 412: "Problem", 422: "Problem"], handler: set),
        ]
    }

    private func project(_ request: APIRequest) throws(DiagnosticError) -> EntryID {
        try request.project(server.directory.current).id
    }

    @Sendable private func set(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let project = try project(request)
        let book = server.announcer.policies
        let before = try book.document(of: project)
        try request.requireMatch(.object(before.object))
        let hasCondition = request.inbound.headers["If-Match"] != nil
        let document = try await server.setNotifications(
            try await request.json(), of: project, replacing: hasCondition ? before.version : nil,
            by: request.actor(server))
        var answer = OutboundAnswer.json(.object(document.object))
        answer.headers["ETag"] = EntityTag.of(.object(document.object))
        return answer
    }
}
