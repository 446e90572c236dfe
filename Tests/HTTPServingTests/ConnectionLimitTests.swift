// SPDX-License-Identifier: Apache-2.0

import HTTPServing
import Synchronization
import Testing

@Suite("Connections past the limit")
struct ConnectionLimitTests {
    private final class Asked: Sendable {
        let paths = Mutex<[String]>([])
    }

    @Test("They wait until one of the others ends, and are answered then")
    func wait() async throws {
        let asked = Asked()
        let served = try await Served(connectionLimit: 1) { request in
            asked.paths.withLock { $0.append(request.path) }
            return OutboundAnswer(status: 200, content: .bytes(Array("plain".utf8)))
        }
        let port = served.port
        var second: Task<Void, any Error>?
        let (sent, say) = AsyncStream<Void>.makeStream()
        try await Wire.talk(port) { first in
            try await first.write("GET /first HTTP/1.1\r\nHost: ci.test\r\n\r\n")
            _ = try await first.readPast("plain")
            second = Task {
                try await Wire.talk(port) { wire in
                    try await wire.write("GET /last HTTP/1.1\r\nHost: ci.test\r\n\r\n")
                    say.yield()
                    _ = try await wire.readPast("plain")
                }
            }
            for await _ in sent { break }
            for _ in 1...50 {
                try await first.write("GET /again HTTP/1.1\r\nHost: ci.test\r\n\r\n")
                _ = try await first.readPast("plain")
            }
        }
        try await second?.value
        let paths = asked.paths.withLock { $0 }
        #expect(paths == ["/first"] + Array(repeating: "/again", count: 50) + ["/last"])
        await served.stop()
    }
}
