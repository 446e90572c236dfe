// SPDX-License-Identifier: Apache-2.0

internal import HTTPMessages
internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore

/// Writes the answer to one request.
enum AnswerSending {
    /// - Parameter inbound: the request as whoever made the answer had it.
    static func send(
        _ answer: OutboundAnswer, to request: Request, _ inbound: InboundRequest, _ writer: consuming ResponseWriter,
        _ channel: any Channel
    ) async throws {
        var head = HTTPResponse(status: .init(code: answer.status), headerFields: fields(answer.headers))
        var isStream = false
        switch answer.content {
        case .stream, .events: isStream = true
        case .none, .bytes: break
        }
        let isHead = request.method == .head
        // Behind a request for another protocol NIO reads no other; and of content without a length it writes the end, also
        // where a HEAD has none.
        let isLast = request.method == .connect || request.headers[.upgrade] != nil || isStream && isHead
        if isLast { head.headerFields[.connection] = "close" }
        if !isStream {
            try await whole(answer.content, head, request, writer)
        } else if isHead {
            try await writer.writeResponse(head)
        } else {
            try await stream(answer.content, head, request, inbound, writer)
        }
        if isLast { channel.close(mode: .output, promise: nil) }
    }

    private static func whole(
        _ content: OutboundAnswer.Content, _ head: HTTPResponse, _ request: Request, _ writer: consuming ResponseWriter
    ) async throws {
        var head = head
        if case .bytes(let bytes) = content {
            head.headerFields[.contentLength] = String(bytes.count)
            if request.method == .head { return try await writer.writeResponse(head) }
            return try await writer.write(response: head, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
        }
        let code = head.status.code
        if code != 204, code != 304, code >= 200 { head.headerFields[.contentLength] = "0" }
        try await writer.writeResponse(head)
    }

    /// Ends when the other side goes away, whatever the maker waits for.
    private static func stream(
        _ content: OutboundAnswer.Content, _ head: HTTPResponse, _ request: Request, _ inbound: InboundRequest,
        _ writer: consuming ResponseWriter
    ) async throws {
        let body = try await writer.writeHead(head)
        // Thrown only behind it: thrown out of it, where the request's body was read before, it would end the process.
        let failure: (any Error)? = try await watched(request, inbound) {
            var open: any ResponseBodyWriter = body
            let pieces = AnswerWriter { try await open.write(ByteBuffer(bytes: $0)) }
            do {
                switch content {
                case .stream(let make): try await make(pieces)
                case .events(let tell): try await tell(EventWriter(text: pieces))
                case .none, .bytes: break
                }
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
        try await body.finish(nil)
    }

    /// Cancels `work` when the other side goes away. Where the request's body was read nobody looks: whoever looks reads on behind it, and
    /// Hummingbird ends the process where the connection ends there (its copy of the body has no end then, and traps). A maker that
    /// has read a body writes what has an end, and learns of it by its own writing.
    private static func watched<Value: Sendable>(
        _ request: Request, _ inbound: InboundRequest, _ work: () async throws -> Value
    ) async throws -> Value {
        if inbound.hasReadBody { return try await work() }
        return try await request.body.consumeWithCancellationOnInboundClose { _ in try await work() }
    }

    /// Each event a message; ends when the other side goes away, or has seen that there is nothing more.
    ///
    /// - Parameter accepted: what the handshake answers.
    static func socket(
        _ accepted: HTTPFields, _ headers: HTTPHeaders, to request: Request, _ inbound: InboundRequest,
        _ writer: consuming ResponseWriter, _ socket: (channel: any Channel, tell: LiveEvents)
    ) async throws {
        var head = HTTPResponse(status: .switchingProtocols, headerFields: accepted)
        // Those of the stream of text do not hold here.
        for field in fields(headers) where !EventText.headers.contains(where: { $0.name == field.name.rawName }) {
            head.headerFields.append(field)
        }
        try await SocketSwitch.insert(into: socket.channel)
        let body = try await writer.writeHead(head)
        try await watched(request, inbound) {
            var open: any ResponseBodyWriter = body
            let events = EventWriter(.socket { try await open.write(contentsOf: $0) })
            var close = SocketSession.Close.goingAway
            do {
                try await socket.tell(events)
                if events.hasEnded { close = .over }
            } catch  where !(error is CancellationError) {
                close = .failed
            }
            try await body.finish(close.trailers)
            // Its session closes it, with or without the other side's word.
            try await socket.channel.closeFuture.get()
        }
    }

    private static func fields(_ headers: HTTPHeaders) -> HTTPFields {
        var fields = HTTPFields()
        for field in headers {
            guard let name = HTTPField.Name(field.name) else { continue }
            fields.append(HTTPField(name: name, value: field.value))
        }
        return fields
    }
}
