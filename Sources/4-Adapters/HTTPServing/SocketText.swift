// SPDX-License-Identifier: Apache-2.0

internal import StructuredData

/// An event as a message of a WebSocket: `{"id":7,"event":"line","data":{…}}`, without `id` where it has none.
enum SocketText {
    static func append(_ event: LiveEvent, to bytes: inout [UInt8]) {
        let id = event.id.map { "\"id\":\($0)," } ?? ""
        bytes += Array("{\(id)\"event\":\"\(event.kind.rawValue)\",\"data\":".utf8)
        DataValue.object(event.data).appendJSON(to: &bytes)
        bytes.append(UInt8(ascii: "}"))
    }
}
