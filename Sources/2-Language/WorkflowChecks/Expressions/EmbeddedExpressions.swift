// SPDX-License-Identifier: Apache-2.0

/// Finds the `${{ … }}` parts of a scalar.
enum EmbeddedExpressions {
    /// One expression inside a scalar.
    struct Part: Sendable {
        /// Between the braces.
        var source: String
        /// Offset of `source` in the scalar, in UTF-8 bytes.
        var offset: Int
        /// `}}` was found.
        var isClosed: Bool
    }

    private static let dollar = UInt8(ascii: "$")
    private static let open = UInt8(ascii: "{")
    private static let close = UInt8(ascii: "}")
    private static let quote = UInt8(ascii: "'")

    static func hasExpression(_ text: String) -> Bool {
        var copy = text
        return copy.withUTF8 { bytes in
            guard bytes.count >= 3 else { return false }
            for index in 0..<(bytes.count - 2)
            where bytes[index] == dollar && bytes[index + 1] == open && bytes[index + 2] == open { return true }
            return false
        }
    }

    /// The scalar is one expression and nothing else, spaces around it aside.
    static func isWholeExpression(_ text: String) -> Bool {
        let parts = parts(of: text)
        guard parts.count == 1, let part = parts.first, part.isClosed else { return false }
        let bytes = Array(text.utf8)
        let before = bytes[..<(part.offset - 3)]
        let after = bytes[(part.offset + part.source.utf8.count + 2)...]
        return before.allSatisfy(isSpace) && after.allSatisfy(isSpace)
    }

    /// Whether a mapping's key puts another mapping in its place: `${{ insert }}`.
    static func isInsert(_ key: String) -> Bool {
        guard isWholeExpression(key), let part = parts(of: key).first else { return false }
        return part.source.utf8.filter { !isSpace($0) }.elementsEqual("insert".utf8)
    }

    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    /// In the order of the text. A `}}` inside a string literal does not end an expression.
    static func parts(of text: String) -> [Part] {
        let bytes = Array(text.utf8)
        var parts: [Part] = []
        var index = 0
        while index + 2 < bytes.count {
            guard bytes[index] == dollar, bytes[index + 1] == open, bytes[index + 2] == open else {
                index += 1
                continue
            }
            let start = index + 3
            let end = self.end(of: bytes, from: start)
            parts.append(
                Part(
                    source: String(decoding: bytes[start..<(end ?? bytes.count)], as: UTF8.self), offset: start,
                    isClosed: end != nil))
            guard let end else { break }
            index = end + 2
        }
        return parts
    }

    private static func end(of bytes: [UInt8], from start: Int) -> Int? {
        var index = start
        var isQuoted = false
        while index < bytes.count {
            if bytes[index] == quote {
                isQuoted.toggle()
            } else if !isQuoted, bytes[index] == close, index + 1 < bytes.count, bytes[index + 1] == close {
                return index
            }
            index += 1
        }
        return nil
    }
}
