// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// One connection: a request at a time. Bodies go to their block as they arrive, and blobs are read as the socket takes
/// them, so that a connection holds two megabytes at most whatever passes through it.
final class ExchangeHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private enum Phase {
        case idle
        case message([UInt8], @Sendable ([UInt8]) throws(Refusal) -> Reply)
        case block(BlockTarget, count: UInt64)
        /// The answer is known; the body is read and passed over, since a client listens only when it has sent it.
        case decided(Reply, skipped: UInt64)
        case answering
    }

    private let router: ServiceRouter
    private let files: NIOThreadPool
    private var phase = Phase.idle
    private var isBlob = false
    private var isHead = false
    private var isKeptAlive = true
    private var sending: BlobSending?
    private var isPumping = false

    private var limits: ServiceLimits { router.desk.limits }

    init(router: ServiceRouter, files: NIOThreadPool) {
        self.router = router
        self.files = files
    }

    // MARK: receiving

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head, context)
        case .body(let bytes): take(bytes, context)
        case .end: finish(context)
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let request = ServiceRequest(head)
        isBlob = request.segments.first == "blobs"
        isHead = head.method == .HEAD
        isKeptAlive = head.isKeepAlive
        switch router.handling(request) {
        case .reply(let reply): phase = .decided(reply, skipped: 0)
        case .message(let answer): phase = .message([], answer)
        case .block(let target): phase = .block(target, count: 0)
        }
        if head.headers[canonicalForm: "expect"].contains(where: { $0.lowercased() == "100-continue" }) {
            context.writeAndFlush(
                wrapOutboundOut(.head(HTTPResponseHead(version: head.version, status: .continue))), promise: nil)
        }
    }

    private func take(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        switch phase {
        case .message(var body, let answer):
            phase = .idle
            body += bytes.readableBytesView
            if body.count > limits.messageBytes {
                decide(Refusal(.tooLarge, "A message has at most \(limits.messageBytes) bytes."))
            } else {
                phase = .message(body, answer)
            }
        case .block(let target, let count):
            let total = count + UInt64(bytes.readableBytes)
            guard total <= target.maximumBytes else {
                target.writer.abandon()
                return decide(
                    Refusal(.tooLarge, "A cache or an artifact has at most \(limits.entryBytes) bytes."))
            }
            do {
                try bytes.withUnsafeReadableBytes { space throws(DiagnosticError) in try target.writer.append(space) }
                phase = .block(target, count: total)
            } catch {
                target.writer.abandon()
                decide(router.desk.refusal(error))
            }
        case .decided(let reply, let skipped):
            let total = skipped + UInt64(bytes.readableBytes)
            if total > limits.entryBytes { return context.close(promise: nil) }
            phase = .decided(reply, skipped: total)
        case .idle, .answering: break
        }
    }

    private func decide(_ refusal: Refusal) {
        phase = .decided(ServiceRouter.reply(to: refusal, isBlob: isBlob), skipped: 0)
    }

    private func finish(_ context: ChannelHandlerContext) {
        switch phase {
        case .message(let body, let answer):
            answering(context) { () throws(Refusal) in try answer(body) }
        case .block(let target, let count):
            if let expected = target.expectedBytes, expected != count {
                target.writer.abandon()
                decide(Refusal(.invalidArgument, "\(count) bytes arrived and not \(expected)."))
                return finish(context)
            }
            do {
                try target.writer.finish()
            } catch {
                target.writer.abandon()
                decide(router.desk.refusal(error))
                return finish(context)
            }
            let answer = target.answer
            answering(context) { () throws(Refusal) in try answer(count) }
        case .decided(let reply, _): send(reply, context)
        case .idle, .answering: break
        }
    }

    /// Makes the answer on the thread for files.
    private func answering(
        _ context: ChannelHandlerContext, _ make: @escaping @Sendable () throws(Refusal) -> Reply
    ) {
        phase = .answering
        let isBlob = isBlob
        let made = files.runIfActive(eventLoop: context.eventLoop) { () -> Reply in
            do throws(Refusal) {
                return try make()
            } catch {
                return ServiceRouter.reply(to: error, isBlob: isBlob)
            }
        }
        made.assumeIsolated().whenComplete { result in
            guard context.channel.isActive else { return }
            switch result {
            case .success(let reply): self.send(reply, context)
            case .failure: context.close(promise: nil)
            }
        }
    }

    // MARK: answering

    private func send(_ reply: Reply, _ context: ChannelHandlerContext) {
        phase = .answering
        var head = HTTPResponseHead(version: .http1_1, status: reply.status, headers: reply.headers)
        var body: ByteBuffer?
        switch reply.content {
        case .none: if reply.status != .noContent { head.headers.add(name: "content-length", value: "0") }
        case .bytes(let bytes):
            head.headers.add(name: "content-length", value: String(bytes.count))
            body = context.channel.allocator.buffer(bytes: bytes)
        case .blob(let blob, let start, let count):
            head.headers.add(name: "content-length", value: String(count))
            guard !isHead else { break }
            do {
                let reader = try router.desk.options.shelf.open(blob)
                sending = BlobSending(reader: reader, offset: start, end: start + count)
            } catch {
                return send(ServiceRouter.reply(to: router.desk.refusal(error), isBlob: isBlob), context)
            }
        }
        if !isKeptAlive { head.headers.add(name: "connection", value: "close") }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if let body, !isHead { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        if sending == nil { complete(context) } else { pump(context) }
    }

    /// Sends what the socket takes, and goes on when it takes more.
    private func pump(_ context: ChannelHandlerContext) {
        // A flush can make the channel writable again and come back here from within.
        guard let sending, !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        do {
            switch try sending.pump(context, wrap: { self.wrapOutboundOut(.body(.byteBuffer($0))) }) {
            case .done:
                self.sending = nil
                complete(context)
            case .full: break
            case .turn: context.eventLoop.assumeIsolated().execute { self.pump(context) }
            }
        } catch {
            // The length was promised: only closing says that it is not kept.
            router.desk.options.report(error)
            self.sending = nil
            context.close(promise: nil)
        }
    }

    private func complete(_ context: ChannelHandlerContext) {
        phase = .idle
        let isLast = !isKeptAlive
        let written = context.writeAndFlush(wrapOutboundOut(.end(nil)))
        guard isLast else { return }
        written.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { pump(context) }
        context.fireChannelWritabilityChanged()
    }

    // MARK: ends

    func channelInactive(context: ChannelHandlerContext) {
        if case .block(let target, _) = phase { target.writer.abandon() }
        phase = .idle
        sending = nil
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    /// A client that broke off, or that does not speak HTTP.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
