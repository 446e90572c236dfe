// SPDX-License-Identifier: Apache-2.0

/// What stands between a value and the page: one set of escapes that holds in text and in double-quoted attributes.
enum Escaping {
    static func append(_ text: some StringProtocol, to bytes: inout [UInt8]) {
        let isDone: Void? = text.utf8.withContiguousStorageIfAvailable { append($0, to: &bytes) }
        if isDone == nil {
            Array(text.utf8).withUnsafeBufferPointer { append($0, to: &bytes) }
        }
    }

    /// Runs of plain bytes are copied as they are. Controls, which HTML and XML have no way to say,
    /// become U+FFFD.
    static func append(_ text: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
        var plain = 0
        for index in text.indices {
            guard let escape = escape(text[index]) else { continue }
            bytes.append(contentsOf: text[plain..<index])
            escape.withUTF8Buffer { bytes.append(contentsOf: $0) }
            plain = index + 1
        }
        bytes.append(contentsOf: text[plain...])
    }

    private static func escape(_ byte: UInt8) -> StaticString? {
        switch byte {
        case UInt8(ascii: "&"): "&amp;"
        case UInt8(ascii: "<"): "&lt;"
        case UInt8(ascii: ">"): "&gt;"
        case UInt8(ascii: "\""): "&quot;"
        case UInt8(ascii: "'"): "&#39;"
        case 0x00...0x08, 0x0B, 0x0C, 0x0E...0x1F: "\u{FFFD}"
        default: nil
        }
    }
}
