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
                summary: "Runs that begin, wait and end, as server-sent events.", guardian: .known, answers: [200: ""],
                handler: overview),
            Route(
                method: "GET", template: "/api/v1/runs/{run}/attempts/{attempt}/events", operation: "followRun",
                summary: "What happens in a run, as server-sent events; the first one says how it stands.",
                guardian: .run(.viewRuns), answers: [200: ""], handler: run),
        ]
    }

    @Sendable private func overview(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let last = request.inbound.headers["Last-Event-ID"].flatMap { Int($0) }
        let stream = server.feed.subscribe(to: .overview, after: last)
        let (server, principal) = (server, request.principal)
        return OutboundAnswer(
            status: 200, headers: EventText.headers,
            content: .stream { writer in
                try await writer.write(EventText.beat)
                for await item in stream {
                    switch item {
                    case .reset: try await writer.write(EventText.event("reset", id: nil, data: [:]))
                    case .beat: try await writer.write(EventText.beat)
                    case .end: return
                    case .news(let news):
                        let project = news.data["project"]?.string.flatMap { EntryID($0) }
                        let isSeen = server.directory.current.decision(
                            principal, .viewRuns, at: .project(project ?? EntryID(.project, Int.max)), now: .now()
                        ).isAllowed
                        if isSeen {
                            try await writer.write(EventText.event("update", id: news.number, data: news.data))
                        }
                    }
                }
            })
    }

    @Sendable private func run(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let run = RunID(try request.pathNumber("run"))
        let attempt = try request.pathNumber("attempt")
        let last = request.inbound.headers["Last-Event-ID"].flatMap { Int($0) }
        // From now on nothing is missed; then how it stands is asked, and said.
        let stream = server.feed.subscribe(to: .run(run), after: last)
        let isActive = await server.runs.isActive(run)
        let state = try server.report(of: run, attempt: attempt)
        return OutboundAnswer(
            status: 200, headers: EventText.headers,
            content: .stream { writer in
                var now: DataObject = ["type": "state", "state": .string(state.state.rawValue)]
                now.set("conclusion", state.conclusion.map { .string($0.rawValue) })
                now["sentence"] = .string(state.sentence)
                try await writer.write(EventText.event("update", id: nil, data: now))
                guard isActive else { return try await writer.write(EventText.event("end", id: nil, data: [:])) }
                for await item in stream {
                    switch item {
                    case .reset: try await writer.write(EventText.event("reset", id: nil, data: [:]))
                    case .beat: try await writer.write(EventText.beat)
                    case .end: try await writer.write(EventText.event("end", id: nil, data: [:]))
                    case .news(let news):
                        try await writer.write(EventText.event("update", id: news.number, data: news.data))
                    }
                }
            })
    }
}
