// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization

/// Connections to one engine, one for each call, on one event loop, whose thread is started by the first call.
final class EngineTransport: Sendable {
    /// The most that one read takes from a socket.
    private static let readLimitBytes = 256 << 10

    let address: EngineAddress
    private let loops = Mutex<MultiThreadedEventLoopGroup?>(nil)

    init(address: EngineAddress) {
        self.address = address
    }

    deinit {
        close()
    }

    /// Ends the loop's thread, and with it what is under way. A later call starts another.
    func close() {
        let group = loops.withLock { loops in
            defer { loops = nil }
            return loops
        }
        // Not waited for: the last reference may go away on the loop's own thread.
        group?.shutdownGracefully { _ in }
    }

    private func loop() -> any EventLoop {
        loops.withLock { loops in
            let group = loops ?? MultiThreadedEventLoopGroup(numberOfThreads: 1)
            loops = group
            return group.next()
        }
    }

    /// Connects and sends the request's head, with its body unless that `isStreamed`.
    func open(_ request: EngineRequest, version: String?, isStreamed: Bool = false) -> Exchange {
        let exchange = Exchange(summary: request.summary)
        let head = request.head(version: version, isStreamed: isStreamed)
        let body = isStreamed ? nil : ByteBuffer(bytes: request.body)
        let isHijacked = request.isHijacked
        let address = address
        let sizes = AdaptiveRecvByteBufferAllocator(
            minimum: 4 << 10, initial: 64 << 10, maximum: Self.readLimitBytes)
        ClientBootstrap(group: loop())
            .channelOption(.autoRead, value: false)
            .channelOption(.recvAllocator, value: sizes)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if isHijacked { try pipeline.addHandler(ConnectionEndGate()) }
                    try pipeline.addHandler(HTTPRequestEncoder())
                    try pipeline.addHandler(
                        ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .forwardBytes)))
                    try pipeline.addHandler(
                        ExchangeHandler(exchange: exchange, request: head, body: body, isHijacked: isHijacked))
                }
            }
            .connect(unixDomainSocketPath: address.path)
            .whenFailure { error in exchange.end(.failed(EngineFailure.unreachable(address, error))) }
        return exchange
    }
}
