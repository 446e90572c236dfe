// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import HummingbirdCore
internal import HummingbirdTLS
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import Synchronization

/// Listens at one address, and has each request answered.
package final class HTTPListener: Sendable {
    package enum Place: Sendable, CustomStringConvertible {
        /// 0: any port that is free.
        case network(host: String, port: Int)
        /// A socket in a folder: who may open it may connect. What an earlier process left there is taken away.
        case socket(path: String)

        package var description: String {
            switch self {
            case .network(let host, let port): "\(host):\(port)"
            case .socket(let path): path
            }
        }
    }

    package struct Options: Sendable {
        package var place: Place
        /// PEM files; `nil`: plain HTTP.
        package var certificate: (chainPath: String, keyPath: String)?
        /// Past so many connections at once new ones wait until one of them ends.
        package var connectionLimit = 8_192

        package init(_ place: Place) { self.place = place }

        package init(host: String, port: Int) { place = .network(host: host, port: port) }
    }

    package typealias Handler = @Sendable (InboundRequest) async -> OutboundAnswer

    private let options: Options
    private let handler: Handler
    private let stopper = Mutex<(@Sendable () async -> Void)?>(nil)

    private static let idleSeconds: Int64 = 120
    private static let headerBytes = 32 << 10

    package init(_ options: Options, handler: @escaping Handler) {
        self.options = options
        self.handler = handler
    }

    /// Listens until it is stopped.
    ///
    /// - Parameter listening: called once with the port; 0 where it has none.
    /// - Throws: ``DiagnosticCode/listenFailed``.
    package func run(listening: @escaping @Sendable (Int) -> Void) async throws(DiagnosticError) {
        do {
            let configuration = HTTP1Channel.Configuration(
                idleTimeout: .seconds(Self.idleSeconds),
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: Self.headerBytes, maxHeaderListSize: Self.headerBytes * 2,
                    maxHeaderFieldCount: 200))
            let isSecure = options.certificate != nil
            let handler = handler
            let plain = HTTP1Channel(
                responder: { request, writer, channel in
                    let inbound = InboundRequest(
                        request, peer: channel.remoteAddress?.ipAddress ?? "", isSecure: isSecure)
                    let answer = await handler(inbound)
                    if case .events(let tell) = answer.content, inbound.asksForSocket {
                        let fields = try await SocketHandshake.accepted(inbound, on: channel)
                        try await AnswerSending.socket(
                            fields, answer.headers, to: request, inbound, writer, (channel, tell))
                    } else {
                        try await AnswerSending.send(answer, to: request, inbound, writer, channel)
                    }
                }, configuration: configuration)
            if let certificate = options.certificate {
                let tls = try TLSChannel(plain, tlsConfiguration: Self.tls(certificate))
                try await serve(tls, listening)
            } else {
                try await serve(plain, listening)
            }
        } catch let error as DiagnosticError {
            throw error
        } catch {
            throw Self.refusal(options, error)
        }
    }

    private func serve<Child: ServerChildChannel>(
        _ child: Child, _ listening: @escaping @Sendable (Int) -> Void
    ) async throws {
        var logger = Logger(label: "http") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        let server = Server(
            childChannelSetup: child,
            configuration: ServerConfiguration(
                address: address, serverName: nil, backlog: 1_024,
                availableConnectionsDelegate: MaximumAvailableConnections(options.connectionLimit, logger: logger)),
            onServerRunning: { channel in listening(channel.localAddress?.port ?? 0) },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
        stopper.withLock { $0 = { try? await server.shutdownGracefully() } }
        try await server.run()
    }

    private var address: BindAddress {
        switch options.place {
        case .network(let host, let port): .hostname(host, port: port)
        case .socket(let path): .unixDomainSocket(path: path)
        }
    }

    /// Takes no new connections, and lets those that are being answered come to their end.
    package func stop() async {
        let stop = stopper.withLock { $0 }
        await stop?()
    }
}
