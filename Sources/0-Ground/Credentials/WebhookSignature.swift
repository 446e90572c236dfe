// SPDX-License-Identifier: Apache-2.0

internal import Crypto
package import Diagnostics
package import Timekeeping

/// A webhook's signature by the convention of Standard Webhooks: the values of `webhook-id`, `webhook-timestamp` and
/// `webhook-signature`.
///
/// Source: the specification at standardwebhooks.com, "Signature scheme" (symmetric, `v1`).
package struct WebhookSignature: Hashable, Sendable {
    /// The message's, the same for each attempt to send it.
    package var id: String
    /// Seconds since the epoch, in digits: when this attempt is made.
    package var timestamp: String
    /// `v1,` and base64 for each secret, with blanks between.
    package var signature: String

    package static let idHeader = "webhook-id"
    package static let timestampHeader = "webhook-timestamp"
    package static let signatureHeader = "webhook-signature"
    /// How old or how early a message may be.
    package static let toleranceSeconds: Int64 = 300
    /// A secret and the one before it; one more is spare.
    package static let secretLimit = 3
    /// Signatures of a message that are looked at.
    private static let candidateLimit = 10
    private static let idLimitBytes = 256

    /// What came with a message.
    package init(id: String, timestamp: String, signature: String) {
        self.id = id
        self.timestamp = timestamp
        self.signature = signature
    }

    /// Signs a message with every secret that is in use: while one is replaced, both.
    ///
    /// - Throws: ``DiagnosticCode/signingSecretUnusable`` for no secret or too many, or an id that would be ambiguous.
    package init(
        signing body: [UInt8], id: String, at time: Timestamp, secrets: [WebhookSecret]
    ) throws(DiagnosticError) {
        guard (1...Self.secretLimit).contains(secrets.count), Self.isGood(id: id) else {
            throw DiagnosticError(
                .signingSecretUnusable,
                "A webhook is signed with 1 to \(Self.secretLimit) secrets, and its id has no full stop.")
        }
        self.id = id
        timestamp = String(time.milliseconds / 1000)
        let signed = Self.signed(id, timestamp, body)
        signature = secrets.map { secret in
            "v1,"
                + Base64Text.text(
                    Array(HMAC<SHA256>.authenticationCode(for: signed, using: secret.key)), .standard, isPadded: true)
        }.joined(separator: " ")
    }

    /// Whether the message is from somebody who has one of `secrets`, and of now.
    ///
    /// - Throws: ``DiagnosticCode/webhookSignatureRefused``.
    package func verify(body: [UInt8], secrets: [WebhookSecret], now: Timestamp) throws(DiagnosticError) {
        guard Self.isGood(id: id), let seconds = Self.seconds(timestamp) else {
            throw .webhook("has no proper webhook-id and webhook-timestamp")
        }
        try Self.checkAge(seconds, now: now)
        let signed = Self.signed(id, timestamp, body)
        for candidate in signature.split(separator: " ").prefix(Self.candidateLimit) where candidate.hasPrefix("v1,") {
            guard let code = Base64Text.bytes(candidate.dropFirst(3), .standard) else { continue }
            for secret in secrets.prefix(Self.secretLimit)
            where HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: signed, using: secret.key) { return }
        }
        throw .webhook("has no signature of a secret that is in use")
    }

    static func checkAge(_ seconds: Int64, now: Timestamp) throws(DiagnosticError) {
        let age = now.milliseconds / 1000 - seconds
        guard age.magnitude <= UInt64(toleranceSeconds) else {
            throw .webhook(
                "says that it is from another time (\(age) s ago; \(toleranceSeconds) s are allowed)",
                remedy: "See that both clocks are right. A message that is sent again gets a new timestamp.")
        }
    }

    /// At most twelve digits: nothing that could overflow.
    static func seconds(_ text: String) -> Int64? {
        guard (1...12).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int64(text)
    }

    private static func isGood(id: String) -> Bool {
        (1...idLimitBytes).contains(id.utf8.count) && id.utf8.allSatisfy { (33...126).contains($0) && $0 != 46 }
    }

    private static func signed(_ id: String, _ timestamp: String, _ body: [UInt8]) -> [UInt8] {
        Array("\(id).\(timestamp).".utf8) + body
    }
}

extension DiagnosticError {
    static func webhook(_ what: String, remedy: String? = nil) -> DiagnosticError {
        DiagnosticError(
            .webhookSignatureRefused, "The message \(what).",
            remedy: remedy ?? "See that both sides have the same secret, and that nothing on the way changes the body.")
    }
}
