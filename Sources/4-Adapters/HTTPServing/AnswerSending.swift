// SPDX-License-Identifier: Apache-2.0

internal import HTTPMessages
internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore

/// Writes the answer to one request.
struct AnswerSending: Sendable {
    let request: Request
    let inbound: InboundRequest
    let channel: any Channel

    func send(_ answer: OutboundAnswer, _ writer: consuming ResponseWriter) async throws {
        var head = HTTPResponse(status: .init(code: answer.status), headerFields: Self.fields(answer.headers))
        let isHead = request.method == .head
        switch answer.content {
        case .none:
            if answer.status != 204, answer.status != 304, answer.status >= 200 {
                head.headerFields[.contentLength] = "0"
            }
            try await writer.writeResponse(head)
        case .bytes(let bytes):
            head.headerFields[.contentLength] = String(bytes.count)
            if isHead { return try await writer.writeResponse(head) }
            try await writer.write(response: head, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
        case .stream(let make):
            if isHead { return try await writer.writeResponse(head) }
            try await stream(head, writer, make)
        case .events(let tell):
            if isHead { return try await writer.writeResponse(head) }
            if inbound.asksForSocket { return try await socket(answer.headers, writer, tell) }
            try await stream(head, writer) { try await tell(EventWriter(text: $0)) }
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

    /// Ends when the other side goes away, whatever the maker waits for.
    private func stream(
        _ head: HTTPResponse, _ writer: consuming ResponseWriter,
        _ make: @escaping @Sendable (AnswerWriter) async throws -> Void
    ) async throws {
        let body = try await writer.writeHead(head)
        try await request.body.consumeWithCancellationOnInboundClose { _ in
            var open: any ResponseBodyWriter = body
            try await make(AnswerWriter { try await open.write(ByteBuffer(bytes: $0)) })
        }
        try await body.finish(nil)
    }

    /// Each event a message; ends when the other side goes away, or has seen that there is nothing more.
    private func socket(
        _ headers: HTTPHeaders, _ writer: consuming ResponseWriter, _ tell: @escaping LiveEvents
    ) async throws {
        var head = HTTPResponse(
            status: .switchingProtocols, headerFields: try await SocketHandshake.accepted(inbound, on: channel))
        // Those of the stream of text do not hold here.
        for field in Self.fields(headers) where !EventText.headers.contains(where: { $0.name == field.name.rawName }) {
            head.headerFields.append(field)
        }
        let body = try await writer.writeHead(head)
        let channel = channel
        try await request.body.consumeWithCancellationOnInboundClose { _ in
            var open: any ResponseBodyWriter = body
            let events = EventWriter(.socket { try await open.write(contentsOf: $0) })
            var close = SocketSession.Close.goingAway
            do {
                try await tell(events)
                if events.hasEnded { close = .over }
            } catch  where !(error is CancellationError) {
                close = .failed
            }
            try await body.finish(close.trailers)
            // Its session closes it, with or without the other side's word.
            try await channel.closeFuture.get()
        }
    }
}
