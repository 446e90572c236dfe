// SPDX-License-Identifier: Apache-2.0

internal import Crypto
package import Diagnostics
package import HTTPMessages
internal import StructuredData
package import Timekeeping

/// Whether a webhook comes from who it says it does: checked on the body's bytes as they came, before anything reads them.
///
/// | forge | header | what is in it |
/// |---|---|---|
/// | GitHub | `X-Hub-Signature-256` | `sha256=` and the hexadecimal HMAC-SHA256 of the body |
/// | Gitea, Forgejo | `X-Forgejo-Signature`, `X-Gitea-Signature`, `X-Hub-Signature-256` | the same; the first two without `sha256=` |
/// | GitLab | `webhook-signature` | Standard Webhooks: `v1,` and the Base64 HMAC-SHA256 of `id.timestamp.body` |
/// | GitLab | `X-Gitlab-Token` | the secret itself |
/// | a git remote's hook | `X-Martlet-Signature` | as GitHub's |
///
/// The headers of GitHub and Gitea are not signed: who has seen one delivery can send it again under another id. So a
/// push starts one run a workflow and commit, whatever the id says. Every comparison takes the same time.
package struct WebhookVerification: Sendable {
    package var forge: ForgeKind
    /// All of them are good: a secret is replaced without a gap by having both for a while.
    private let secrets: [String]

    /// - Throws: ``DiagnosticCode/webhookSecretUnusable`` where there is none, an empty one, or too many.
    package init(forge: ForgeKind, secrets: [String]) throws(DiagnosticError) {
        guard !secrets.isEmpty, secrets.count <= ForgeLimits.secrets, !secrets.contains("") else {
            throw DiagnosticError(
                .webhookSecretUnusable,
                "A webhook needs a secret, at most \(ForgeLimits.secrets) at a time, and none may be empty.",
                remedy: "Give the hook a long random secret, here and at \(forge.title).")
        }
        self.forge = forge
        self.secrets = secrets
    }

    /// Looks for the proof in the head, before anything of the body is read.
    ///
    /// - Throws: ``DiagnosticCode/webhookSignatureMissing``, ``DiagnosticCode/webhookSignatureWrong``,
    ///   ``DiagnosticCode/webhookSignatureUnknown``.
    package static func requireProof(_ headers: HTTPHeaders, _ forge: ForgeKind) throws(DiagnosticError) {
        _ = try proof(headers, forge)
    }

    /// What is said where there is no secret that could fit: the same as where none does.
    package static func unfitting(_ headers: HTTPHeaders, _ forge: ForgeKind) -> DiagnosticError {
        do throws(DiagnosticError) {
            return wrong(try proof(headers, forge).header, forge)
        } catch {
            return error
        }
    }

    /// Which of the secrets fits, by its place; the caller may say that an old one is still in use.
    ///
    /// - Parameter now: for signatures that hold the time of sending.
    /// - Throws: ``DiagnosticCode/webhookTooLarge``, ``DiagnosticCode/webhookSignatureMissing``,
    ///   ``DiagnosticCode/webhookSignatureWrong``, ``DiagnosticCode/webhookSignatureUnknown``,
    ///   ``DiagnosticCode/webhookStale``.
    @discardableResult
    package func verify(_ headers: HTTPHeaders, body: [UInt8], now: Timestamp) throws(DiagnosticError) -> Int {
        try WebhookBody.checkSize(body)
        let proof = try Self.proof(headers, forge)
        switch proof.kind {
        case .code(let code):
            // What is signed is the payload, also where it is sent as a form.
            let signed = forge == .gitea ? try WebhookBody.payload(headers, body) ?? body : body
            return try matching(proof.header) { isCode(code, of: signed, key: Array($0.utf8)) }
        case .standard(let id, let time): return try verifyStandard(headers, id: id, time: time, body, now)
        case .token(let token): return try verifyToken(proof.header, token)
        }
    }

    // MARK: what is in the head

    private struct Proof {
        enum Kind {
            /// HMAC-SHA256 of the body.
            case code([UInt8])
            case standard(id: String, time: String)
            /// The secret itself.
            case token(String)
        }

        var header: String
        var kind: Kind
    }

    private static func proof(_ headers: HTTPHeaders, _ forge: ForgeKind) throws(DiagnosticError) -> Proof {
        switch forge {
        case .github: return try digest(headers, ["X-Hub-Signature-256"], forge)
        case .gitea:
            return try digest(headers, ["X-Forgejo-Signature", "X-Gitea-Signature", "X-Hub-Signature-256"], forge)
        case .git: return try digest(headers, ["X-Martlet-Signature"], forge)
        case .gitlab:
            if let given = headers["webhook-signature"] {
                guard let id = headers["webhook-id"], let time = headers["webhook-timestamp"] else {
                    throw missing(["webhook-id", "webhook-timestamp"], forge)
                }
                guard given.split(separator: " ").prefix(ForgeLimits.secrets).contains(where: { $0.hasPrefix("v1,") })
                else { throw unknown("webhook-signature", "no v1") }
                return Proof(header: "webhook-signature", kind: .standard(id: id, time: time))
            }
            guard let token = headers["X-Gitlab-Token"], !token.isEmpty else {
                throw missing(["X-Gitlab-Token", "webhook-signature"], forge)
            }
            return Proof(header: "X-Gitlab-Token", kind: .token(token))
        }
    }

    /// The first of the headers that is there decides: a bad one is not made good by another.
    private static func digest(
        _ headers: HTTPHeaders, _ names: [String], _ forge: ForgeKind
    ) throws(DiagnosticError) -> Proof {
        guard let name = names.first(where: { headers[$0]?.isEmpty == false }), let value = headers[name] else {
            if headers["X-Hub-Signature"] != nil { throw unknown("X-Hub-Signature", "SHA-1") }
            throw missing(names, forge)
        }
        let digits: Substring
        if let sign = value.firstIndex(of: "=") {
            guard value[..<sign] == "sha256" else { throw unknown(name, String(value[..<sign]).shortened(to: 20)) }
            digits = value[value.index(after: sign)...]
        } else if name == "X-Forgejo-Signature" || name == "X-Gitea-Signature" {
            digits = value[...]
        } else {
            throw unknown(name, "no algorithm")
        }
        let code = Hexadecimal.bytes(digits.utf8)
        guard digits.utf8.count == 64, code.count == 32 else { throw wrong(name, forge) }
        return Proof(header: name, kind: .code(code))
    }

    private func isCode(_ code: [UInt8], of body: [UInt8], key: [UInt8]) -> Bool {
        HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: body, using: SymmetricKey(data: key))
    }

    // MARK: GitLab

    /// Source: the Standard Webhooks specification; GitLab's signing tokens are `whsec_` and the key in Base64.
    private func verifyStandard(
        _ headers: HTTPHeaders, id: String, time: String, _ body: [UInt8], _ now: Timestamp
    ) throws(DiagnosticError) -> Int {
        let given = (headers["webhook-signature"] ?? "").split(separator: " ").prefix(ForgeLimits.secrets)
        let codes = given.filter { $0.hasPrefix("v1,") }.compactMap { Base64Text.plainBytes($0.dropFirst(3)) }
        let signed = Array("\(id).\(time).".utf8) + body
        let place = try matching("webhook-signature") { secret in
            let key =
                secret.hasPrefix("whsec_") ? Base64Text.plainBytes(secret.dropFirst(6)) : Array(secret.utf8)
            guard let key, !key.isEmpty else { return false }
            return codes.contains { isCode($0, of: signed, key: key) }
        }
        // Only now: before, the time is anybody's.
        let limit = Timestamp.Span.seconds(ForgeLimits.webhookAgeSeconds)
        let sent = Int64(time).map { Timestamp(milliseconds: 0) + .seconds($0) }
        guard let sent, sent - now <= limit, now - sent <= limit else {
            throw DiagnosticError(
                .webhookStale,
                "The webhook says that it was sent at \(time.shortened(to: 20)) seconds, and more than \(ForgeLimits.webhookAgeSeconds) lie between that and now.",
                remedy: "Set the clocks of this machine and of the forge, and let the forge send it again.")
        }
        return place
    }

    private func verifyToken(_ header: String, _ token: String) throws(DiagnosticError) -> Int {
        // Codes under a key of the moment are compared, so that neither the length nor a common beginning shows.
        let key = SymmetricKey(size: .bits256)
        let code = Array(HMAC<SHA256>.authenticationCode(for: Array(token.utf8), using: key))
        return try matching(header) {
            HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: Array($0.utf8), using: key)
        }
    }

    // MARK: Errors

    /// Tries every secret, also after one fitted.
    private func matching(_ header: String, _ fits: (String) -> Bool) throws(DiagnosticError) -> Int {
        var place: Int?
        for index in secrets.indices.reversed() where fits(secrets[index]) { place = index }
        guard let place else { throw Self.wrong(header, forge) }
        return place
    }

    private static func missing(_ names: [String], _ forge: ForgeKind) -> DiagnosticError {
        DiagnosticError(
            .webhookSignatureMissing,
            "The webhook is not signed: it has no \(names.joined(separator: " or ")).",
            remedy: "Enter the hook's secret at \(forge.title).")
    }

    private static func wrong(_ name: String, _ forge: ForgeKind) -> DiagnosticError {
        DiagnosticError(
            .webhookSignatureWrong, "\(name) of the webhook fits no secret of a project at this address.",
            remedy:
                "Enter the same secret here and at \(forge.title); what stands in between must not change the body. "
                + "The address is /hooks/FORGE/PROJECT, with the forge that the project has here.")
    }

    private static func unknown(_ name: String, _ what: String) -> DiagnosticError {
        DiagnosticError(
            .webhookSignatureUnknown, "\(name) of the webhook names \(what); HMAC with SHA-256 is what is checked.",
            remedy: "Let the forge sign with SHA-256.")
    }
}
