// SPDX-License-Identifier: Apache-2.0

package import HTTPMessages
package import StructuredData

/// What is said back to somebody who typed a command or pressed a button.
package struct SlackAnswer: Hashable, Sendable {
    package enum Audience: String, Hashable, Sendable {
        /// Whoever asked, and nobody else.
        case asker = "ephemeral"
        case channel = "in_channel"
    }

    package var audience: Audience
    /// Plain; it is escaped.
    package var text: String
    /// Takes the place of the message whose button was pressed.
    package var replacesOriginal: Bool

    package init(_ text: String, to audience: Audience = .asker, replacesOriginal: Bool = false) {
        self.text = text
        self.audience = audience
        self.replacesOriginal = replacesOriginal
    }

    /// The body of the answer to the request itself, or of a call to its ``SlackRequester/answerURL``.
    package var body: DataValue {
        [
            "response_type": .string(audience.rawValue), "replace_original": .bool(replacesOriginal),
            "text": .string(SlackText.escaped(text, limit: SlackLimits.messageText)),
        ]
    }

    /// The request that gives the answer later.
    package func call(url: String) -> HTTPCall {
        HTTPCall(
            "POST", url, headers: [("Content-Type", "application/json; charset=utf-8")],
            body: Array(body.jsonText().utf8), answerLimitBytes: 64 << 10)
    }

    /// What `/martlet help` says, and what is said where nothing was understood.
    package static func help(_ language: NoticeLanguage, unknown: String? = nil) -> SlackAnswer {
        let words = NoticeWords(language: language)
        return SlackAnswer((unknown.map { words.notUnderstood($0) + "\n" } ?? "") + words.commands)
    }
}
