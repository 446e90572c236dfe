// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPServing
internal import ServerOperation
internal import StructuredData
internal import WebPages

/// Who did what, as far as one may see it.
struct AuditReadingRoutes: Sendable {
    let server: Server

    private static let pageRows = 100
    private static let maximumSequence = 1 << 53

    var routes: [Route] {
        [PageRoute(server: server).get("/audit", .known, showing: show)]
    }

    @Sendable private func show(_ visit: PageVisit) async throws(DiagnosticError) -> OutboundAnswer {
        let isSeen = try AuditRoutes(server: server).sight(visit.request)
        let wanted = (visit.query("q") ?? "").lowercased()
        let before =
            visit.query("before") == nil ? nil : try visit.number("before", in: 0...Self.maximumSequence, default: 0)
        let rows = try await server.directory.audit(
            AuditQuery(), before: before, limit: Self.pageRows + 1,
            isShown: { row in
                guard isSeen(row) else { return false }
                if wanted.isEmpty { return true }
                return [row.who, row.what, row.type, row.subject].contains { $0.lowercased().contains(wanted) }
            })
        let shown = rows.prefix(Self.pageRows)
        var page = AuditPage(entries: shown.map(Self.entry), query: visit.query("q") ?? "")
        if rows.count > Self.pageRows, let last = shown.last {
            let query = visit.query("q").map { [("q", $0)] } ?? []
            page.nextPage = .query(query + [("before", String(last.sequence))], of: .audit)
        }
        return .page(page, visit.context())
    }

    private static func entry(_ row: AuditRow) -> AuditPage.Entry {
        AuditPage.Entry(
            sequence: row.sequence, at: row.time, actor: row.who, isToken: row.actor.kind == .token, act: row.type,
            text: row.what, link: row.details["run"]?.int.map { .run($0, row.details["attempt"]?.int) },
            from: row.actor.address)
    }
}
