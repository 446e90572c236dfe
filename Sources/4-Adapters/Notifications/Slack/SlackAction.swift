// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import StructuredData

/// A button that somebody pressed in a message.
package struct SlackAction: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case approve
        case rerun

        var id: String { "martlet." + rawValue }
    }

    /// The button that only opens a page; Slack tells of it all the same.
    static let openID = "martlet.open"

    package var kind: Kind
    package var run: RunReference
    package var requester: SlackRequester

    /// Reads the form that Slack posts when something in a message is used.
    ///
    /// - Returns: `nil` where there is nothing to do: a button that opens a page, one of another app, something else
    ///   than a button.
    /// - Throws: ``DiagnosticCode/slackRequestInvalid``.
    package static func read(form: [UInt8]) throws(DiagnosticError) -> SlackAction? {
        guard let text = try SlackCommand.fields(form)["payload"], let payload = try? DataValue(json: text) else {
            throw SlackRequester.invalid("it has no payload")
        }
        guard payload["type"]?.string == "block_actions" else { return nil }
        for action in payload["actions"]?.array ?? [] {
            guard let kind = Kind.allCases.first(where: { $0.id == action["action_id"]?.string }) else { continue }
            guard let run = action["value"]?.string.flatMap({ RunReference($0) }), run.project != nil else {
                throw SlackRequester.invalid("its button names no run")
            }
            let requester = try SlackRequester(
                userID: payload["user"]?["id"]?.string,
                teamID: payload["team"]?["id"]?.string ?? payload["user"]?["team_id"]?.string,
                channelID: payload["channel"]?["id"]?.string, answerURL: payload["response_url"]?.string)
            return SlackAction(kind: kind, run: run, requester: requester)
        }
        return nil
    }
}
