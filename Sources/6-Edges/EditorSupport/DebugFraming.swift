// SPDX-License-Identifier: Apache-2.0

internal import StructuredData

/// The Debug Adapter Protocol's messages on a stream: a header with the length, an empty line, JSON.
///
/// Source: https://microsoft.github.io/debug-adapter-protocol/overview#base-protocol
struct DebugFraming {
    private var bytes: [UInt8] = []

    static let messageLimitBytes = 16 << 20
    private static let headerLimitBytes = 4096
    private static let separator = Array("\r\n\r\n".utf8)

    /// What cannot be read ends the conversation.
    enum Fault: Error {
        case header
        case tooLarge
        case notJSON
    }

    mutating func append(_ more: some Sequence<UInt8>) { bytes += more }

    /// The next whole message; `nil` until there is one.
    mutating func next() throws(Fault) -> DataValue? {
        guard let end = bytes.firstRange(of: Self.separator) else {
            guard bytes.count <= Self.headerLimitBytes else { throw .header }
            return nil
        }
        guard let length = Self.length(bytes[..<end.lowerBound]) else { throw .header }
        guard length <= Self.messageLimitBytes else { throw .tooLarge }
        guard bytes.count >= end.upperBound + length else { return nil }
        let body = Array(bytes[end.upperBound..<(end.upperBound + length)])
        bytes.removeFirst(end.upperBound + length)
        guard let value = try? DataValue(json: body) else { throw .notJSON }
        return value
    }

    private static func length(_ header: ArraySlice<UInt8>) -> Int? {
        for line in String(decoding: header, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == "content-length" {
                return Int(parts[1].filter { $0 != " " }).flatMap { $0 >= 0 ? $0 : nil }
            }
        }
        return nil
    }

    static func encoded(_ message: DataValue) -> [UInt8] {
        let body = Array(message.jsonText().utf8)
        return Array("Content-Length: \(body.count)\r\n\r\n".utf8) + body
    }
}
