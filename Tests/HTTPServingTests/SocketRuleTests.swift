// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import HTTPMessages
import HTTPServing
import NIOCore
import NIOWebSocket
import Testing

@Suite("What a WebSocket takes, and what it refuses")
struct SocketRuleTests {
    /// One whose stream goes on until it is cancelled.
    private func served() async throws -> Served { try await Served { _ in await waitForever() } }

    @Test("Messages are refused, whole or in fragments")
    func messages() async throws {
        let served = try await served()
        let reason = "MRT1343: this WebSocket takes no messages."
        for (opcode, fin) in [(WebSocketOpcode.text, true), (.binary, true), (.text, false), (.continuation, true)] {
            try await SocketClient.talk(served.port) { client in
                try await client.send(opcode, ByteBuffer(string: "hello"), fin: fin)
                try await client.hear(.close(1_008, reason))
                // What comes before the answer to the close frame is not looked at.
                try await client.send(.continuation, ByteBuffer(string: "more"))
                try await client.close(1_008)
                try await client.hear(.nothing)
            }
        }
        await served.stop()
    }

    @Test("A frame over the limit is refused before it is read")
    func tooLarge() async throws {
        let served = try await served()
        try await SocketClient.talk(served.port) { client in
            try await client.send(.text, ByteBuffer(repeating: 120, count: 1_025))
            try await client.hear(.close(1_009, ""))
            try await client.hear(.nothing)
        }
        await served.stop()
    }

    @Test("Frames that break the protocol are refused as such")
    func broken() async throws {
        let served = try await served()
        let wrongs: [@Sendable (SocketClient) async throws -> Void] = [
            { try await $0.send(.ping, isMasked: false) },
            { try await $0.send(.ping, fin: false) },
            { try await $0.send(.ping, ByteBuffer(repeating: 120, count: 126)) },
            { try await $0.send(WebSocketOpcode(encodedWebSocketOpcode: 3)!) },
            {
                var frame = WebSocketFrame(fin: true, opcode: .ping, maskKey: .random(), data: ByteBuffer())
                frame.rsv1 = true
                try await $0.outbound.write(frame)
            },
            { try await $0.send(.connectionClose, ByteBuffer(bytes: [3])) },
        ]
        for wrong in wrongs {
            try await SocketClient.talk(served.port) { client in
                try await wrong(client)
                try await client.hear(.close(1_002, ""))
                try await client.hear(.nothing)
            }
        }
        await served.stop()
    }

    @Test("A handshake of another version or without a key is not one")
    func handshake() {
        func code(_ headers: HTTPHeaders) -> DiagnosticCode? {
            do throws(DiagnosticError) {
                try InboundRequest("GET", "/live", headers: headers).requireHandshake()
                return nil
            } catch { return error.diagnostic.code }
        }
        let key = "dGhlIHNhbXBsZSBub25jZQ=="
        #expect(code([("Sec-WebSocket-Key", key), ("Sec-WebSocket-Version", "13")]) == nil)
        #expect(code([("Sec-WebSocket-Key", key), ("Sec-WebSocket-Version", "8")]) == .socketVersion)
        #expect(code([("Sec-WebSocket-Key", key)]) == .socketVersion)
        #expect(code([("Sec-WebSocket-Version", "13")]) == .socketHandshake)
        #expect(code([("Sec-WebSocket-Key", "short"), ("Sec-WebSocket-Version", "13")]) == .socketHandshake)
        let twice: HTTPHeaders = [
            ("Sec-WebSocket-Key", key), ("Sec-WebSocket-Key", key), ("Sec-WebSocket-Version", "13"),
        ]
        #expect(code(twice) == .socketHandshake)
    }

    @Test("Only a GET that names the protocol in both headers asks for a WebSocket")
    func asking() {
        let headers: HTTPHeaders = [("Upgrade", "WebSocket"), ("Connection", "keep-alive, Upgrade")]
        #expect(InboundRequest("GET", "/", headers: headers).asksForSocket)
        #expect(!InboundRequest("POST", "/", headers: headers).asksForSocket)
        #expect(!InboundRequest("GET", "/", headers: [("Upgrade", "websocket")]).asksForSocket)
        #expect(!InboundRequest("GET", "/", headers: [("Upgrade", "h2c"), ("Connection", "Upgrade")]).asksForSocket)
        var withBody = headers
        withBody.add("Content-Length", "3")
        #expect(!InboundRequest("GET", "/", headers: withBody).asksForSocket)
    }
}
