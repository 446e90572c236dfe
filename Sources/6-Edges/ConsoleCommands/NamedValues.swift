// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import RunCoordination

/// A file of `NAME=value` lines, as `.env` files are: comments with `#`, quotes around a value taken off, `export`
/// before a name passed over.
enum NamedValues {
    static func read(_ path: String) throws(DiagnosticError) -> [(name: String, value: String)] {
        let bytes = try RepositoryText.read(path, limit: RepositoryText.secretsLimitBytes)
        var pairs: [(name: String, value: String)] = []
        // By bytes: to Swift a carriage return and a line feed are one character.
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, bytes) in lines.enumerated() {
            let line = String(decoding: bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes, as: UTF8.self)
            var text = line.drop { $0 == " " || $0 == "\t" }
            if text.isEmpty || text.hasPrefix("#") { continue }
            if text.hasPrefix("export ") { text = text.dropFirst("export ".count) }
            guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
                throw DiagnosticError(
                    .argumentInvalid, "\(path):\(index + 1): the line has no '='.",
                    remedy: "Write each line as NAME=value.")
            }
            pairs.append((String(text[..<equals]), unquoted(text[text.index(after: equals)...])))
        }
        return pairs
    }

    private static func unquoted(_ value: Substring) -> String {
        for quote in ["\"", "'"] where value.count >= 2 && value.hasPrefix(quote) && value.hasSuffix(quote) {
            return String(value.dropFirst().dropLast())
        }
        return String(value)
    }
}
