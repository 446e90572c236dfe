// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPMessages
internal import HTTPServing
internal import HomeRules
internal import PipelineModel
internal import ServerClient
internal import ServerOperation
internal import StructuredData

/// Requests that another server answers: what is of a project is decided by its home, and shown as that has it.
struct Forwarding: Sendable {
    let server: Server

    /// Passes a request on to the home of the path's project or run.
    ///
    /// - Returns: `nil`: it is for this server.
    func passedOn(
        _ inbound: InboundRequest, _ route: Route, _ path: [String: String], from address: String
    ) async throws(DiagnosticError) -> OutboundAnswer? {
        guard let project = try project(route, path) else { return nil }
        let limit = route.bodyLimitBytes
        let isSocket = route.isLive && inbound.asksForSocket
        return try await passedOn(inbound, to: project, from: address, isSocket: isSocket) {
            () throws(DiagnosticError) in
            // Of an answer that has no end it is seen when its reader goes away: only where the body is left alone.
            ["GET", "HEAD"].contains(inbound.method) ? [] : try await inbound.body(limit: limit)
        }
    }

    /// - Parameter body: the request's, read once.
    /// - Returns: `nil`: it is for this server.
    func passedOn(
        _ inbound: InboundRequest, to project: String, from address: String, isSocket: Bool = false,
        body: () async throws(DiagnosticError) -> [UInt8]
    ) async throws(DiagnosticError) -> OutboundAnswer? {
        guard server.isShared else { return nil }
        // Whoever passed it on waits for the right server, and not this one.
        let place =
            inbound.isPassedOn ? server.place(of: project) : await server.settledPlace(of: project)
        switch place {
        case .here: return nil
        case .nowhere: throw Server.away("this project")
        case .at(let home):
            guard !inbound.isPassedOn else { throw Server.away("this project") }
            return try await pass(inbound, to: home, from: address, isSocket: isSocket, body: try await body())
        }
    }

    /// The project that a request is of, as far as its path says.
    private func project(_ route: Route, _ path: [String: String]) throws(DiagnosticError) -> String? {
        switch route.guardian {
        case .project: return path["project"].flatMap { server.directory.current.find($0) }?.description
        case .run:
            guard let run = path["run"].flatMap({ RunID($0) }) else { return nil }
            return try server.project(of: run)?.description
        case .open, .known, .server, .runner, .proof: return nil
        }
    }

    private func pass(
        _ inbound: InboundRequest, to home: String, from address: String, isSocket: Bool, body: [UInt8]
    ) async throws(DiagnosticError) -> OutboundAnswer {
        let target = inbound.path + (inbound.query.isEmpty ? "" : "?" + inbound.query)
        var headers = inbound.headers
        if isSocket {
            headers = HTTPHeaders(headers.filter { !$0.name.lowercased().hasPrefix("sec-websocket") })
            headers.add("Accept", "text/event-stream")
        }
        let call = server.peers.call(
            inbound.method, home + target, headers, body: body, from: address, isSecure: inbound.isSecure)
        let answer: HTTPStream
        do throws(DiagnosticError) {
            answer = try await server.peers.open(call)
        } catch {
            throw Server.away("this project")
        }
        if isSocket, answer.isSuccess { return .live { writer in try await Self.retell(answer.pieces, to: writer) } }
        let pieces = answer.pieces
        return OutboundAnswer(
            status: answer.status, headers: PeerCalls.passedBack(answer.headers),
            content: .stream { writer in
                for try await piece in pieces { try await writer.write(piece) }
            })
    }

    /// Events of the other server's stream, as messages of a socket here.
    private static func retell(_ pieces: HTTPPieces, to writer: EventWriter) async throws {
        var reader = EventStreamReader()
        for try await piece in pieces {
            guard let events = reader.take(piece) else { return }
            if events.isEmpty { try await writer.beat() }
            try await writer.send(
                events.map { event in
                    LiveEvent(
                        LiveEvent.Kind(rawValue: event.type) ?? .line, id: Int(event.id), data: event.object)
                })
        }
    }
}
