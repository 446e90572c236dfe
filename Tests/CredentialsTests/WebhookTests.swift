// SPDX-License-Identifier: Apache-2.0

import Credentials
import Diagnostics
import Testing
import Timekeeping

private func at(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: seconds * 1000) }

@Suite("Signatures of webhooks")
struct WebhookTests {
    private let body = Array(#"{"test": 2432232314}"#.utf8)

    /// Computed with Python's `hmac`.
    @Test("The signature is what another program computes")
    func vector() throws {
        let secret = try WebhookSecret(text: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        let signed = try WebhookSignature(
            signing: body, id: "msg_p5jXN8AQM9LWM0D4loKWxJek", at: at(1_614_265_330), secrets: [secret])
        #expect(signed.timestamp == "1614265330")
        #expect(signed.signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        try signed.verify(body: body, secrets: [secret], now: at(1_614_265_330))
        #expect(secret.text == "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    }

    @Test("While a secret is replaced, either side may have the old or the new one")
    func rotation() throws {
        let old = WebhookSecret.mint()
        let new = WebhookSecret.mint()
        let both = try WebhookSignature(signing: body, id: "m1", at: at(1000), secrets: [new, old])
        for known in [[old], [new], [old, new]] { try both.verify(body: body, secrets: known, now: at(1000)) }
        let single = try WebhookSignature(signing: body, id: "m1", at: at(1000), secrets: [old])
        try single.verify(body: body, secrets: [new, old], now: at(1000))
        #expect(throws: DiagnosticError.self) { try single.verify(body: body, secrets: [new], now: at(1000)) }
        #expect(throws: DiagnosticError.self) { try single.verify(body: body, secrets: [], now: at(1000)) }
    }

    @Test("Five minutes either way are allowed, a second more is not")
    func window() throws {
        let secret = WebhookSecret.mint()
        let signed = try WebhookSignature(signing: body, id: "m1", at: at(10_000), secrets: [secret])
        for now in [9_700, 10_300] as [Int64] { try signed.verify(body: body, secrets: [secret], now: at(now)) }
        for now in [9_699, 10_301, 0, 1 << 40] as [Int64] {
            let error = #expect(throws: DiagnosticError.self) {
                try signed.verify(body: body, secrets: [secret], now: at(now))
            }
            #expect(error?.diagnostic.code == .webhookSignatureRefused)
        }
    }

    @Test("Another body, id, time or signature is refused")
    func tampering() throws {
        let secret = WebhookSecret.mint()
        let good = try WebhookSignature(signing: body, id: "m1", at: at(10_000), secrets: [secret])
        #expect(throws: DiagnosticError.self) { try good.verify(body: body + [10], secrets: [secret], now: at(10_000)) }
        let wrong = [
            WebhookSignature(id: "m2", timestamp: good.timestamp, signature: good.signature),
            WebhookSignature(id: "m1", timestamp: "10001", signature: good.signature),
            WebhookSignature(id: "m1", timestamp: "+10000", signature: good.signature),
            WebhookSignature(id: "m1", timestamp: "99999999999999999999", signature: good.signature),
            WebhookSignature(id: "m1.1", timestamp: good.timestamp, signature: good.signature),
            WebhookSignature(id: "", timestamp: good.timestamp, signature: good.signature),
            WebhookSignature(id: "m1", timestamp: good.timestamp, signature: ""),
            WebhookSignature(id: "m1", timestamp: good.timestamp, signature: "v1,"),
            WebhookSignature(id: "m1", timestamp: good.timestamp, signature: "v2" + good.signature.dropFirst(2)),
            WebhookSignature(
                id: "m1", timestamp: good.timestamp,
                signature: String(repeating: "v1,AAAA ", count: 50) + good.signature),
        ]
        for signature in wrong {
            #expect(throws: DiagnosticError.self, "\(signature)") {
                try signature.verify(body: body, secrets: [secret], now: at(10_000))
            }
        }
    }

    @Test("A message cannot be signed with nothing, with too many secrets or under an ambiguous id")
    func signing() {
        let secrets = (0..<4).map { _ in WebhookSecret.mint() }
        #expect(throws: DiagnosticError.self) { try WebhookSignature(signing: [], id: "m", at: at(1), secrets: []) }
        #expect(throws: DiagnosticError.self) {
            try WebhookSignature(signing: [], id: "m", at: at(1), secrets: secrets)
        }
        for id in ["a.b", "", "a b", "ä"] {
            #expect(throws: DiagnosticError.self) {
                try WebhookSignature(signing: [], id: id, at: at(1), secrets: [secrets[0]])
            }
        }
    }

    @Test(
        "What is no webhook secret is refused",
        arguments: [
            "", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!!!!",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
        ])
    func secrets(text: String) {
        let error = #expect(throws: DiagnosticError.self) { try WebhookSecret(text: text) }
        #expect(error?.diagnostic.code == .signingSecretUnusable)
        #expect("\(WebhookSecret.mint())" == "a webhook secret")
    }

    @Test("A request of Slack's is known by its signature")
    func slack() throws {
        let body = Array("token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J".utf8)
        let secret = "8f742231b10e8888abcd99yyyzzz85a5"
        let text = SlackSignature.text(secret: secret, timestamp: "1531420618", body: body)
        #expect(text == "v0=bca5eef5dd737ed259b428b18cd24f679baa18c3fc5f1cb2a6ac9f03e717969a")
        try SlackSignature.verify(text, timestamp: "1531420618", body: body, secret: secret, now: at(1_531_420_900))
        for (signature, timestamp, body, secret, now) in [
            (text, "1531420618", body, secret, 1_531_420_919), (text, "1531420619", body, secret, 1_531_420_618),
            (text, "1531420618", body + [0], secret, 1_531_420_618), (text, "1531420618", body, "x", 1_531_420_618),
            (text, "1531420618", body, "", 1_531_420_618), ("", "1531420618", body, secret, 1_531_420_618),
            (text.uppercased(), "1531420618", body, secret, 1_531_420_618), (text, "", body, secret, 1_531_420_618),
        ] as [(String, String, [UInt8], String, Int64)] {
            #expect(throws: DiagnosticError.self) {
                try SlackSignature.verify(signature, timestamp: timestamp, body: body, secret: secret, now: at(now))
            }
        }
    }
}
