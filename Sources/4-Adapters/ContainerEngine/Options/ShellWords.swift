// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics

/// Splits a line into words as a POSIX shell does, without expanding anything: spaces separate, single and double quotes and
/// backslashes keep together (POSIX, Shell Command Language, 2.2 Quoting).
enum ShellWords {
    private enum Quote {
        case none
        case single
        case double
    }

    /// - Throws: ``DiagnosticCode/containerOptionInvalid`` where a quote has no end.
    static func split(_ text: String) throws(DiagnosticError) -> [String] {
        var words: [String] = []
        /// `nil` between words: `''` is a word too.
        var word: String?
        var quote = Quote.none
        var characters = text.makeIterator()
        while let character = characters.next() {
            switch (quote, character) {
            case (.single, "'"), (.double, "\""): quote = .none
            case (.single, _): word?.append(character)
            case (.none, "'"), (.none, "\""):
                quote = character == "'" ? .single : .double
                word = word ?? ""
            case (_, "\\"):
                guard let next = characters.next() else { throw failure(text, "a backslash has nothing behind it") }
                if next.isNewline { continue }
                // Between double quotes a backslash stands for itself before most characters.
                if quote == .double, !"$`\"\\".contains(next) { word?.append(character) }
                word = (word ?? "") + String(next)
            case (.none, _) where character.isWhitespace:
                if let word { words.append(word) }
                word = nil
            default: word = (word ?? "") + String(character)
            }
        }
        guard quote == .none else { throw failure(text, "a quote has no end") }
        if let word { words.append(word) }
        return words
    }

    private static func failure(_ text: String, _ reason: String) -> DiagnosticError {
        DiagnosticError(
            .containerOptionInvalid, "The options '\(text)' cannot be split into words: \(reason).",
            remedy: "Close the quote, or put a backslash before it.")
    }
}
