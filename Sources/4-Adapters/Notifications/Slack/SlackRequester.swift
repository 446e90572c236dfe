// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics

/// Who asked for something in Slack, and where. That it comes from Slack was checked by its signature before.
package struct SlackRequester: Hashable, Sendable {
    package var userID: String
    package var teamID: String
    package var channelID: String?
    /// Where later answers go, for half an hour.
    package var answerURL: String?

    /// Slack's own hosts; an answer carries what only the asker may see.
    private static let answerHosts = ["https://hooks.slack.com/", "https://hooks.slack-gov.com/"]
    private static let idBytes = 64

    init(
        userID: String?, teamID: String?, channelID: String?, answerURL: String?
    ) throws(DiagnosticError) {
        guard let userID, let teamID, Self.isID(userID), Self.isID(teamID) else {
            throw Self.invalid("it does not say who asks")
        }
        let url = answerURL.flatMap { $0.isEmpty ? nil : $0 }
        if let url, !Self.answerHosts.contains(where: { url.hasPrefix($0) }) {
            throw Self.invalid("its answers would not go to Slack")
        }
        self.userID = userID
        self.teamID = teamID
        self.channelID = channelID.flatMap { Self.isID($0) ? $0 : nil }
        self.answerURL = url
    }

    private static func isID(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= idBytes
            && text.utf8.allSatisfy { (65...90).contains($0) || (48...57).contains($0) }
    }

    static func invalid(_ problem: String) -> DiagnosticError {
        DiagnosticError(
            .slackRequestInvalid, "A request that claims to come from Slack cannot be read: \(problem).",
            remedy: "Check the addresses of the slash command and of interactivity in the settings of the Slack app.")
    }
}
