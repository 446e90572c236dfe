// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import Glibc
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization

/// The HTTP services that actions talk to: caches, artifacts, id-tokens. One thread serves connections and another does
/// what takes long with files; neither is there before a job is admitted.
package final class RuntimeServer: Sendable {
    private struct Running: Sendable {
        var group: MultiThreadedEventLoopGroup
        var files: NIOThreadPool
        var listeners: [any Channel]
        var port: Int
        var address: String
    }

    /// What is there of a server, and where else than at the loopback address it is to be reached.
    private struct State: Sendable {
        var running: Running?
        var addresses: [String] = []
    }

    private let desk: ServiceDesk
    private let connections: ConnectionCount
    private let state = Mutex(State())
    private static let backlog: Int32 = 128
    private static let receiveBytes = 256 << 10

    package init(options: RuntimeServerOptions) {
        desk = ServiceDesk(options: options)
        connections = ConnectionCount(limit: options.limits.connectionCount)
    }

    // MARK: jobs

    /// Lets a job in, and starts to listen with the first one. Blocks; not to be called on a thread of the services.
    ///
    /// - Throws: ``DiagnosticCode/servicesUnavailable``.
    package func admit(_ grant: JobGrant) throws(DiagnosticError) -> JobAccess {
        let address = try start()
        let (job, token) = desk.admit(grant)
        return JobAccess(
            token: token, baseAddress: address, mayRequestIdentity: grant.identity != nil,
            maySaveCaches: grant.cache.writeScope != nil,
            orchestrationID: grant.orchestrationID, backendID: job.backendID)
    }

    /// Says which step runs, for what is written down of entries and look-ups.
    package func note(step: String?, of access: JobAccess) {
        desk.note(step: step, of: access.backendID)
    }

    /// From now on the job's token is void, and what it began to upload and did not finish is dropped.
    package func dismiss(_ access: JobAccess) {
        desk.dismiss(access.backendID)
    }

    // MARK: life

    /// Listens, where it does not yet.
    ///
    /// - Returns: `http://127.0.0.1:PORT/`.
    /// - Throws: ``DiagnosticCode/servicesUnavailable``.
    @discardableResult
    package func start() throws(DiagnosticError) -> String {
        try state.withLock { state throws(DiagnosticError) in
            if let running = state.running { return running.address }
            var started = try listen()
            for address in state.addresses { listen(on: address, &started) }
            state.running = started
            return started.address
        }
    }

    /// Serves at another address of this machine too, with the same port: containers come by their network's. Blocks. What
    /// is no address of this machine is passed over: an engine in a virtual machine brings its containers by loopback.
    package func serve(at address: String) {
        state.withLock { state in
            guard !state.addresses.contains(address) else { return }
            state.addresses.append(address)
            if state.running != nil { listen(on: address, &state.running!) }
        }
    }

    /// Closes all connections, drops open uploads, and ends the threads. It can be started again; tokens stay void.
    package func stop() {
        let stopped = state.withLock { state in
            defer { state.running = nil }
            return state.running
        }
        guard let stopped else { return }
        do {
            // The files first: what they are at is answered to a loop that still runs.
            for listener in stopped.listeners { try listener.close().wait() }
            try stopped.files.syncShutdownGracefully()
            try stopped.group.syncShutdownGracefully()
        } catch {
            desk.options.report(DiagnosticError(.servicesUnavailable, "The services did not end well: \(error)."))
        }
        desk.dismissAll()
    }

    private func listen() throws(DiagnosticError) -> Running {
        let options = desk.options
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let files = NIOThreadPool(numberOfThreads: 1)
        files.start()
        do {
            let listener = try bind(options.host, options.port, group, files)
            let port = listener.localAddress?.port ?? options.port
            do {
                try options.shelf.sweep()
            } catch {
                // It takes space and nothing else: no reason not to serve.
                options.report(error)
            }
            return Running(
                group: group, files: files, listeners: [listener], port: port,
                address: "http://\(options.host):\(port)/")
        } catch {
            try? group.syncShutdownGracefully()
            try? files.syncShutdownGracefully()
            throw DiagnosticError(
                .servicesUnavailable, "The services of actions cannot listen on \(options.host): \(error).",
                remedy: "Look whether something else uses port \(options.port), or whether too many files are open.")
        }
    }

    private func listen(on address: String, _ running: inout Running) {
        do {
            running.listeners.append(try bind(address, running.port, running.group, running.files))
        } catch {
            if (error as? IOError)?.errnoCode == EADDRNOTAVAIL { return }
            desk.options.report(
                DiagnosticError(
                    .servicesUnavailable,
                    "The services of actions cannot be reached from containers: \(address): \(error)."))
        }
    }

    private func bind(
        _ host: String, _ port: Int, _ group: MultiThreadedEventLoopGroup, _ files: NIOThreadPool
    ) throws -> any Channel {
        try ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Self.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 256 << 10, high: 1 << 20))
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(
                    minimum: 4096, initial: 16384, maximum: Self.receiveBytes)
            )
            .childChannelInitializer { [desk, connections] channel in
                channel.eventLoop.makeCompletedFuture {
                    try connections.enter(channel)
                    try Self.fit(channel, desk: desk, files: files)
                }
            }
            .bind(host: host, port: port).wait()
    }

    private static func fit(_ channel: any Channel, desk: ServiceDesk, files: NIOThreadPool) throws {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.configureHTTPServerPipeline()
        try pipeline.addHandler(IdleStateHandler(allTimeout: .seconds(desk.limits.idleSeconds)))
        let address = channel.localAddress.map { "http://\($0.ipAddress ?? "127.0.0.1"):\($0.port ?? 0)/" }
        let router = ServiceRouter(desk: desk, ownAddress: address ?? "http://127.0.0.1/")
        try pipeline.addHandler(ExchangeHandler(router: router, files: files))
    }
}

/// Turns away connections past the limit.
private final class ConnectionCount: Sendable {
    private struct Full: Error {}

    private let limit: Int
    private let open = Mutex(0)

    init(limit: Int) {
        self.limit = limit
    }

    func enter(_ channel: any Channel) throws {
        let isIn = open.withLock { open in
            if open >= limit { return false }
            open += 1
            return true
        }
        guard isIn else { throw Full() }
        channel.closeFuture.whenComplete { _ in self.open.withLock { $0 -= 1 } }
    }
}
