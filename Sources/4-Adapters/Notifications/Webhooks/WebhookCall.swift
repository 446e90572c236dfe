// SPDX-License-Identifier: Apache-2.0

package import HTTPMessages
package import NotificationRules
package import Timekeeping

/// A delivery to an endpoint as a request, signed as Standard Webhooks has it.
package enum WebhookCall {
    /// How long an endpoint has to answer.
    package static let timeoutMs = 20_000
    /// Of an answer nothing but the status is used.
    package static let answerLimitBytes = 64 << 10

    /// - Parameters:
    ///   - id: of the delivery: the same at each attempt, so that the endpoint can tell that it has it already.
    ///     Letters, digits, `-` and `_`.
    ///   - body: the envelope as it was when the delivery was created.
    ///   - secrets: the newest first; while they are changed there are two, and each signs.
    ///   - now: of this attempt: endpoints refuse old ones.
    package static func request(
        url: String, id: String, body: [UInt8], secrets: [WebhookSecret], now: Timestamp
    ) -> HTTPCall {
        let seconds = now.milliseconds / 1000
        let signatures = secrets.map { $0.signature(id: id, seconds: seconds, body: body) }
        return HTTPCall(
            "POST", url,
            headers: [
                ("Content-Type", "application/json"), ("User-Agent", "Martlet"), ("webhook-id", id),
                ("webhook-timestamp", "\(seconds)"), ("webhook-signature", signatures.joined(separator: " ")),
            ], body: body, timeoutMs: timeoutMs, answerLimitBytes: answerLimitBytes)
    }

    /// What an answer is to ``DeliveryRules``.
    package static func attempt(_ answer: HTTPAnswer, durationMs: Int, now: Timestamp) -> DeliveryAttempt {
        DeliveryAttempt(
            status: answer.status, retryAfter: answer.headers["Retry-After"].flatMap { RetryAfter.span($0, now: now) },
            durationMs: durationMs)
    }
}
