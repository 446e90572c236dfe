// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import Testing

/// A connection, as bytes.
struct Wire {
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private(set) var read = ""

    static func talk(_ port: Int, _ body: (inout Wire) async throws -> Void) async throws {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        try await channel.executeThenClose { inbound, outbound in
            var wire = Wire(inbound: inbound.makeAsyncIterator(), outbound: outbound)
            try await body(&wire)
        }
    }

    func write(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

    /// Reads until the text is there, and takes everything to its end away.
    mutating func readPast(_ text: String) async throws -> String {
        while true {
            if let found = read.firstRange(of: text) {
                let past = String(read[..<found.upperBound])
                read.removeSubrange(..<found.upperBound)
                return past
            }
            try #require(try await more(), "'\(text)' does not come: \(read)")
        }
    }

    /// To the end of the connection.
    mutating func readAll() async throws -> String {
        while try await more() {}
        return read
    }

    private mutating func more() async throws -> Bool {
        guard let piece = try await inbound.next() else { return false }
        read += String(buffer: piece)
        return true
    }

    /// A request for a WebSocket; the key is RFC 6455's example.
    static func asking(_ path: String, _ more: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: ci.test\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\(more)\r\n"
    }
}
