// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import NIOSSL
import NIOWebSocket
import Testing

/// A client of WebSockets, made of NIO's own.
struct SocketClient {
    typealias Frames = NIOAsyncChannel<WebSocketFrame, WebSocketFrame>

    /// What the server says.
    enum Heard: Hashable, Sendable {
        case text(String)
        case ping
        case pong(String)
        case close(Int?, String)
        case other
        /// The connection is closed.
        case nothing
    }

    private var inbound: NIOAsyncChannelInboundStream<WebSocketFrame>.AsyncIterator
    let outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>

    /// Talks, and closes the connection then.
    static func talk(
        _ port: Int, _ path: String = "/live", tls: TLSConfiguration? = nil,
        _ body: (inout SocketClient) async throws -> Void
    ) async throws {
        let frames = try await open(port, path, tls)
        try await frames.executeThenClose { inbound, outbound in
            var client = SocketClient(inbound: inbound.makeAsyncIterator(), outbound: outbound)
            try await body(&client)
        }
    }

    private static func open(_ port: Int, _ path: String, _ tls: TLSConfiguration?) async throws -> Frames {
        let group = MultiThreadedEventLoopGroup.singleton
        let frames = try await ClientBootstrap(group: group).connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                let promise = channel.eventLoop.makePromise(of: Frames.self)
                if let tls {
                    let context = try NIOSSLContext(configuration: tls)
                    try channel.pipeline.syncOperations.addHandler(
                        NIOSSLClientHandler(context: context, serverHostname: nil))
                }
                try channel.pipeline.syncOperations.addHandler(ClientHandshake(path, promise))
                return promise.futureResult
            }
        }
        return try await frames.get()
    }

    mutating func next() async throws -> Heard {
        guard let frame = try await inbound.next() else { return .nothing }
        #expect(frame.maskKey == nil)
        var data = frame.unmaskedData
        switch frame.opcode {
        case .text: return .text(String(buffer: data))
        case .ping: return .ping
        case .pong: return .pong(String(buffer: data))
        case .connectionClose: return .close(data.readInteger(as: UInt16.self).map(Int.init), String(buffer: data))
        default: return .other
        }
    }

    mutating func hear(_ wanted: Heard, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let heard = try await next()
        #expect(heard == wanted, sourceLocation: sourceLocation)
    }

    func send(
        _ opcode: WebSocketOpcode, _ data: ByteBuffer = ByteBuffer(), fin: Bool = true, isMasked: Bool = true
    ) async throws {
        try await outbound.write(
            WebSocketFrame(fin: fin, opcode: opcode, maskKey: isMasked ? .random() : nil, data: data))
    }

    func close(_ code: Int?, _ reason: String = "") async throws {
        var data = ByteBuffer()
        if let code { data.writeInteger(UInt16(code)) }
        data.writeString(reason)
        try await send(.connectionClose, data)
    }
}

/// Asks for a WebSocket, and makes the connection one. By hand, so that frames that come in one
/// piece with the answer are seen.
private final class ClientHandshake: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    struct Refused: Error { var answer: String }

    private let path: String
    private let promise: EventLoopPromise<SocketClient.Frames>
    private var answer = ByteBuffer()

    init(_ path: String, _ promise: EventLoopPromise<SocketClient.Frames>) {
        self.path = path
        self.promise = promise
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(string: Wire.asking(path))), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        answer.writeImmutableBuffer(Self.unwrapInboundIn(data))
        let end = Array("\r\n\r\n".utf8)
        guard let found = answer.readableBytesView.firstRange(of: end) else { return }
        let head = answer.readString(length: found.upperBound - answer.readerIndex) ?? ""
        guard head.hasPrefix("HTTP/1.1 101 ") else { return promise.fail(Refused(answer: head)) }
        do {
            let pipeline = context.pipeline.syncOperations
            try pipeline.addHandler(WebSocketFrameEncoder())
            try pipeline.addHandler(ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: 1 << 20)))
            promise.succeed(
                try SocketClient.Frames(
                    wrappingChannelSynchronously: context.channel,
                    configuration: .init(isOutboundHalfClosureEnabled: true)))
            context.fireChannelRead(NIOAny(answer))
            context.fireChannelReadComplete()
            pipeline.removeHandler(context: context, promise: nil)
        } catch {
            promise.fail(error)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(Refused(answer: "The connection was closed."))
        context.fireChannelInactive()
    }
}
