// SPDX-License-Identifier: Apache-2.0

import Crypto
import Diagnostics
import Foundation
import HTTPMessages
import SourceForges
import StructuredData
import Testing
import Timekeeping

private let body = Array(#"{"ref":"refs/heads/main"}"#.utf8)

private func code(_ secret: String, _ body: [UInt8]) -> [UInt8] {
    Array(HMAC<SHA256>.authenticationCode(for: body, using: SymmetricKey(data: Array(secret.utf8))))
}

private func digest(_ secret: String, _ body: [UInt8]) -> String { Hexadecimal.text(code(secret, body)) }

private func verdict(
    _ forge: ForgeKind, _ secrets: [String], _ headers: HTTPHeaders, _ body: [UInt8] = body, now: Timestamp = now
) -> DiagnosticCode? {
    code { try WebhookVerification(forge: forge, secrets: secrets).verify(headers, body: body, now: now) }
}

@Suite("A webhook's signature")
struct WebhookVerificationTests {
    @Test("GitHub's example in its documentation is taken")
    func published() {
        let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        let secret = "It's a Secret to Everybody"
        #expect(verdict(.github, [secret], ["X-Hub-Signature-256": signature], Array("Hello, World!".utf8)) == nil)
        #expect(
            verdict(.github, [secret], ["X-Hub-Signature-256": signature], Array("Hello, World?".utf8))
                == .webhookSignatureWrong)
    }

    @Test(
        "Each forge's header is checked",
        arguments: [
            (ForgeKind.github, "X-Hub-Signature-256", "sha256="), (.gitea, "X-Gitea-Signature", ""),
            (.gitea, "X-Forgejo-Signature", ""), (.gitea, "X-Hub-Signature-256", "sha256="),
            (.git, "X-Martlet-Signature", "sha256="),
        ])
    func digests(forge: ForgeKind, name: String, sign: String) {
        let right = HTTPHeaders([.init(name.lowercased(), sign + digest("moss", body))])
        #expect(verdict(forge, ["moss"], right) == nil)
        #expect(verdict(forge, ["twigs"], right) == .webhookSignatureWrong)
        #expect(verdict(forge, ["moss"], []) == .webhookSignatureMissing)
        #expect(verdict(forge, ["moss"], HTTPHeaders([.init(name, "")])) == .webhookSignatureMissing)
        #expect(verdict(forge, ["moss"], HTTPHeaders([.init(name, sign + "00")])) == .webhookSignatureWrong)
        #expect(verdict(forge, ["moss"], HTTPHeaders([.init(name, sign + digest("moss", body) + "0")])) != nil)
        #expect(verdict(forge, ["moss"], right, body + [32]) == .webhookSignatureWrong)
        #expect(
            verdict(forge, ["moss"], HTTPHeaders([.init(name, "sha1=" + digest("moss", body))]))
                == .webhookSignatureUnknown)
    }

    @Test("While a secret is replaced, both are good, and it is known which one was used")
    func rotation() throws {
        let verification = try WebhookVerification(forge: .github, secrets: ["new", "old"])
        let headers: (String) -> HTTPHeaders = { ["X-Hub-Signature-256": "sha256=" + digest($0, body)] }
        #expect(try verification.verify(headers("new"), body: body, now: now) == 0)
        #expect(try verification.verify(headers("old"), body: body, now: now) == 1)
        #expect(verdict(.github, ["new", "old"], headers("older")) == .webhookSignatureWrong)
    }

    @Test("No secret, an empty one, or too many are refused")
    func unusable() {
        for secrets in [[], [""], ["a", ""], (0...ForgeLimits.secrets).map(String.init)] {
            #expect(verdict(.github, secrets, []) == .webhookSecretUnusable)
        }
    }

    @Test("A signature with SHA-1 only is not enough")
    func sha1() {
        #expect(verdict(.github, ["moss"], ["X-Hub-Signature": "sha1=00"]) == .webhookSignatureUnknown)
        #expect(
            verdict(.github, ["moss"], ["X-Hub-Signature-256": digest("moss", body)]) == .webhookSignatureUnknown)
    }

    @Test("A bad Forgejo signature is not made good by a good one beside it")
    func firstDecides() {
        let headers: HTTPHeaders = [
            "X-Gitea-Signature": digest("moss", body), "X-Forgejo-Signature": digest("twigs", body),
        ]
        #expect(verdict(.gitea, ["moss"], headers) == .webhookSignatureWrong)
    }

    @Test("Gitea signs the payload, not the form around it; GitHub signs the form")
    func forms() throws {
        let form = Array("payload=%7B%22ref%22%3A%22refs%2Fheads%2Fmain%22%7D".utf8)
        var headers: HTTPHeaders = ["Content-Type": "application/x-www-form-urlencoded"]
        headers["X-Gitea-Signature"] = digest("moss", body)
        #expect(verdict(.gitea, ["moss"], headers, form) == nil)
        headers["X-Hub-Signature-256"] = "sha256=" + digest("moss", form)
        #expect(verdict(.github, ["moss"], headers, form) == nil)
        headers["X-Hub-Signature-256"] = "sha256=" + digest("moss", body)
        #expect(verdict(.github, ["moss"], headers, form) == .webhookSignatureWrong)
    }

    @Test("A body over the limit is refused before it is looked at")
    func size() {
        let large = [UInt8](repeating: 32, count: ForgeLimits.webhookBytes + 1)
        for forge in ForgeKind.allCases { #expect(verdict(forge, ["moss"], [], large) == .webhookTooLarge) }
        #expect(code { _ = try ForgeDelivery([:], body: large, forge: .github) } == .webhookEventMissing)
        let headers: HTTPHeaders = ["X-GitHub-Event": "push"]
        #expect(code { _ = try ForgeDelivery(headers, body: large, forge: .github) } == .webhookTooLarge)
    }

    @Test("GitLab's token is compared as it is")
    func token() {
        #expect(verdict(.gitlab, ["old", "moss"], ["X-Gitlab-Token": "moss"]) == nil)
        for wrong in ["mos", "moss ", "MOSS", "mosss"] {
            #expect(verdict(.gitlab, ["moss"], ["X-Gitlab-Token": wrong]) == .webhookSignatureWrong)
        }
        #expect(verdict(.gitlab, ["moss"], []) == .webhookSignatureMissing)
        #expect(verdict(.gitlab, ["moss"], ["X-Gitlab-Token": ""]) == .webhookSignatureMissing)
    }

    // MARK: Standard Webhooks

    private static let key = [UInt8]((1...32).map { UInt8($0) })
    private static let secret = "whsec_" + Data(key).base64EncodedString()

    private func signed(id: String = "m-1", seconds: Int64, secretKey: [UInt8] = Self.key) -> HTTPHeaders {
        let text = Array("\(id).\(seconds).".utf8) + body
        let code = HMAC<SHA256>.authenticationCode(for: text, using: SymmetricKey(data: secretKey))
        return [
            "webhook-id": id, "webhook-timestamp": String(seconds),
            "webhook-signature": "v1,bm90IGl0 v1," + Data(code).base64EncodedString(),
        ]
    }

    @Test("GitLab's signing token is checked with the time of sending")
    func standard() {
        let seconds = now.milliseconds / 1000
        #expect(verdict(.gitlab, [Self.secret], signed(seconds: seconds)) == nil)
        #expect(verdict(.gitlab, ["moss", Self.secret], signed(seconds: seconds - 299)) == nil)
        #expect(verdict(.gitlab, [Self.secret], signed(seconds: seconds - 301)) == .webhookStale)
        #expect(verdict(.gitlab, [Self.secret], signed(seconds: seconds + 301)) == .webhookStale)
        #expect(verdict(.gitlab, [Self.secret], signed(seconds: .max)) == .webhookStale)
        #expect(verdict(.gitlab, [Self.secret], signed(seconds: .min)) == .webhookStale)
        #expect(verdict(.gitlab, ["moss"], signed(seconds: seconds)) == .webhookSignatureWrong)
        #expect(
            verdict(.gitlab, ["moss"], signed(seconds: seconds, secretKey: Array("moss".utf8))) == nil,
            "A secret without whsec_ is the key itself")
    }

    @Test("A signature that is changed, cut or of another kind is refused, whatever the token says")
    func standardWrong() {
        let seconds = now.milliseconds / 1000
        var headers = signed(seconds: seconds)
        headers["X-Gitlab-Token"] = Self.secret
        headers["webhook-id"] = "m-2"
        #expect(verdict(.gitlab, [Self.secret], headers) == .webhookSignatureWrong)
        headers["webhook-id"] = nil
        #expect(verdict(.gitlab, [Self.secret], headers) == .webhookSignatureMissing)
        headers = signed(seconds: seconds)
        headers["webhook-signature"] = "v1a,AAAA"
        #expect(verdict(.gitlab, [Self.secret], headers) == .webhookSignatureUnknown)
        headers["webhook-signature"] = "v1,AA$A v1,"
        #expect(verdict(.gitlab, [Self.secret], headers) == .webhookSignatureWrong)
        #expect(verdict(.gitlab, ["whsec_"], signed(seconds: seconds, secretKey: [0])) == .webhookSignatureWrong)
        #expect(verdict(.gitlab, ["whsec_%%"], signed(seconds: seconds)) == .webhookSignatureWrong)
    }
}
