// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics

/// What a text must be before it is handed to libyaml: UTF-8, without NUL, within the size limit.
enum TextValidation {
    static func check(_ text: [UInt8], limit: Int) throws(DiagnosticError) {
        guard text.count <= limit else {
            throw DiagnosticError(
                Diagnostic(
                    .yamlTooLarge, "This file has \(text.count) bytes; at most \(limit) are read.",
                    position: .start, remedy: "Split the file."))
        }
        if let nul = text.firstIndex(of: 0) {
            throw failure("a NUL byte", text, at: nul)
        }
        if let bad = firstInvalidByte(text) {
            throw failure("a byte that is not UTF-8 (0x\(String(text[bad], radix: 16)))", text, at: bad)
        }
    }

    /// The offset of the first byte that does not belong to a well-formed UTF-8 sequence.
    private static func firstInvalidByte(_ text: [UInt8]) -> Int? {
        // The standard library validates at memory speed; only a bad text pays for the search.
        guard String(validating: text, as: UTF8.self) == nil else { return nil }
        var low = 0
        var high = text.count
        // The longest valid prefix, up to the 3 bytes that a cut may leave of a sequence.
        while low < high {
            let middle = (low + high + 1) / 2
            if validPrefix(text, middle) { low = middle } else { high = middle - 1 }
        }
        // A partial sequence at the end was let through above: the bad byte is the first one past what is whole.
        while low > 0, String(validating: text[..<low], as: UTF8.self) == nil { low -= 1 }
        return min(low, text.count - 1)
    }

    private static func validPrefix(_ text: [UInt8], _ count: Int) -> Bool {
        (0...min(3, count)).contains { String(validating: text[..<(count - $0)], as: UTF8.self) != nil }
    }

    private static func failure(_ what: String, _ text: [UInt8], at offset: Int) -> DiagnosticError {
        let before = text[..<offset]
        let line = before.reduce(1) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let column = String(decoding: text[lineStart..<offset], as: UTF8.self).unicodeScalars.count + 1
        return DiagnosticError(
            Diagnostic(
                .yamlEncoding, "This file contains \(what).",
                position: SourcePosition(line: line, column: column), remedy: "Save the file as UTF-8 text."))
    }
}
