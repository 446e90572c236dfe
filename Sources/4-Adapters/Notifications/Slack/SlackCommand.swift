// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import HTTPMessages

/// `/martlet …`, as somebody typed it.
package struct SlackCommand: Hashable, Sendable {
    package enum Verb: Hashable, Sendable {
        /// Of all projects, or of one.
        case status(project: String?)
        case approve(RunReference)
        case rerun(RunReference)
        case help
        /// What was typed, cut.
        case unknown(String)
    }

    package var verb: Verb
    package var requester: SlackRequester

    /// Longest body of a request from Slack.
    package static let bodyBytes = 1 << 20

    /// Reads the form that Slack posts.
    ///
    /// - Throws: ``DiagnosticCode/slackRequestInvalid``. What nobody understands is ``Verb/unknown(_:)``, and no error.
    package init(form: [UInt8]) throws(DiagnosticError) {
        let fields = try Self.fields(form)
        requester = try SlackRequester(
            userID: fields["user_id"], teamID: fields["team_id"], channelID: fields["channel_id"],
            answerURL: fields["response_url"])
        guard fields["command"]?.hasPrefix("/") == true else { throw SlackRequester.invalid("it is no slash command") }
        verb = Self.verb(fields["text"] ?? "")
    }

    private static func verb(_ text: String) -> Verb {
        let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
        let reference = words.count == 2 ? RunReference(words[1]) : nil
        switch (words.first?.lowercased(), words.count) {
        case (nil, _), ("help", 1): return .help
        case ("status", 1): return .status(project: nil)
        case ("status", 2) where words[1].utf8.count <= 256: return .status(project: words[1])
        case ("approve", 2): if let reference { return .approve(reference) }
        case ("rerun", 2): if let reference { return .rerun(reference) }
        default: break
        }
        return .unknown(SlackText.plain(HeaderText.clean(text), limit: 200))
    }

    /// The pairs of a form, the first of each name.
    static func fields(_ form: [UInt8]) throws(DiagnosticError) -> [String: String] {
        guard form.count <= bodyBytes, let text = String(validating: form, as: UTF8.self),
            let pairs = FormText.pairs(text)
        else { throw SlackRequester.invalid("it is no form") }
        return Dictionary(pairs.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    }
}
