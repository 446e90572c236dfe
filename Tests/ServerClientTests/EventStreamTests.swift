// SPDX-License-Identifier: Apache-2.0

import ServerClient
import Testing

@Suite("Server-sent events are read as the standard has it")
struct EventStreamTests {
    private func read(_ text: String, pieces: Int = .max) throws -> [ServerSentEvent] {
        try read(Array(text.utf8), pieces: pieces)
    }

    private func read(_ bytes: [UInt8], pieces size: Int = .max) throws -> [ServerSentEvent] {
        var reader = EventStreamReader()
        var events: [ServerSentEvent] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let found = reader.take(rest.prefix(size))
            events += try #require(found)
            rest = rest.dropFirst(size)
        }
        return events
    }

    @Test("Fields of several lines make one event, whatever the lines end with", arguments: ["\n", "\r\n", "\r"])
    func lines(end: String) throws {
        let text = ["event: update", "id: 7", "data: one", "data: two", "", "data: three", "", ""].joined(
            separator: end)
        for size in [1, 2, 3, 7, .max] {
            let events = try read(text, pieces: size)
            #expect(events.map(\.type) == ["update", "message"])
            #expect(events.map(\.data) == ["one\ntwo", "three"])
            #expect(events.map(\.id) == ["7", "7"])
        }
    }

    @Test("A carriage return at a piece's end and a line feed at the next one's beginning are one end")
    func splitEnd() {
        var reader = EventStreamReader()
        #expect(reader.take(Array("data: a\r".utf8))?.isEmpty == true)
        #expect(reader.take(Array("\ndata: b\r\n\r".utf8))?.map(\.data) == ["a\nb"])
        #expect(reader.take(Array("\ndata: c\n\n".utf8))?.map(\.data) == ["c"])
    }

    @Test("Comments, unknown fields and fields without a colon are passed over or empty")
    func fields() throws {
        let events = try read(": beat\nfoo: bar\ndata\n\ndata:\ndata:\n\ndata:x\ndata:  y\nevent\n\n")
        #expect(events.map(\.data) == ["", "\n", "x\n y"])
        #expect(events.map(\.type) == ["message", "message", "message"])
    }

    @Test("A byte order mark before the first line is no part of it; elsewhere it is")
    func mark() throws {
        let events = try read(
            [0xEF, 0xBB, 0xBF] + Array("data: a\n\n".utf8) + [0xEF, 0xBB, 0xBF] + Array("data: b\n\n".utf8))
        #expect(events.map(\.data) == ["a"])
    }

    @Test("An event without data is none, but its id counts, and its type is forgotten")
    func withoutData() {
        var reader = EventStreamReader()
        let events = reader.take(Array("id: 3\nevent: gone\n\ndata: x\n\n".utf8))
        #expect(events == [ServerSentEvent(type: "message", data: "x", id: "3")])
        #expect(reader.lastEventID == "3")
    }

    @Test("An id counts from the event's end on, is emptied by an empty one, and may hold no null")
    func ids() {
        var reader = EventStreamReader()
        _ = reader.take(Array("id: 1\ndata: x\n\nid: 2\n".utf8))
        #expect(reader.lastEventID == "1")
        _ = reader.take(Array("data: y\n\nid: a\u{0}b\ndata: z\n\n".utf8))
        #expect(reader.lastEventID == "2")
        #expect(reader.take(Array("id\ndata: z\n\n".utf8))?.first?.id == "")
    }

    @Test("A waiting time is taken where it is digits only")
    func retry() {
        var reader = EventStreamReader()
        _ = reader.take(Array("retry: 1500\n".utf8))
        #expect(reader.retryMs == 1_500)
        _ = reader.take(Array("retry: 2s\nretry: -1\nretry:\n".utf8))
        #expect(reader.retryMs == 1_500)
    }

    @Test("What was not dispatched when the connection broke is gone")
    func cutOff() {
        var reader = EventStreamReader()
        _ = reader.take(Array("id: 5\ndata: whole\n\nid: 6\ndata: ha".utf8))
        reader.reconnect()
        #expect(reader.lastEventID == "5")
        #expect(reader.take(Array("lf\n\ndata: next\n\n".utf8))?.map(\.data) == ["next"])
    }

    @Test("An event past the limit is not read")
    func limit() {
        var reader = EventStreamReader(limitBytes: 16)
        #expect(reader.take(Array("data: 0123456789abcdef\n\n".utf8)) == nil)
    }

    @Test("Data is UTF-8, and what is none is replaced")
    func encoding() throws {
        #expect(try read("data: grün\n\n", pieces: 1).map(\.data) == ["grün"])
        #expect(try read(Array("data: ".utf8) + [0xFF] + Array("\n\n".utf8)).map(\.data) == ["\u{FFFD}"])
    }
}
