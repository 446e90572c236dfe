// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
package import StructuredData

/// Tells what happens, until there is nothing more to tell. Whoever follows and goes away cancels it.
package typealias LiveEvents = @Sendable (EventWriter) async throws -> Void

/// Something that whoever follows is told.
package struct LiveEvent: Sendable {
    package enum Kind: String, Sendable {
        case update
        /// Of a log.
        case line
        /// Something was missed: what is shown has to be read anew.
        case reset
        /// The last one.
        case end
    }

    package var kind: Kind
    /// Grows; who comes back names the last one it saw. `nil`: nobody goes on behind it.
    package var id: Int?
    package var data: DataObject

    package init(_ kind: Kind, id: Int? = nil, data: DataObject = [:]) {
        self.kind = kind
        self.id = id
        self.data = data
    }
}

/// Takes events, and frames them as the other side wants them; waits while it does not take them.
package final class EventWriter {
    enum Side {
        case text(AnswerWriter)
        /// Messages of a WebSocket. An empty one is a ping.
        case socket(([ByteBuffer]) async throws -> Void)
    }

    private let side: Side
    /// Whether the last event was told: nobody is to come back for more.
    private(set) var hasEnded = false

    init(_ side: Side) { self.side = side }

    /// Writes server-sent events.
    package convenience init(text writer: AnswerWriter) { self.init(.text(writer)) }

    package func send(_ event: LiveEvent) async throws { try await send(CollectionOfOne(event)) }

    /// Several at once; they are made while they are framed.
    package func send(_ events: some Sequence<LiveEvent>, expectedBytes: Int = 0) async throws {
        switch side {
        case .text(let writer): try await writer.write(text(events, expectedBytes))
        case .socket(let put): try await put(messages(events, expectedBytes))
        }
    }

    // Apart from the functions that wait: what they need would be kept for each follower.

    private func text(_ events: some Sequence<LiveEvent>, _ expectedBytes: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(expectedBytes)
        for event in events {
            EventText.append(event, to: &bytes)
            hasEnded = event.kind == .end
        }
        return bytes
    }

    /// Parts of one buffer.
    private func messages(_ events: some Sequence<LiveEvent>, _ expectedBytes: Int) -> [ByteBuffer] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(expectedBytes)
        var ends: [Int] = []
        for event in events {
            SocketText.append(event, to: &bytes)
            ends.append(bytes.count)
            hasEnded = event.kind == .end
        }
        var whole = ByteBuffer(bytes: bytes)
        return ends.compactMap { end in whole.readSlice(length: end - whole.readerIndex) }
    }

    /// A sign of life: keeps proxies from closing, and finds out who has gone.
    package func beat() async throws {
        switch side {
        case .text(let writer): try await writer.write(EventText.beat)
        case .socket(let put): try await put([ByteBuffer()])
        }
    }
}

extension OutboundAnswer {
    /// Events, as server-sent ones or by WebSocket.
    package static func live(_ events: @escaping LiveEvents) -> OutboundAnswer {
        OutboundAnswer(status: 200, headers: EventText.headers, content: .events(events))
    }
}
