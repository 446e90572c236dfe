// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypes
internal import NIOHTTPTypesHTTP1
internal import NIOWebSocket

/// Makes a connection of HTTP a WebSocket when an answer with the status 101 passes. It stands between HTTP's parts and whoever
/// answers them, so that a connection that never asks for one is handled as if this were not here.
final class SocketSwitch: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Requests whose answers have not been written to their end.
    private var unanswered = 0
    /// Behind a request for another protocol NIO's decoder reads nothing more.
    private var hasLastRequest = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = Self.unwrapInboundIn(data) {
            unanswered += 1
            hasLastRequest = hasLastRequest || head.method == .connect || head.headerFields[.upgrade] != nil
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch Self.unwrapOutboundIn(data) {
        case .head(let head) where head.status == .switchingProtocols:
            context.writeAndFlush(data, promise: promise)
            change(context)
        case .head(var head) where isLast:
            head.headerFields[.connection] = "close"
            context.write(Self.wrapOutboundOut(.head(head)), promise: promise)
        case .end where isLast:
            let written = promise ?? context.eventLoop.makePromise()
            written.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
            context.writeAndFlush(data, promise: written)
        case .end:
            unanswered -= 1
            context.write(data, promise: promise)
        default:
            context.write(data, promise: promise)
        }
    }

    private var isLast: Bool { hasLastRequest && unanswered == 1 }

    private func change(_ context: ChannelHandlerContext) {
        let pipeline = context.pipeline.syncOperations
        do {
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
        } catch {
            context.fireErrorCaught(error)
            context.close(promise: nil)
        }
    }
}
