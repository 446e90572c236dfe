// SPDX-License-Identifier: Apache-2.0

/// What stands in a mail's header: one line whatever the text is, folded, and ASCII only.
///
/// Source: RFC 5322, sections 2.2 and 3.2; RFC 2047.
enum HeaderText {
    /// Where lines are folded; RFC 5322 recommends 78.
    private static let foldColumns = 76
    /// Bytes of text in an encoded word: with its frame that is 72 of the 75 characters it may have.
    private static let encodedWordBytes = 45

    /// A field with a text that anybody may have written. Nothing in it can begin another field.
    static func field(_ name: String, _ text: String) -> String {
        let text = clean(text)
        let words = isPlain(text) ? text.split(separator: " ").map(String.init) : encodedWords(text)
        return folded(name, words)
    }

    /// A field with addresses that were checked.
    static func field(_ name: String, mailbox: MailAddress) -> String {
        folded(name, phrase(mailbox.name) + ["<\(mailbox.address)>"])
    }

    /// `List-Id` (RFC 2919): a phrase and an id of letters, digits, `-` and `.`.
    static func field(listID phraseText: String, id: String) -> String {
        folded("List-Id", phrase(phraseText) + ["<\(id)>"])
    }

    private static func folded(_ name: String, _ words: [String]) -> String {
        var field = name + ":"
        var columns = field.utf8.count
        for word in words {
            if columns + 1 + word.utf8.count > foldColumns, columns > name.utf8.count + 1 {
                field += "\r\n"
                columns = 0
            }
            field += " " + word
            columns += 1 + word.utf8.count
        }
        return field + "\r\n"
    }

    /// A name before an address: as it is, quoted, or encoded.
    private static func phrase(_ text: String) -> [String] {
        let text = clean(text)
        guard !text.isEmpty else { return [] }
        let escaped = text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }.joined()
        // A quoted text is not folded.
        guard isPlain(text), escaped.utf8.count <= foldColumns - 20 else { return encodedWords(text) }
        return ["\"\(escaped)\""]
    }

    /// Without what could end the line, hide or turn around what is shown; runs of blanks are one.
    static func clean(_ text: String) -> String {
        let shown = String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    switch scalar.value {
                    case 0..<32, 127..<160, 0x2028, 0x2029, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069, 0xFEFF:
                        " "
                    default: scalar
                    }
                }))
        return shown.split(separator: " ").joined(separator: " ")
    }

    /// ASCII that no reader takes for an encoded word, in words that fit into a line.
    private static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { (32..<127).contains($0) } && !text.contains("=?")
            && text.split(separator: " ").allSatisfy { $0.utf8.count <= foldColumns - 20 }
    }

    /// `=?UTF-8?B?…?=`, cut between characters.
    private static func encodedWords(_ text: String) -> [String] {
        var words: [String] = []
        var piece: [UInt8] = []
        func word() -> String { "=?UTF-8?B?\(Base64Text.text(piece))?=" }
        for scalar in text.unicodeScalars {
            let bytes = Array(String(scalar).utf8)
            if piece.count + bytes.count > encodedWordBytes {
                words.append(word())
                piece = []
            }
            piece += bytes
        }
        if !piece.isEmpty { words.append(word()) }
        return words
    }
}
