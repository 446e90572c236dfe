// SPDX-License-Identifier: Apache-2.0

import HTTPServing
import Testing

/// A server of the test's own.
final class Served: Sendable {
    private let listener: HTTPListener
    let port: Int
    private let task: Task<Void, Never>

    init(
        certificate: (chainPath: String, keyPath: String)? = nil, connectionLimit: Int? = nil,
        _ handler: @escaping HTTPListener.Handler
    ) async throws {
        var options = HTTPListener.Options(host: "127.0.0.1", port: 0)
        options.certificate = certificate
        if let connectionLimit { options.connectionLimit = connectionLimit }
        let listener = HTTPListener(options, handler: handler)
        let (ports, port) = AsyncStream<Int>.makeStream()
        self.listener = listener
        task = Task { try? await listener.run { port.yield($0) } }
        var iterator = ports.makeAsyncIterator()
        self.port = try #require(await iterator.next())
    }

    /// One that tells the same to everybody.
    convenience init(telling events: @escaping LiveEvents) async throws {
        try await self.init { _ in .live(events) }
    }

    func stop() async {
        await listener.stop()
        await task.value
    }
}

/// Something that happens once, and can be waited for.
struct Happening: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (stream, continuation) = AsyncStream<Void>.makeStream() }

    func happen() { continuation.yield() }

    func wait() async { for await _ in stream { return } }
}

/// Waits until the task is cancelled.
func waitForever() async {
    let (never, end) = AsyncStream<Void>.makeStream()
    for await _ in never {}
    end.finish()
}
