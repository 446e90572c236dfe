// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import ServerClient
import Testing

@Suite("A stream of events goes on behind broken connections")
struct EventSourceTests {
    private func read(_ script: ScriptedServer) async throws -> [EventSource.Item] {
        var source = EventSource(try script.server(), "/api/v1/runs/1/attempts/1/events")
        var items: [EventSource.Item] = []
        while let item = try await source.next() { items.append(item) }
        return items
    }

    private func event(_ data: String, _ id: String = "", _ type: String = "message") -> EventSource.Item {
        .event(ServerSentEvent(type: type, data: data, id: id))
    }

    @Test("After a break it goes on behind the last event that was whole")
    func resumes() async throws {
        let script = ScriptedServer([
            .stream(["id: 4\ndata: a\n\nid: 5\nda"], breaks: true), .unreachable, .answer(503, ""),
            .stream(["id: 5\ndata: b\n\n", "event: end\ndata: {}\n\n"]),
        ])
        #expect(
            try await read(script) == [
                .opened(isFirst: true), event("a", "4"), .opened(isFirst: false), event("b", "5"),
                event("{}", "5", "end"),
            ])
        #expect(script.calls.map { $0.headers["Last-Event-ID"] } == [nil, "4", "4", "4"])
        #expect(script.calls.allSatisfy { $0.headers["Accept"] == "text/event-stream" })
        #expect(script.waits == [250, 500, 1_000])
    }

    @Test("A connection that ends without the last event is made anew, after as long as the server says")
    func retry() async throws {
        let script = ScriptedServer([
            .stream(["retry: 3000\n\ndata: a\n\n"]), .stream(["event: end\ndata: {}\n\n"]),
        ])
        #expect(try await read(script).count == 4)
        #expect(script.waits == [3_000])
    }

    @Test("Nothing is asked for behind the last event")
    func ends() async throws {
        let script = ScriptedServer([.stream(["event: end\ndata: {}\n\ndata: more\n\n"])])
        #expect(try await read(script) == [.opened(isFirst: true), event("{}", "", "end")])
        #expect(script.calls.count == 1)
    }

    @Test("A refusal ends it")
    func refused() async throws {
        let script = ScriptedServer([.answer(404, "{}")])
        let error = await #expect(throws: ServerError.self) { _ = try await read(script) }
        #expect(error?.kind == .missing)
    }

    @Test("A server that is gone for good is not waited for longer than some minutes")
    func gone() async throws {
        let script = ScriptedServer(Array(repeating: .unreachable, count: 100))
        let error = await #expect(throws: ServerError.self) { _ = try await read(script) }
        #expect(error?.kind == .unreachable)
        #expect((60_000...300_000).contains(script.waits.reduce(0, +)))
    }

    @Test("What answers without events is no server of Martlet's")
    func foreign() async throws {
        let script = ScriptedServer([.answer(200, "<html>", [("Content-Type", "text/html")])])
        let error = await #expect(throws: ServerError.self) { _ = try await read(script) }
        #expect(error?.kind == .foreign)
    }
}
