// SPDX-License-Identifier: Apache-2.0

internal import CryptoExtras
package import Diagnostics
package import HTTPMessages
internal import StructuredData
package import Timekeeping

/// The key of a GitHub App, with which tokens of its installations are had.
///
/// Source: "Generating a JSON Web Token for a GitHub App" and "Create an installation access token" of GitHub's
/// documentation.
package struct GitHubAppKey: Sendable {
    /// The App's number or its client id.
    private let issuer: String
    private let key: _RSA.Signing.PrivateKey

    /// GitHub takes at most ten minutes; a minute each way is for clocks that differ.
    private static let lifetimeSeconds: Int64 = 540
    private static let leewaySeconds: Int64 = 60

    /// - Parameter pem: what GitHub gives for download (PKCS#1), or PKCS#8.
    /// - Throws: ``DiagnosticCode/appKeyUnusable``.
    package init(issuer: String, pem: String) throws(DiagnosticError) {
        self.issuer = issuer
        do {
            key = try _RSA.Signing.PrivateKey(pemRepresentation: pem)
        } catch {
            throw DiagnosticError(
                .appKeyUnusable, "The private key of the GitHub App \(issuer) cannot be read.",
                remedy: "Give the whole file that GitHub makes under 'Private keys', from BEGIN to END.")
        }
    }

    /// A token that is the App itself: good for its own endpoints, for nine minutes.
    package func token(now: Timestamp) throws(DiagnosticError) -> String {
        let seconds = now.milliseconds / 1000
        let head: DataValue = ["alg": "RS256", "typ": "JWT"]
        let claims: DataValue = [
            "iat": .number(Double(seconds - Self.leewaySeconds)),
            "exp": .number(Double(seconds + Self.lifetimeSeconds)), "iss": .string(issuer),
        ]
        let text = [head, claims].map { Base64Text.urlText(Array($0.jsonText().utf8)) }.joined(separator: ".")
        do {
            let signature = try key.signature(for: Array(text.utf8), padding: .insecurePKCS1v1_5)
            return text + "." + Base64Text.urlText(Array(signature.rawRepresentation))
        } catch {
            throw DiagnosticError(.appKeyUnusable, "The key of the GitHub App \(issuer) does not sign: \(error).")
        }
    }

    /// The call that exchanges it for a token of one installation.
    package func exchangeCall(
        installation: Int, at address: ForgeAddress, now: Timestamp
    ) throws(DiagnosticError) -> HTTPCall {
        address.call("POST", "/app/installations/\(installation)/access_tokens", token: try token(now: now))
    }

    /// - Throws: ``DiagnosticCode/forgeBusy``, ``DiagnosticCode/forgeRefused``, ``DiagnosticCode/forgeAnswerMalformed``,
    ///   and what the transport throws.
    package func installationToken(
        _ installation: Int, at address: ForgeAddress, now: Timestamp, transport: HTTPTransport
    ) async throws(DiagnosticError) -> InstallationToken {
        let answer = try await transport(try exchangeCall(installation: installation, at: address, now: now))
        let what = "a token of installation \(installation) of the App \(issuer) was asked for"
        switch ForgeVerdict(answer, from: .github, what: what, now: now) {
        case .done: return try InstallationToken(answer)
        case .later(_, let diagnostic), .givenUp(let diagnostic): throw DiagnosticError(diagnostic)
        }
    }
}

/// What an App may do in the repositories of one installation, for an hour.
package struct InstallationToken: Hashable, Sendable {
    package var text: String
    package var expiresAt: Timestamp

    /// One that has less left is replaced before it is used, in seconds.
    package static let renewalSeconds: Int64 = 300

    init(_ answer: HTTPAnswer) throws(DiagnosticError) {
        guard let body = try? DataValue(json: answer.body), let text = body["token"]?.string, !text.isEmpty,
            let expiry = body["expires_at"]?.string.flatMap({ Timestamp(iso8601: $0) })
        else {
            throw DiagnosticError(.forgeAnswerMalformed, "GitHub's answer has no 'token', or no 'expires_at'.")
        }
        self.text = text
        expiresAt = expiry
    }

    package func isFresh(at now: Timestamp) -> Bool { now + .seconds(Self.renewalSeconds) < expiresAt }
}
