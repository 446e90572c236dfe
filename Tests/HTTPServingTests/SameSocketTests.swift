// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import HTTPServing
import StructuredData
import Testing

@Suite("HTTP and WebSockets at one address")
struct SameSocketTests {
    private func served() async throws -> Served {
        try await Served { request in
            switch request.path {
            case "/live":
                .live { writer in
                    try await writer.send(LiveEvent(.update, id: 4, data: ["type": "x"]))
                    try await writer.beat()
                    try await writer.send((1...2).lazy.map { LiveEvent(.line, id: $0, data: ["text": "a"]) })
                    try await writer.send(LiveEvent(.end))
                }
            case "/secret":
                OutboundAnswer(
                    status: 401, headers: [("Content-Type", "application/problem+json")],
                    content: .bytes(Array(#"{"code":"MRT1193"}"#.utf8)))
            default: OutboundAnswer(status: 200, content: .bytes(Array("plain".utf8)))
            }
        }
    }

    @Test(
        "An answer that breaks off ends its connection, whatever of the request was read before, and the server goes on"
    )
    func broken() async throws {
        struct Broken: Error {}
        let served = try await Served { request in
            _ = try? await request.body(limit: 100)
            return OutboundAnswer(
                status: 200,
                content: .stream { writer in
                    try await writer.write(Array("half".utf8))
                    throw Broken()
                })
        }
        for _ in 0..<2 {
            try await Wire.talk(served.port) { wire in
                try await wire.write("POST / HTTP/1.1\r\nHost: ci.test\r\nContent-Length: 4\r\n\r\nbody")
                let answer = try await wire.readAll()
                // No last chunk: whoever reads it knows that it is not whole.
                #expect(answer.contains("half") && !answer.hasSuffix("0\r\n\r\n"))
            }
        }
        await served.stop()
    }

    @Test(
        "A client that goes away in the midst of an answer, having been heard to the end of its body, ends nothing but its own"
    )
    func goneAfterItsBody() async throws {
        let served = try await Served { request in
            _ = try? await request.body(limit: 100)
            return OutboundAnswer(
                status: 200,
                content: .stream { writer in
                    // Until nobody takes it.
                    while true { try await writer.write(Array(repeating: 0x61, count: 4_096)) }
                })
        }
        for method in ["POST", "GET"] {
            for _ in 0..<5 {
                try await Wire.talk(served.port) { wire in
                    try await wire.write("\(method) / HTTP/1.1\r\nHost: ci.test\r\nContent-Length: 4\r\n\r\nbody")
                    _ = try await wire.readPast("aaaa")
                }
            }
        }
        try await Wire.talk(served.port) { wire in
            try await wire.write("POST / HTTP/1.1\r\nHost: ci.test\r\nContent-Length: 4\r\n\r\nbody")
            #expect(try await wire.readPast("\r\n\r\n").hasPrefix("HTTP/1.1 200 "))
        }
        await served.stop()
    }

    @Test("Without an upgrade the events are server-sent ones")
    func text() async throws {
        let served = try await served()
        try await Wire.talk(served.port) { wire in
            try await wire.write("GET /live HTTP/1.1\r\nHost: ci.test\r\n\r\n")
            let head = try await wire.readPast("\r\n\r\n")
            #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n") && head.contains("Content-Type: text/event-stream\r\n"))
            var text = ""
            // A chunk a write.
            for end in ["}\n\n\r\n", "beat\n\n\r\n", "}\n\n\r\n", "{}\n\n\r\n"] {
                _ = try await wire.readPast("\r\n")
                text += try await wire.readPast(end).dropLast()
            }
            #expect(
                text == """
                    event: update
                    id: 4
                    data: {"type":"x"}

                    : beat

                    id: 1
                    data: {"text":"a"}

                    id: 2
                    data: {"text":"a"}

                    event: end
                    data: {}


                    """)
        }
        await served.stop()
    }

    @Test("A HEAD of what can be followed has a head and no events, and is the connection's last")
    func head() async throws {
        let served = try await served()
        try await Wire.talk(served.port) { wire in
            try await wire.write("HEAD /live HTTP/1.1\r\nHost: x\r\n\r\n")
            let answer = try await wire.readAll()
            #expect(answer.contains("Content-Type: text/event-stream\r\n") && answer.contains("Connection: close\r\n"))
            #expect(!answer.contains("event:"))
        }
        await served.stop()
    }

    @Test("The handshake's answer is the protocol's, behind other requests of the same connection too")
    func upgradeLater() async throws {
        let served = try await served()
        let plain = "GET /plain HTTP/1.1\r\nHost: ci.test\r\n\r\n"
        for isPipelined in [false, true] {
            try await Wire.talk(served.port) { wire in
                if isPipelined {
                    try await wire.write(plain + plain + Wire.asking("/live"))
                } else {
                    try await wire.write(plain)
                }
                for _ in 1...2 {
                    #expect(try await wire.readPast("\r\n\r\n").hasPrefix("HTTP/1.1 200 OK\r\n"))
                    _ = try await wire.readPast("plain")
                    if !isPipelined { try await wire.write(plain) }
                }
                if !isPipelined {
                    _ = try await wire.readPast("plain")
                    try await wire.write(Wire.asking("/live"))
                }
                let head = try await wire.readPast("\r\n\r\n")
                #expect(head.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
                #expect(head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
                #expect(!head.contains("text/event-stream") && !head.lowercased().contains("transfer-encoding"))
                _ = try await wire.readPast(#"{"id":4,"event":"update","data":{"type":"x"}}"#)
            }
        }
        await served.stop()
    }

    @Test("Who is refused is told so by HTTP, before any upgrade")
    func refused() async throws {
        let served = try await served()
        try await Wire.talk(served.port) { wire in
            try await wire.write(Wire.asking("/secret"))
            let answer = try await wire.readAll()
            #expect(answer.hasPrefix("HTTP/1.1 401 Unauthorized\r\n"))
            #expect(answer.hasSuffix(#"{"code":"MRT1193"}"#))
        }
        await served.stop()
    }

    @Test("Where nothing is told live, a request for a WebSocket is a GET, and the connection's last")
    func otherRoutes() async throws {
        let served = try await served()
        for asking in [
            Wire.asking("/plain"),
            "GET /plain HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n",
        ] {
            try await Wire.talk(served.port) { wire in
                try await wire.write(asking)
                let answer = try await wire.readAll()
                #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n") && answer.contains("Connection: close\r\n"))
                #expect(answer.hasSuffix("\r\n\r\nplain"))
            }
        }
        await served.stop()
    }
}
