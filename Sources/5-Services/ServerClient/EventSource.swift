// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
package import HTTPMessages

/// A stream of events that goes on behind a broken connection. One reader.
package struct EventSource {
    package enum Item: Hashable, Sendable {
        /// A connection was made: the first one, or another after one that broke.
        case opened(isFirst: Bool)
        case event(ServerSentEvent)
    }

    private let server: RemoteServer
    private let path: String
    private let query: [FormText.Pair]
    private var reader: EventStreamReader
    private var pieces: HTTPPieces.AsyncIterator?
    private var ready: ArraySlice<ServerSentEvent> = []
    private var hasOpened = false
    private var isOver = false
    /// Connections in a row that brought nothing.
    private var failures = 0

    /// The event with which a server of Martlet's ends a stream.
    package static let endType = "end"

    /// - Parameter lastEventID: what was seen before; empty: nothing.
    package init(
        _ server: RemoteServer, _ path: String, _ query: [FormText.Pair] = [], lastEventID: String = ""
    ) {
        self.server = server
        self.path = path
        self.query = query
        reader = EventStreamReader(lastEventID: lastEventID)
    }

    /// `nil` behind the event ``endType``, or where the task is cancelled.
    ///
    /// - Throws: where the server refuses, or is away for longer than ``Patience/following`` has it.
    package mutating func next() async throws(ServerError) -> Item? {
        while !Task.isCancelled {
            if let event = ready.popFirst() {
                if event.type == Self.endType { (isOver, ready) = (true, []) }
                return .event(event)
            }
            if isOver { return nil }
            guard pieces != nil else {
                try await connect()
                if pieces == nil { continue }
                defer { hasOpened = true }
                return .opened(isFirst: !hasOpened)
            }
            try await readOn()
        }
        return nil
    }

    private mutating func readOn() async throws(ServerError) {
        var piece: [UInt8]?
        do throws(DiagnosticError) { piece = try await pieces?.next() } catch {
            // It broke: what was seen is known, and the next connection goes on from there.
            piece = nil
        }
        guard let piece else {
            pieces = nil
            let waitMs = reader.retryMs
            reader.reconnect()
            guard failures < Patience.following.repeats else {
                throw .unreachable(
                    server.address, DiagnosticError(.webUnreachable, "Its stream of events ends again and again."))
            }
            return await wait(said: waitMs)
        }
        // Signs of life count: nothing may happen for hours.
        failures = 0
        guard let events = reader.take(piece) else {
            throw ServerError(
                .foreign,
                Diagnostic(
                    .serverAnswerTooLong,
                    "An event of \(server.address) has more than \(EventStreamReader.standardLimitBytes) bytes."))
        }
        ready = events[...]
    }

    private mutating func connect() async throws(ServerError) {
        var call = server.call("GET", path, query, accept: "text/event-stream")
        call.headers.add("Cache-Control", "no-store")
        if !reader.lastEventID.isEmpty { call.headers.add("Last-Event-ID", reader.lastEventID) }
        switch await server.opened(call) {
        case .success(let stream):
            let type = stream.headers["Content-Type"] ?? ""
            guard type.lowercased().hasPrefix("text/event-stream") else {
                throw .foreign(server.address, "It sent '\(type)' where events were asked for.")
            }
            pieces = stream.pieces.makeAsyncIterator()
        case .failure(let failure):
            guard failure.isPassing, failures < Patience.following.repeats else { throw failure.error }
            await wait(said: failure.waitMs)
        }
    }

    private mutating func wait(said: Int?) async {
        let waitMs = Patience.following.waitMs(before: failures, said: said)
        failures += 1
        await server.surroundings.pause(waitMs)
    }
}
