// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import HTTPCalling
import HTTPMessages
import HTTPServing
import Synchronization
import Testing

/// A server of the test's own.
private final class Served: Sendable {
    private let listener: HTTPListener
    let port: Int
    private let task: Task<Void, Never>

    init(_ handler: @escaping HTTPListener.Handler) async throws {
        let listener = HTTPListener(.init(host: "127.0.0.1", port: 0), handler: handler)
        let (ports, port) = AsyncStream<Int>.makeStream()
        self.listener = listener
        task = Task { try? await listener.run { port.yield($0) } }
        var iterator = ports.makeAsyncIterator()
        self.port = try #require(await iterator.next())
    }

    var url: String { "http://127.0.0.1:\(port)" }

    func stop() async {
        await listener.stop()
        await task.value
    }
}

@Suite("Answers are taken while they come")
struct StreamTests {
    @Test("A piece is there before the next one is written")
    func pieces() async throws {
        let (words, say) = AsyncStream<String>.makeStream()
        let served = try await Served { request in
            #expect(request.headers["X-Asked"] == "yes")
            return OutboundAnswer(
                status: 201, headers: [("X-Answer", "here")],
                content: .stream { writer in for await word in words { try await writer.write(Array(word.utf8)) } })
        }
        let client = try WebClient()
        say.yield("one")
        let stream = try await client.streaming(HTTPCall("GET", served.url, headers: [("X-Asked", "yes")]))
        #expect(stream.status == 201)
        #expect(stream.headers["x-answer"] == "here")
        var read = ""
        for try await piece in stream.pieces {
            read += String(decoding: piece, as: UTF8.self)
            switch read {
            case "one": say.yield("two")
            case "onetwo": say.finish()
            default: break
            }
        }
        #expect(read == "onetwo")
        await served.stop()
    }

    @Test("A reader that is cancelled closes the connection")
    func cancelled() async throws {
        let (closed, close) = AsyncStream<Void>.makeStream()
        let served = try await Served { _ in
            OutboundAnswer(
                status: 200,
                content: .stream { writer in
                    defer { close.yield() }
                    try await writer.write(Array("begun".utf8))
                    let (never, _) = AsyncStream<Void>.makeStream()
                    for await _ in never {}
                })
        }
        let client = try WebClient()
        let (begun, begin) = AsyncStream<Void>.makeStream()
        let url = served.url
        let reader = Task {
            let stream = try await client.open(HTTPCall("GET", url))
            for try await _ in stream.pieces { begin.yield() }
        }
        var started = begun.makeAsyncIterator()
        await started.next()
        reader.cancel()
        var ended = closed.makeAsyncIterator()
        await ended.next()
        _ = await reader.result
        await served.stop()
    }

    @Test("A stream that says nothing for too long is given up")
    func silent() async throws {
        let served = try await Served { _ in
            OutboundAnswer(
                status: 200,
                content: .stream { writer in
                    try await writer.write(Array("begun".utf8))
                    let (never, _) = AsyncStream<Void>.makeStream()
                    for await _ in never {}
                })
        }
        let client = try WebClient(idleMs: 50)
        let url = served.url
        let error = await #expect(throws: DiagnosticError.self) {
            let stream = try await client.open(HTTPCall("GET", url))
            for try await _ in stream.pieces {}
        }
        #expect(error?.diagnostic.code == .webUnreachable)
        await served.stop()
    }

    @Test("Where nobody listens there is no stream")
    func nobody() async throws {
        let client = try WebClient()
        let error = await #expect(throws: DiagnosticError.self) {
            _ = try await client.open(HTTPCall("GET", "http://127.0.0.1:1/"))
        }
        #expect(error?.diagnostic.code == .webUnreachable)
    }

    @Test(
        "A body is sent while it is made, again from its beginning when it is sent again, and its answer comes in pieces"
    )
    func upload() async throws {
        let served = try await Served { request in
            let body = (try? await request.body(limit: 100)) ?? []
            let text = "\(request.headers["Content-Length"] ?? "-") \(String(decoding: body, as: UTF8.self))"
            return OutboundAnswer(status: 200, content: .bytes(Array(text.utf8)))
        }
        let client = try WebClient()
        let upload = HTTPUpload(
            sizeBytes: 9,
            pieces: HTTPPieces {
                var rest = ["one", "two", "end"][...]
                return { () async throws(DiagnosticError) in rest.popFirst().map { Array($0.utf8) } }
            })
        for _ in 0..<2 {
            let answer = try await client.exchanging(HTTPCall("PUT", served.url), upload)
            var read: [UInt8] = []
            for try await piece in answer.pieces { read += piece }
            #expect(String(decoding: read, as: UTF8.self) == "9 onetwoend")
        }
        await served.stop()
    }

    @Test("A body that cannot be read is told of in its own words")
    func brokenUpload() async throws {
        let served = try await Served { request in
            _ = try? await request.body(limit: 100)
            return OutboundAnswer(status: 200, content: .bytes([]))
        }
        let client = try WebClient()
        let upload = HTTPUpload(
            sizeBytes: 9,
            pieces: HTTPPieces {
                { () async throws(DiagnosticError) in throw DiagnosticError(DiagnosticCode(530), "The disk is gone.") }
            })
        let error = await #expect(throws: DiagnosticError.self) {
            _ = try await client.exchanging(HTTPCall("PUT", served.url), upload)
        }
        #expect(error?.diagnostic.message == "The disk is gone.")
        await served.stop()
    }

    @Test("A head that does not come in time is not waited for")
    func lateHead() async throws {
        let (gate, open) = AsyncStream<Void>.makeStream()
        let served = try await Served { _ in
            for await _ in gate {}
            return OutboundAnswer(status: 200, content: .bytes([]))
        }
        let client = try WebClient()
        let url = served.url
        let error = await #expect(throws: DiagnosticError.self) {
            _ = try await client.exchanging(HTTPCall("GET", url, timeoutMs: 50), nil)
        }
        #expect(error?.diagnostic.code == .webUnreachable)
        open.finish()
        await served.stop()
    }
}
