// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPMessages
internal import HTTPServing
internal import PipelineModel
internal import RunCoordination
internal import ServerOperation
internal import StructuredData
internal import Timekeeping

/// What happens, while it happens: of one run, and of all that one may see.
struct EventRoutes: Sendable {
    let server: Server

    var routes: [Route] {
        [
            Route(
                method: "GET", template: "/api/v1/events", operation: "followOverview",
                summary: "Runs that begin, wait and end, live: as server-sent events, or by WebSocket.",
                guardian: .known, query: [APIRequest.after], answers: [200: ""], isLive: true, handler: overview),
            Route(
                method: "GET", template: "/api/v1/runs/{run}/attempts/{attempt}/events", operation: "followRun",
                summary:
                    "What happens in a run, live: as server-sent events, or by WebSocket; the first one says how it stands.",
                guardian: .run(.viewRuns), query: [APIRequest.after], answers: [200: ""], isLive: true, handler: run),
        ]
    }

    @Sendable private func overview(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let stream = server.feed.subscribe(to: .overview, after: try request.lastEvent())
        let (server, principal) = (server, request.principal)
        let admission = Admission(request, server)
        return .live { writer in
            try await writer.beat()
            for await item in stream {
                // Whoever comes back is told why.
                guard admission.holds() else { return }
                switch item {
                case .reset: try await writer.send(LiveEvent(.reset))
                case .beat: try await writer.beat()
                case .end: return
                case .news(let news):
                    let project = news.data["project"]?.string.flatMap { EntryID($0) }
                    let isSeen = server.directory.current.decision(
                        principal, .viewRuns, at: .project(project ?? EntryID(.project, Int.max)), now: .now()
                    ).isAllowed
                    if isSeen { try await writer.send(LiveEvent(.update, id: news.number, data: news.data)) }
                }
            }
        }
    }

    @Sendable private func run(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let run = RunID(try request.pathNumber("run"))
        let attempt = try request.pathNumber("attempt")
        // From now on nothing is missed; then how it stands is asked, and said.
        let stream = server.feed.subscribe(to: .run(run), after: try request.lastEvent())
        let isActive = await server.runs.isActive(run)
        let state = try server.report(of: run, attempt: attempt)
        let admission = Admission(request, server, (.viewRuns, server.target(of: request)))
        return .live { writer in
            var now: DataObject = ["type": "state", "state": .string(state.state.rawValue)]
            now.set("conclusion", state.conclusion.map { .string($0.rawValue) })
            now["sentence"] = .string(state.sentence)
            try await writer.send(LiveEvent(.update, data: now))
            // What happens while another attempt runs is not this one's.
            guard isActive, state.state != .finished else { return try await writer.send(LiveEvent(.end)) }
            for await item in stream {
                guard admission.holds() else { return }
                switch item {
                case .reset: try await writer.send(LiveEvent(.reset))
                case .beat: try await writer.beat()
                case .end: try await writer.send(LiveEvent(.end))
                case .news(let news): try await writer.send(LiveEvent(.update, id: news.number, data: news.data))
                }
            }
        }
    }
}
