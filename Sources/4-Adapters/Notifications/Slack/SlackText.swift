// SPDX-License-Identifier: Apache-2.0

/// How much Slack takes (docs.slack.dev, reference of blocks and of composition objects), in characters.
package enum SlackLimits {
    package static let blocks = 50
    package static let sectionText = 3_000
    package static let contextElements = 10
    package static let contextText = 2_000
    package static let buttonText = 75
    package static let buttonValue = 2_000
    package static let url = 3_000
    package static let confirmTitle = 100
    package static let confirmText = 300
    package static let confirmButton = 30
    /// Of what is shown where blocks are not; Slack recommends 4 000 and cuts at 40 000.
    package static let messageText = 4_000
}

/// Text in Slack's markup: nothing that somebody else wrote becomes a link, a mention or a command.
enum SlackText {
    /// With `&`, `<` and `>` escaped; what is too long ends in `…`, and no escape is cut in two.
    ///
    /// - Parameter limit: in UTF-16 units, after escaping: never more than Slack counts.
    static func escaped(_ text: String, limit: Int) -> String {
        cut(text, limit: limit) { character in
            switch character {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            default: String(character)
            }
        }
    }

    /// For texts without markup, where Slack escapes itself.
    static func plain(_ text: String, limit: Int) -> String { cut(text, limit: limit) { String($0) } }

    private static func cut(_ text: String, limit: Int, _ escape: (Character) -> String) -> String {
        var result = ""
        var size = 0
        // Where to cut so that the ellipsis fits, should there be too much.
        var safe = ""
        for character in text {
            let piece = escape(character)
            size += piece.utf16.count
            if size > limit { return safe + "…" }
            result += piece
            if size <= limit - 1 { safe = result }
        }
        return result
    }

    /// `<url|label>`, or the label alone where the address is none of the web.
    static func link(_ url: String?, _ label: String, limit: Int) -> String {
        guard let url, let address = address(url), address.utf16.count + 3 < limit / 2 else {
            return escaped(label, limit: limit)
        }
        let room = limit - address.utf16.count - 3
        // A bar would end the label's link in some of Slack's programs.
        return "<\(address)|\(escaped(label.split(separator: "|").joined(separator: "/"), limit: room))>"
    }

    /// An address as it may stand in a link: what would end it is percent-coded.
    static func address(_ url: String) -> String? {
        guard url.hasPrefix("https://") || url.hasPrefix("http://") else { return nil }
        var address = ""
        for character in url.unicodeScalars {
            switch character {
            case "|": address += "%7C"
            case "<": address += "%3C"
            case ">": address += "%3E"
            case "&": address += "&amp;"
            default:
                guard character.value > 32, character.value != 127 else { return nil }
                address.unicodeScalars.append(character)
            }
        }
        return address
    }
}
