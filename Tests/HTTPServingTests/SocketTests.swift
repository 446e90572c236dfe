// SPDX-License-Identifier: Apache-2.0

import HTTPServing
import NIOCore
import NIOWebSocket
import StructuredData
import Synchronization
import Testing

@Suite("Events by WebSocket")
struct SocketTests {
    @Test("Each event is a message of JSON, in order; behind the last one the connection is closed")
    func order() async throws {
        let served = try await Served { writer in
            try await writer.send(LiveEvent(.update, id: 7, data: ["type": "jobStarted"]))
            try await writer.send(
                (1...3).lazy.map { (id: Int) in
                    LiveEvent(.line, id: id, data: ["text": .string("line\n\(id)")])
                })
            try await writer.send(LiveEvent(.reset))
            try await writer.send(LiveEvent(.end))
        }
        try await SocketClient.talk(served.port) { client in
            try await client.hear(.text(#"{"id":7,"event":"update","data":{"type":"jobStarted"}}"#))
            for number in 1...3 {
                let text = ##"{"id":\##(number),"event":"line","data":{"text":"line\n\##(number)"}}"##
                try await client.hear(.text(text))
            }
            try await client.hear(.text(#"{"event":"reset","data":{}}"#))
            try await client.hear(.text(#"{"event":"end","data":{}}"#))
            try await client.hear(.close(1_000, ""))
            try await client.close(1_000)
            try await client.hear(.nothing)
        }
        await served.stop()
    }

    @Test("The request's query and headers say where to go on")
    func after() async throws {
        let served = try await Served { request in
            let first = Int(request.query.dropFirst("after=".count)) ?? 0
            return .live { writer in
                try await writer.send((first + 1...5).lazy.map { LiveEvent(.line, id: $0) })
                try await writer.send(LiveEvent(.end))
            }
        }
        try await SocketClient.talk(served.port, "/live?after=3") { client in
            try await client.hear(.text(#"{"id":4,"event":"line","data":{}}"#))
            try await client.hear(.text(#"{"id":5,"event":"line","data":{}}"#))
        }
        await served.stop()
    }

    @Test("A ping is answered with what it held, and a beat is a ping")
    func pings() async throws {
        let go = Happening()
        let served = try await Served { writer in
            await go.wait()
            // More than would be borne in silence.
            for _ in 1...3 { try await writer.beat() }
            await go.wait()
            for _ in 1...3 { try await writer.beat() }
            try await writer.send(LiveEvent(.end))
        }
        try await SocketClient.talk(served.port) { client in
            try await client.send(.ping, ByteBuffer(string: "are you there"))
            try await client.hear(.pong("are you there"))
            go.happen()
            for _ in 1...3 { try await client.hear(.ping) }
            try await client.send(.pong)
            // Behind the pong, so that it was seen.
            try await client.send(.ping)
            try await client.hear(.pong(""))
            go.happen()
            for _ in 1...3 { try await client.hear(.ping) }
            try await client.hear(.text(#"{"event":"end","data":{}}"#))
        }
        await served.stop()
    }

    @Test("A client that answers no ping is gone")
    func silence() async throws {
        let ended = Happening()
        let served = try await Served { writer in
            defer { ended.happen() }
            for _ in 1...5 { try await writer.beat() }
            await waitForever()
        }
        try await SocketClient.talk(served.port) { client in
            for _ in 1...4 { try await client.hear(.ping) }
            try await client.hear(.nothing)
        }
        await ended.wait()
        await served.stop()
    }

    @Test("A client's close is answered with its own status, and ends the stream at once")
    func closedByClient() async throws {
        let ended = Happening()
        let served = try await Served { _ in
            defer { ended.happen() }
            await waitForever()
        }
        for (sent, answered) in [(1_000, 1_000), (4_321, 4_321), (nil, 1_000), (1_005, 1_002), (999, 1_002)] {
            try await SocketClient.talk(served.port) { client in
                try await client.close(sent, sent == nil ? "" : "enough")
                try await client.hear(.close(answered, ""))
                try await client.hear(.nothing)
                await ended.wait()
            }
        }
        await served.stop()
    }

    @Test("A client that goes away without a word ends the stream at once")
    func gone() async throws {
        let (begun, ended) = (Happening(), Happening())
        let served = try await Served { writer in
            defer { ended.happen() }
            try await writer.send(LiveEvent(.update))
            begun.happen()
            await waitForever()
        }
        try await SocketClient.talk(served.port) { _ in await begun.wait() }
        await ended.wait()
        await served.stop()
    }

    @Test("A stream that stops before its end says that one may come back, and one that fails says so")
    func statuses() async throws {
        struct Failure: Error {}
        let served = try await Served { request in
            .live { _ in if request.path == "/fails" { throw Failure() } }
        }
        try await SocketClient.talk(served.port, "/stops") { client in
            try await client.hear(.close(1_001, "Come back with after=ID."))
        }
        try await SocketClient.talk(served.port, "/fails") { client in
            try await client.hear(.close(1_011, ""))
        }
        await served.stop()
    }

    @Test("A server that ends closes with 1001, also where a stream would go on")
    func serverEnds() async throws {
        let begun = Happening()
        let served = try await Served { writer in
            try await writer.send(LiveEvent(.update))
            begun.happen()
            await waitForever()
        }
        try await SocketClient.talk(served.port) { client in
            try await client.hear(.text(#"{"event":"update","data":{}}"#))
            await begun.wait()
            let stopping = Task { await served.stop() }
            try await client.hear(.close(1_001, "Come back with after=ID."))
            try await client.close(1_001)
            try await client.hear(.nothing)
            await stopping.value
        }
    }

    @Test("A slow reader holds its own stream only, and misses nothing")
    func slowReader() async throws {
        let count = 600
        let text = String(repeating: "x", count: 100_000)
        let done = Mutex(0)
        let served = try await Served { writer in
            for id in 1...count { try await writer.send(LiveEvent(.line, id: id, data: ["text": .string(text)])) }
            done.withLock { $0 += 1 }
            try await writer.send(LiveEvent(.end))
        }
        func readAll(_ client: inout SocketClient) async throws {
            for id in 1...count {
                let heard = try await client.next()
                guard case .text(let text) = heard else {
                    Issue.record("Instead of message \(id): \(heard)")
                    return
                }
                #expect(text.hasPrefix("{\"id\":\(id),"))
            }
            try await client.hear(.text(#"{"event":"end","data":{}}"#))
        }
        try await SocketClient.talk(served.port) { slow in
            try await SocketClient.talk(served.port) { quick in try await readAll(&quick) }
            // 60 MB are more than the kernel keeps.
            #expect(done.withLock { $0 } == 1)
            try await readAll(&slow)
        }
        await served.stop()
    }
}
