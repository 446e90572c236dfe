// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypes
internal import NIOHTTPTypesHTTP1
internal import NIOWebSocket

/// Makes a connection of HTTP a WebSocket when an answer with the status 101 passes. It is put between HTTP's parts and whoever
/// answers them when there is going to be such an answer: a connection that has none is as if there were no WebSockets.
final class SocketSwitch: ChannelOutboundHandler, RemovableChannelHandler {
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    static func insert(into channel: any Channel) async throws {
        try await channel.eventLoop.submit {
            let pipeline = channel.pipeline.syncOperations
            let state = try pipeline.handler(type: HTTPConnectionStateHandler.self)
            try pipeline.addHandler(SocketSwitch(), position: .before(state))
        }.get()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .head(let head) = Self.unwrapOutboundIn(data), head.status == .switchingProtocols else {
            // The end of an answer before this one.
            return context.write(data, promise: promise)
        }
        context.writeAndFlush(data, promise: promise)
        do {
            try change(context)
        } catch {
            context.fireErrorCaught(error)
            context.close(promise: nil)
        }
    }

    private func change(_ context: ChannelHandlerContext) throws {
        let pipeline = context.pipeline.syncOperations
        let session = SocketSession()
        try pipeline.addHandler(session, position: .before(self))
        try pipeline.addHandler(WebSocketFrameEncoder(), position: .before(session))
        try pipeline.addHandler(
            ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: SocketSession.messageLimitBytes)),
            position: .before(session))
        // A client sends nothing before it has the answer: no bytes are left in the decoder.
        for http in [
            try pipeline.context(handlerType: HTTP1ToHTTPServerCodec.self),
            try pipeline.context(handlerType: ByteToMessageHandler<HTTPRequestDecoder>.self),
            try pipeline.context(handlerType: HTTPResponseEncoder.self), context,
        ] { pipeline.removeHandler(context: http, promise: nil) }
    }
}
