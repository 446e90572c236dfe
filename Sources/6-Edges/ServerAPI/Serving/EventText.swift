// SPDX-License-Identifier: Apache-2.0

internal import HTTPMessages
internal import StructuredData

/// Server-sent events.
///
/// Source: the HTML standard, "Server-sent events".
enum EventText {
    /// `X-Accel-Buffering`: nginx would hold events back.
    static let headers: HTTPHeaders = [
        ("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"), ("X-Accel-Buffering", "no"),
    ]

    /// A comment: keeps proxies from closing, and finds out who has gone.
    static let beat = Array(": beat\n\n".utf8)

    static func event(_ type: String, id: Int?, data: DataObject) -> [UInt8] {
        var bytes = Array("event: \(type)\n".utf8)
        if let id { bytes += Array("id: \(id)\n".utf8) }
        bytes += Array("data: ".utf8)
        // JSON has no line break outside of texts, and escapes those inside.
        DataValue.object(data).appendJSON(to: &bytes)
        bytes += [0x0A, 0x0A]
        return bytes
    }
}
