// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPMessages
internal import HTTPServing
internal import ServerOperation
internal import StructuredData
internal import Timekeeping

/// The audit log: who did what, where, and when. Everybody sees what was done where they may see it.
struct AuditRoutes: Sendable {
    let server: Server

    var routes: [Route] {
        [
            Route(
                method: "GET", template: "/api/v1/audit", operation: "listAudit",
                summary: "Rows of the audit log, the newest first.", guardian: .known,
                query: Self.filters + PageParameters.all, answers: [200: "AuditList"], handler: list),
            Route(
                method: "GET", template: "/api/v1/audit.ndjson", operation: "exportAuditNDJSON",
                summary: "The audit log in order, an object a line.", guardian: .known, query: Self.filters,
                answers: [200: ""]
            ) { (request) throws(DiagnosticError) in
                try export(request, "application/x-ndjson", head: "", AuditText.ndjson)
            },
            Route(
                method: "GET", template: "/api/v1/audit.csv", operation: "exportAuditCSV",
                summary: "The audit log in order, as a table.", guardian: .known, query: Self.filters,
                answers: [200: ""]
            ) { (request) throws(DiagnosticError) in
                try export(request, "text/csv; charset=utf-8", head: AuditText.csvHeader, AuditText.csv)
            },
        ]
    }

    private static let filters: [Route.Parameter] = [
        .init(name: "project", about: "By name or id.", schema: ["type": "string"]),
        .init(name: "actor", about: "Who did it, by name or id.", schema: ["type": "string"]),
        .init(name: "type", about: "What was done: `tokenIssued`, `acted`, …", schema: ["type": "string"]),
        .init(
            name: "since", about: "Not before; milliseconds since 1970.", schema: ["type": "integer", "minimum": 0]),
        .init(name: "until", about: "Before; milliseconds since 1970.", schema: ["type": "integer", "minimum": 0]),
    ]

    @Sendable private func list(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let query = try query(request)
        let limit = try PageParameters.limit(request)
        let before = try PageParameters.cursor(request)
        let rows = try await server.directory.audit(
            query, before: before, limit: limit + 1, isShown: try sight(request))
        let page = rows.prefix(limit)
        let next = rows.count > limit ? page.last.map { PageParameters.cursor($0.sequence) } : nil
        return .list(page.map(\.data), next: next)
    }

    private func export(
        _ request: APIRequest, _ type: String, head: String, _ line: @escaping @Sendable (AuditRow) -> String
    ) throws(DiagnosticError) -> OutboundAnswer {
        let query = try query(request)
        let isShown = try sight(request)
        let directory = server.directory
        return OutboundAnswer(
            status: 200, headers: [("Content-Type", type), ("Cache-Control", "no-store")],
            content: .stream { writer in
                if !head.isEmpty { try await writer.write(Array(head.utf8)) }
                try await directory.eachBatch(query, isShown: isShown) { (rows) async throws in
                    guard !rows.isEmpty else { return }
                    try await writer.write(rows.flatMap { Array(line($0).utf8) })
                }
            })
    }

    private func query(_ request: APIRequest) throws(DiagnosticError) -> AuditQuery {
        var query = AuditQuery()
        if let name = request.query["project"] {
            let id = server.directory.current.find(name) ?? EntryID(name)
            guard let id, id.kind == .project else { throw APIRequest.missing("project", name) }
            query.project = id
        }
        query.actor = request.query["actor"]
        query.type = request.query["type"]
        query.since = try moment(request, "since")
        query.until = try moment(request, "until")
        return query
    }

    private func moment(_ request: APIRequest, _ name: String) throws(DiagnosticError) -> Timestamp? {
        guard request.query[name] != nil else { return nil }
        let number = try request.number(name, in: 0...(1 << 53), default: 0)
        return Timestamp(milliseconds: Int64(number))
    }

    /// Which rows the caller may see. What was done in a project that is no more is the server's.
    func sight(_ request: APIRequest) throws(DiagnosticError) -> @Sendable (AuditRow) -> Bool {
        let directory = server.directory.current
        let now = Timestamp.now()
        let ofServer = directory.decision(request.principal, .viewAudit, at: .server, now: now)
        let projects = Set(
            directory.projects.keys.filter {
                directory.decision(request.principal, .viewAudit, at: .project($0), now: now).isAllowed
            })
        guard ofServer.isAllowed || !projects.isEmpty else {
            try ofServer.required()
            return { _ in false }
        }
        let isServerSeen = ofServer.isAllowed
        return { row in
            switch row.place {
            case .server: isServerSeen
            case .project(let id): projects.contains(id) || isServerSeen && directory.projects[id] == nil
            }
        }
    }
}
