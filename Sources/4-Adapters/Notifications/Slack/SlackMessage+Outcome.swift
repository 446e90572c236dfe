// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
package import HTTPMessages
internal import NotificationRules
package import Timekeeping

extension SlackMessage {
    /// What Slack's answer to a message means.
    ///
    /// Source: docs.slack.dev, "Sending messages using incoming webhooks", handling errors.
    package static func outcome(_ answer: HTTPAnswer, now: Timestamp) -> SendOutcome {
        if answer.isSuccess { return .delivered }
        let word = HeaderText.clean(String(decoding: answer.body.prefix(200), as: UTF8.self))
        let said = "Slack answered \(answer.status)" + (word.isEmpty ? "" : ", '\(word)'")
        if answer.status == 429 || answer.status >= 500 {
            let after = answer.headers["Retry-After"].flatMap { RetryAfter.span($0, now: now) }
            return .retry(Diagnostic(.slackRefused, "\(said).", remedy: "The message is tried again."), after: after)
        }
        let remedy =
            switch answer.status {
            case 404, 410: "Set up the incoming webhook anew: its channel or the app is gone."
            case 403: "Have an administrator of the workspace allow the app to post there."
            default: "Check the address of the incoming webhook."
            }
        return .givenUp(Diagnostic(.slackRefused, "\(said).", remedy: remedy))
    }
}
