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

    /// A comment.
    static let beat = Array(": beat\n\n".utf8)

    static func append(_ event: LiveEvent, to bytes: inout [UInt8]) {
        // Lines of a log are what a stream without named events holds.
        if event.kind != .line { bytes += Array("event: \(event.kind.rawValue)\n".utf8) }
        if let id = event.id { bytes += Array("id: \(id)\n".utf8) }
        bytes += Array("data: ".utf8)
        // JSON has no line break outside of texts, and escapes those inside.
        DataValue.object(event.data).appendJSON(to: &bytes)
        bytes += [0x0A, 0x0A]
    }
}
