// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOHTTP1

/// At the end of a connection's pipeline while it speaks HTTP: sends the request, passes the answer on.
final class ExchangeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let exchange: Exchange
    private let request: HTTPRequestHead
    /// `nil`: comes later, in pieces.
    private let body: ByteBuffer?
    private let isHijacked: Bool
    /// The head of a 101.
    private var upgrade: HTTPResponseHead?

    init(exchange: Exchange, request: HTTPRequestHead, body: ByteBuffer?, isHijacked: Bool) {
        self.exchange = exchange
        self.request = request
        self.body = body
        self.isHijacked = isHijacked
    }

    func channelActive(context: ChannelHandlerContext) {
        // Before anything is answered: whoever reads the answer may send at once.
        exchange.opened(context.channel)
        context.write(wrapOutboundOut(.head(request)), promise: nil)
        if let body {
            if body.readableBytes > 0 { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
            context.write(wrapOutboundOut(.end(nil)), promise: nil)
        }
        context.flush()
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            // What comes behind it is known to be no HTTP only at its end.
            if isHijacked, head.status == .switchingProtocols {
                upgrade = head
            } else {
                exchange.received(head, isRaw: false)
            }
        case .body(let bytes): exchange.received(bytes)
        case .end:
            if let upgrade {
                becomeRaw(context)
                exchange.received(upgrade, isRaw: true)
            } else {
                exchange.end(.complete)
                context.close(promise: nil)
            }
        }
    }

    /// From the head of a 101 on, what comes is no HTTP: its codecs go, and hand over what they have read past it.
    private func becomeRaw(_ context: ChannelHandlerContext) {
        let pipeline = context.pipeline.syncOperations
        do {
            try pipeline.addHandler(RawStreamHandler(exchange: exchange), position: .after(self))
            let encoder = try pipeline.context(handlerType: HTTPRequestEncoder.self)
            let decoder = try pipeline.context(handlerType: ByteToMessageHandler<HTTPResponseDecoder>.self)
            pipeline.removeHandler(context: context, promise: nil)
            pipeline.removeHandler(context: encoder, promise: nil)
            pipeline.removeHandler(context: decoder, promise: nil)
        } catch {
            exchange.lost("\(error)")
            context.close(promise: nil)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if exchange.wantsMore() { context.read() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let parsing = error as? HTTPParserError, parsing != .invalidEOFState {
            exchange.end(.failed(EngineFailure.unreadable(exchange.summary, "it is not HTTP (\(parsing))")))
        } else {
            exchange.lost("\(error)")
        }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        exchange.lost()
    }
}

/// Takes the place of ``ExchangeHandler`` on a connection that carries bytes in both directions.
final class RawStreamHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let exchange: Exchange

    init(exchange: Exchange) {
        self.exchange = exchange
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        exchange.received(unwrapInboundIn(data))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if exchange.wantsMore() { context.read() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        exchange.lost("\(error)")
        context.close(promise: nil)
    }

    /// Such a stream ends with its connection.
    func channelInactive(context: ChannelHandlerContext) {
        exchange.end(.complete)
    }
}

/// Before the codecs of a connection that may be upgraded: its end waits until they are gone. A decoder that sees the end
/// first would drop what it has read past the head, and an engine may send all that a short process prints, and close, before
/// the head was looked at.
final class ConnectionEndGate: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    func channelInactive(context: ChannelHandlerContext) {
        // Behind the removal of the codecs, which the loop does in its next turn too.
        context.eventLoop.assumeIsolated().execute { context.fireChannelInactive() }
    }
}
