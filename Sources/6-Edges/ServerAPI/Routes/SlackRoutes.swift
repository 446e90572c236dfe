// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import HTTPMessages
internal import HTTPServing
internal import Notifications
internal import ServerOperation
internal import StructuredData
internal import Timekeeping

/// Slash commands and buttons. Slack waits for three seconds: what takes longer is said afterwards.
struct SlackRoutes: Sendable {
    let server: Server

    var routes: [Route] {
        [
            Route(
                method: "POST", template: "/hooks/slack/command", operation: "slackCommand",
                summary: "A slash command of Slack, with its signature.", guardian: .proof, answers: [200: ""],
                bodyLimitBytes: SlackCommand.bodyBytes, isDocumented: false
            ) { (request) throws(DiagnosticError) in
                let answer = try server.slackCommand(
                    request.inbound.headers, body: try await request.bytes(), now: .now())
                return .json(answer.body)
            },
            Route(
                method: "POST", template: "/hooks/slack/action", operation: "slackAction",
                summary: "A button of a message in Slack, with its signature.", guardian: .proof, answers: [200: ""],
                bodyLimitBytes: SlackCommand.bodyBytes, isDocumented: false
            ) { (request) throws(DiagnosticError) in
                try server.slackAction(request.inbound.headers, body: try await request.bytes(), now: .now())
                return OutboundAnswer(status: 200)
            },
        ]
    }
}
