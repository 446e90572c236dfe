// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPServing
internal import LogArchive
internal import PipelineModel
internal import RunCoordination
internal import ServerOperation
internal import StructuredData
internal import ThreadExecution

/// Searching all logs of a run attempt.
struct SearchRoutes: Sendable {
    let server: Server

    var routes: [Route] {
        [
            Route(
                method: "GET", template: "/api/v1/runs/{run}/attempts/{attempt}/search", operation: "searchLogs",
                summary: "Lines of the run's logs that hold a text, or match a regular expression.",
                guardian: .run(.viewLogs),
                query: [
                    .init(name: "q", about: "What to look for.", schema: ["type": "string"], isRequired: true),
                    .init(name: "regex", about: "1: q is a regular expression.", schema: ["type": "string"]),
                    .init(name: "case", about: "1: capitals count.", schema: ["type": "string"]),
                    .init(name: "cursor", about: "`next` of the page before.", schema: ["type": "string"]),
                ], answers: [200: "SearchResult"], handler: search)
        ]
    }

    @Sendable private func search(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let (run, attempt) = (RunID(try request.pathNumber("run")), try request.pathNumber("attempt"))
        guard let text = request.query["q"], !text.isEmpty else {
            throw DiagnosticError(.requestInvalid, "'q' is missing: what to look for.")
        }
        let kind: LogPattern.Kind =
            request.query["regex"] == "1"
            ? .regularExpression : request.query["case"] == "1" ? .text : .textIgnoringCase
        let cursor = try Self.cursor(request)
        let report = try server.report(of: run, attempt: attempt)
        try await server.bringLogs(of: run, through: attempt)
        let (page, places) = try await BlockingWork.attempt { () throws(DiagnosticError) in
            let search = RunSearch(server, report)
            return (try search.page(LogPattern(kind, text), from: cursor), search.entries.map(\.place))
        }
        return .json(.object(Self.object(page, places)))
    }

    /// `LOG.LINE`, both numbers.
    static func cursor(_ request: APIRequest) throws(DiagnosticError) -> LogCursor {
        guard let text = request.query["cursor"] else { return LogCursor(log: 0, line: 1) }
        let parts = text.split(separator: ".").compactMap { Int($0) }
        guard parts.count == 2, parts.allSatisfy({ $0 >= 0 }) else {
            throw DiagnosticError(.requestInvalid, "The cursor '\(text)' is none.", remedy: "Give 'next' of a page.")
        }
        return LogCursor(log: parts[0], line: max(1, parts[1]))
    }

    private static func object(_ page: LogSearchPage, _ places: [LogPlace]) -> DataObject {
        let matches: [DataValue] = page.matches.map { match in
            let place = places[match.log]
            return [
                "job": .string(place.job.text), "step": .string(place.step.step.description),
                "attempt": .number(Double(place.step.number)), "line": .number(Double(match.line)),
                "text": .string(match.excerpt.text),
            ]
        }
        var object: DataObject = [
            "count": .number(Double(page.matchingLines)), "isCounted": .bool(page.isCounted),
            "matches": .array(matches),
        ]
        object["next"] = page.next.map { .string("\($0.log).\($0.line)") } ?? .null
        return object
    }
}
