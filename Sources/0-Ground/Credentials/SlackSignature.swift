// SPDX-License-Identifier: Apache-2.0

internal import Crypto
package import Diagnostics
package import Timekeeping

/// The signature of a request from Slack: `v0=` and the hexadecimal HMAC-SHA256 of `v0:TIMESTAMP:BODY`.
///
/// Source: Slack's documentation, "Verifying requests from Slack".
package enum SlackSignature {
    package static let signatureHeader = "X-Slack-Signature"
    package static let timestampHeader = "X-Slack-Request-Timestamp"

    /// - Parameter timestamp: seconds since the epoch, in digits.
    package static func text(secret: String, timestamp: String, body: [UInt8]) -> String {
        let key = SymmetricKey(data: Array(secret.utf8))
        let code = HMAC<SHA256>.authenticationCode(for: Array("v0:\(timestamp):".utf8) + body, using: key)
        return "v0=" + code.map { byte in String(byte >> 4, radix: 16) + String(byte & 15, radix: 16) }.joined()
    }

    /// - Throws: ``DiagnosticCode/webhookSignatureRefused``; ``DiagnosticCode/signingSecretUnusable`` for an empty secret.
    package static func verify(
        _ signature: String, timestamp: String, body: [UInt8], secret: String, now: Timestamp
    ) throws(DiagnosticError) {
        guard !secret.isEmpty else {
            throw DiagnosticError(.signingSecretUnusable, "Slack's signing secret is empty.")
        }
        guard let seconds = WebhookSignature.seconds(timestamp) else { throw .webhook("has no proper timestamp") }
        try WebhookSignature.checkAge(seconds, now: now)
        let wanted = text(secret: secret, timestamp: timestamp, body: body)
        guard Secrecy.isSame(Array(wanted.utf8), Array(signature.utf8)) else {
            throw .webhook("is not signed with Slack's secret")
        }
    }
}
