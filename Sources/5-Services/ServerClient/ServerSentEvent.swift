// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
package import StructuredData

/// One event of a stream.
package struct ServerSentEvent: Hashable, Sendable {
    /// `message` where the stream says nothing else.
    package var type: String
    package var data: String
    /// The last id that the stream has given so far; empty: none.
    package var id: String

    package init(type: String, data: String, id: String) {
        self.type = type
        self.data = data
        self.id = id
    }

    /// ``data`` as a JSON object; empty where it is none.
    package var object: DataObject { (try? DataValue(json: Array(data.utf8)))?.object ?? DataObject() }
}

/// Reads a stream of events as its bytes come.
///
/// Source: the HTML standard, "Server-sent events", sections 9.2.5 and 9.2.6.
package struct EventStreamReader: Sendable {
    /// Bytes of a line that has no end yet.
    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    private var type = ""
    private var pendingID: String
    private var isFirstLine = true
    /// The last byte was a carriage return: a line feed after it is the same line's end.
    private var followsReturn = false
    private let limitBytes: Int

    /// What a client that comes back says it has seen; empty: nothing.
    package private(set) var lastEventID: String
    /// How long to wait before coming back, where the stream says.
    package private(set) var retryMs: Int?

    /// What an event may hold.
    package static let standardLimitBytes = 16 << 20

    package init(lastEventID: String = "", limitBytes: Int = standardLimitBytes) {
        self.lastEventID = lastEventID
        pendingID = lastEventID
        self.limitBytes = limitBytes
    }

    /// The connection ended, and another one goes on: what was not dispatched is gone.
    package mutating func reconnect() {
        self = EventStreamReader(lastEventID: lastEventID, limitBytes: limitBytes)
    }

    /// - Returns: the events that are whole with these bytes; `nil` where one is longer than the limit.
    package mutating func take(_ bytes: some Sequence<UInt8>) -> [ServerSentEvent]? {
        var events: [ServerSentEvent] = []
        for byte in bytes {
            switch byte {
            case 0x0A where followsReturn: followsReturn = false
            case 0x0A, 0x0D:
                followsReturn = byte == 0x0D
                if let event = endLine() { events.append(event) }
            default:
                followsReturn = false
                line.append(byte)
                guard line.count + data.count <= limitBytes else { return nil }
            }
        }
        return events
    }

    private mutating func endLine() -> ServerSentEvent? {
        var text = line[...]
        if isFirstLine, text.starts(with: [0xEF, 0xBB, 0xBF]) { text = text.dropFirst(3) }
        isFirstLine = false
        defer { line.removeAll(keepingCapacity: true) }
        guard !text.isEmpty else { return dispatch() }
        // A comment.
        if text.first == UInt8(ascii: ":") { return nil }
        let colon = text.firstIndex(of: UInt8(ascii: ":"))
        let name = text[..<(colon ?? text.endIndex)]
        var value = colon.map { text[($0 + 1)...] } ?? []
        if value.first == 0x20 { value = value.dropFirst() }
        field(String(decoding: name, as: UTF8.self), value)
        return nil
    }

    private mutating func field(_ name: String, _ value: ArraySlice<UInt8>) {
        switch name {
        case "event": type = String(decoding: value, as: UTF8.self)
        case "data":
            if hasData { data.append(0x0A) }
            hasData = true
            data += value
        case "id" where !value.contains(0): pendingID = String(decoding: value, as: UTF8.self)
        case "retry":
            let isNumber = !value.isEmpty && value.allSatisfy { (0x30...0x39).contains($0) }
            if isNumber, let number = Int(String(decoding: value, as: UTF8.self)) { retryMs = number }
        default: break
        }
    }

    private mutating func dispatch() -> ServerSentEvent? {
        lastEventID = pendingID
        defer {
            data.removeAll(keepingCapacity: true)
            hasData = false
            type = ""
        }
        // An empty data field gives an empty line, which is data; no field gives no event.
        guard hasData else { return nil }
        return ServerSentEvent(
            type: type.isEmpty ? "message" : type, data: String(decoding: data, as: UTF8.self), id: lastEventID)
    }
}
