// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import HTTPTypes
internal import NIOCore
internal import NIOHTTPTypes
internal import NIOWebSocket

/// A WebSocket that tells and is told nothing. What is written to it are the parts of an answer: a body is a text message, an
/// empty one a ping, and the end closes with the status that its trailer holds.
///
/// Source: RFC 6455, sections 5 and 7.
final class SocketSession: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = WebSocketFrame

    /// Why a connection is closed.
    struct Close {
        var code: WebSocketErrorCode
        /// At most 123 bytes.
        var reason = ""

        static let over = Close(code: .normalClosure)
        /// The stream stopped, and what is followed has not: the server ends, or the reader was too slow.
        static let goingAway = Close(code: .goingAway, reason: "Come back with after=ID.")
        static let failed = Close(code: .unexpectedServerError)
        static let unwanted = Close(
            code: .policyViolation, reason: "\(DiagnosticCode.socketMessage): this WebSocket takes no messages.")
    }

    private enum Stage {
        case open
        /// The close frame of this side was sent; the other's is waited for.
        case closing
        case closed
    }

    /// A longer frame is refused before it is read.
    static let messageLimitBytes = 1 << 10
    /// Between a close frame and its answer.
    static let closeSeconds: Int64 = 5
    /// Pings in a row without any frame from the other side; past them it has gone without a word.
    static let silentPings = 4

    private var stage = Stage.open
    private var silence = 0
    /// Of the last ping that came while the other side read nothing: only that one has to be answered.
    private var owedPong: ByteBuffer?
    private var deadline: Scheduled<Void>?

    // MARK: what comes

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = Self.unwrapInboundIn(data)
        guard stage != .closed else { return }
        silence = 0
        guard frame.maskKey != nil, frame.reservedBits.isEmpty else {
            return fail(context, Close(code: .protocolError))
        }
        switch frame.opcode {
        case .ping: answer(frame.unmaskedData, context)
        case .pong: break
        case .connectionClose: closed(by: frame.unmaskedData, context)
        case .text, .binary, .continuation: begin(.unwanted, context)
        default: fail(context, Close(code: .protocolError))
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? NIOWebSocketError else { return context.fireErrorCaught(error) }
        switch error {
        case .invalidFrameLength: fail(context, Close(code: .messageTooLarge))
        case .fragmentedControlFrame, .multiByteControlFrameLength: fail(context, Close(code: .protocolError))
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent:
            begin(.goingAway, context)
            // Also where the other side reads nothing: the server ends.
            wait(context)
        case ChannelEvent.inputClosed: context.close(promise: nil)
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, let pong = owedPong {
            owedPong = nil
            answer(pong, context)
        }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        context.fireChannelInactive()
    }

    // MARK: what goes

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch Self.unwrapOutboundIn(data) {
        case .end(let trailers): begin(Close(trailers), context)
        case .body(let text) where stage == .open && text.readableBytes > 0:
            context.write(Self.wrapOutboundOut(WebSocketFrame(fin: true, opcode: .text, data: text)), promise: promise)
            return
        case .body where stage == .open:
            silence += 1
            guard silence <= Self.silentPings else { return context.close(promise: promise) }
            context.write(
                Self.wrapOutboundOut(WebSocketFrame(fin: true, opcode: .ping, data: ByteBuffer())), promise: promise)
            return
        case .head, .body: break
        }
        promise?.succeed()
    }

    /// While the other side's answer to the close frame is waited for, the connection stays.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard stage == .closing, mode == .all else { return context.close(mode: mode, promise: promise) }
        context.channel.closeFuture.cascade(to: promise)
    }

    private func answer(_ ping: ByteBuffer, _ context: ChannelHandlerContext) {
        guard stage == .open else { return }
        guard context.channel.isWritable else {
            owedPong = ping
            return
        }
        send(.pong, ping, context)
    }

    private func send(
        _ opcode: WebSocketOpcode, _ data: ByteBuffer, _ context: ChannelHandlerContext,
        promise: EventLoopPromise<Void>? = nil
    ) {
        context.writeAndFlush(
            Self.wrapOutboundOut(WebSocketFrame(fin: true, opcode: opcode, data: data)), promise: promise)
    }

    // MARK: closing

    /// Says that nothing more comes, and waits for the other side to say so too. The time begins when the word is on its way,
    /// behind all that the other side has yet to read.
    private func begin(_ close: Close, _ context: ChannelHandlerContext) {
        guard stage == .open else { return }
        stage = .closing
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in self.wait(context) }
        send(.connectionClose, close.data, context, promise: written)
    }

    /// The other side breaks the rules: what else it sends is not read.
    private func fail(_ context: ChannelHandlerContext, _ close: Close) {
        guard stage == .open else { return context.close(promise: nil) }
        stage = .closed
        let written = context.eventLoop.makePromise(of: Void.self)
        // Closing both ways at once, with bytes unread, could take the close frame from under the other side's eyes.
        written.futureResult.assumeIsolated().whenComplete { _ in context.close(mode: .output, promise: nil) }
        send(.connectionClose, close.data, context, promise: written)
        wait(context)
    }

    private func closed(by data: ByteBuffer, _ context: ChannelHandlerContext) {
        let isAnswer = stage == .closing
        stage = .closed
        if isAnswer { return context.close(promise: nil) }
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
        send(.connectionClose, Close.answer(to: data).data, context, promise: written)
        wait(context)
    }

    private func wait(_ context: ChannelHandlerContext) {
        guard deadline == nil, context.channel.isActive else { return }
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(Self.closeSeconds)) {
            context.close(promise: nil)
        }
    }
}

extension SocketSession.Close {
    /// The end's trailer that holds a status. It is not sent.
    private static let field = HTTPField.Name.connection

    /// As it is handed to a session.
    var trailers: HTTPFields { [Self.field: String(UInt16(webSocketErrorCode: code))] }

    init(_ trailers: HTTPFields?) {
        switch trailers?[Self.field].flatMap({ UInt16($0) }) {
        case 1_000: self = .over
        case 1_011: self = .failed
        default: self = .goingAway
        }
    }

    /// What a close frame is answered: its own status, or that it is no close frame.
    static func answer(to data: ByteBuffer) -> SocketSession.Close {
        var data = data
        guard data.readableBytes > 0 else { return .over }
        guard let code = data.readInteger(as: UInt16.self), isStatus(code) else { return Self(code: .protocolError) }
        guard String(validating: data.readableBytesView, as: UTF8.self) != nil else {
            return Self(code: .dataInconsistentWithMessage)
        }
        return Self(code: WebSocketErrorCode(codeNumber: Int(code)))
    }

    /// Section 7.4: what may stand in a frame.
    private static func isStatus(_ code: UInt16) -> Bool {
        (1_000...1_003).contains(code) || (1_007...1_014).contains(code) || (3_000...4_999).contains(code)
    }

    var data: ByteBuffer {
        var data = ByteBuffer()
        data.write(webSocketErrorCode: code)
        data.writeString(reason)
        return data
    }
}
