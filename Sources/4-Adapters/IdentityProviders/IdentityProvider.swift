// SPDX-License-Identifier: Apache-2.0

internal import Credentials
package import Diagnostics
package import HTTPMessages
internal import StructuredData
package import Timekeeping

/// Signs people in at an OpenID provider: the authorization code flow with PKCE.
///
/// What the provider says about itself and its keys are kept for an hour. A token that is signed with a key that is not
/// known has the keys fetched again, at most once a minute, so that nobody can make this server ask all the time.
package actor IdentityProvider {
    package nonisolated let settings: ProviderSettings
    private let transport: HTTPTransport
    private var metadata: (value: ProviderMetadata, at: Timestamp)?
    private var keys: (value: ProviderKeys, at: Timestamp)?
    private var keysAskedAt: Timestamp?

    static let freshness = Timestamp.Span.minutes(60)
    static let keyPause = Timestamp.Span.minutes(1)
    private static let answerLimitBytes = 1 << 20

    package init(settings: ProviderSettings, transport: @escaping HTTPTransport) {
        self.settings = settings
        self.transport = transport
    }

    /// Where the browser goes to sign in.
    ///
    /// - Throws: ``DiagnosticCode/identityProviderUnusable``.
    package func begin(now: Timestamp) async throws(DiagnosticError) -> SignInStart {
        let metadata = try await self.metadata(now: now)
        let attempt = SignInAttempt()
        let query = FormText.text([
            FormText.Pair("response_type", "code"), FormText.Pair("client_id", settings.clientID),
            FormText.Pair("redirect_uri", settings.redirectURL),
            FormText.Pair("scope", settings.scopes.joined(separator: " ")), FormText.Pair("state", attempt.state),
            FormText.Pair("nonce", attempt.nonce), FormText.Pair("code_challenge", attempt.challenge),
            FormText.Pair("code_challenge_method", "S256"),
        ])
        let separator = metadata.authorizationURL.contains("?") ? "&" : "?"
        return SignInStart(url: metadata.authorizationURL + separator + query, attempt: attempt)
    }

    /// Who the browser comes back as.
    ///
    /// - Parameters:
    ///   - query: of the address that it came back to, without the `?`.
    ///   - attempt: what was kept with this browser. The caller has forgotten it by now: a second use is no answer.
    /// - Throws: ``DiagnosticCode/signInStateRefused``, ``DiagnosticCode/signInDenied``,
    ///   ``DiagnosticCode/idTokenRefused``, ``DiagnosticCode/personNotAdmitted``,
    ///   ``DiagnosticCode/identityProviderUnusable``.
    package func finish(
        query: String, attempt: SignInAttempt, now: Timestamp
    ) async throws(DiagnosticError) -> IdentifiedPerson {
        let metadata = try await self.metadata(now: now)
        let code = try SignInAnswer(query).code(
            attempt, issuer: settings.issuer, needsIssuer: metadata.answersWithIssuer)
        let answer = try await exchange(code, attempt, metadata)
        guard let text = answer["id_token"]?.string else { throw .unusable("The provider gave no id-token.") }
        let accessToken = answer["access_token"]?.string
        let token = try IDToken(text, algorithms: settings.algorithms)
        let keys = try await self.keys(for: token, metadata, now: now)
        let wanted = IDToken.Expectation(
            issuer: settings.issuer, clientID: settings.clientID, nonce: attempt.nonce, accessToken: accessToken)
        var claims = try token.verify(wanted, keys: keys, now: now)
        guard let subject = claims["sub"]?.string else { throw .idToken("names nobody") }
        if claims["email"] == nil, let accessToken, let url = metadata.userInfoURL {
            claims = try await self.claims(url, accessToken, subject: subject, before: claims)
        }
        let person = IdentifiedPerson(
            issuer: settings.issuer, subject: subject, claims: claims, groupsClaim: settings.groupsClaim)
        try person.requireAdmission(settings)
        return person
    }

    // MARK: what is kept

    private func metadata(now: Timestamp) async throws(DiagnosticError) -> ProviderMetadata {
        if let metadata, now - metadata.at < Self.freshness { return metadata.value }
        do throws(DiagnosticError) {
            let data = try await fetch(HTTPCall("GET", settings.discoveryURL, answerLimitBytes: Self.answerLimitBytes))
            let value = try ProviderMetadata(data, settings: settings)
            metadata = (value, now)
            return value
        } catch {
            // What was right an hour ago will do where the provider cannot be asked.
            guard let metadata else { throw error }
            return metadata.value
        }
    }

    private func keys(
        for token: IDToken, _ metadata: ProviderMetadata, now: Timestamp
    ) async throws(DiagnosticError) -> ProviderKeys {
        if let keys, now - keys.at < Self.freshness, token.isKnown(keys.value) { return keys.value }
        if let keys, let asked = keysAskedAt, now - asked < Self.keyPause { return keys.value }
        keysAskedAt = now
        let data = try await fetch(HTTPCall("GET", metadata.keysURL, answerLimitBytes: Self.answerLimitBytes))
        guard let value = ProviderKeys(data) else { throw .unusable("The provider's keys are no JSON Web Key Set.") }
        keys = (value, now)
        return value
    }

    // MARK: calls

    private func exchange(
        _ code: String, _ attempt: SignInAttempt, _ metadata: ProviderMetadata
    ) async throws(DiagnosticError) -> DataValue {
        var form = [
            FormText.Pair("grant_type", "authorization_code"), FormText.Pair("code", code),
            FormText.Pair("redirect_uri", settings.redirectURL), FormText.Pair("code_verifier", attempt.verifier),
        ]
        var headers: HTTPHeaders = [
            ("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json"),
        ]
        if let secret = settings.clientSecret, !metadata.secretInForm {
            // RFC 6749, section 2.3.1: both are coded as in a form first.
            let pair = "\(FormText.encoded(settings.clientID)):\(FormText.encoded(secret))"
            headers.add("Authorization", "Basic " + Base64Text.text(Array(pair.utf8), .standard, isPadded: true))
        } else {
            form.append(FormText.Pair("client_id", settings.clientID))
            if let secret = settings.clientSecret { form.append(FormText.Pair("client_secret", secret)) }
        }
        let answer = try await transport(
            HTTPCall(
                "POST", metadata.tokenURL, headers: headers, body: Array(FormText.text(form).utf8),
                answerLimitBytes: Self.answerLimitBytes))
        let data = try? DataValue(json: answer.body)
        guard answer.isSuccess, let data else {
            let reason = (data?["error"]?.string).map { ": \($0.shown)" } ?? " with status \(answer.status)"
            throw DiagnosticError(
                .signInDenied, "The provider did not exchange the code\(reason).",
                remedy: "Sign in again. Where it stays, see that the client's id and secret are right.")
        }
        return data
    }

    /// What the id-token leaves out, of the same person.
    private func claims(
        _ url: String, _ accessToken: String, subject: String, before: DataValue
    ) async throws(DiagnosticError) -> DataValue {
        let data = try await fetch(
            HTTPCall(
                "GET", url, headers: [("Authorization", "Bearer \(accessToken)")],
                answerLimitBytes: Self.answerLimitBytes))
        guard data["sub"]?.string == subject else { throw .idToken("is of somebody else than the provider's answer") }
        var merged = data.object ?? [:]
        for (key, value) in before.object ?? [:] { merged[key] = value }
        return .object(merged)
    }

    private func fetch(_ call: HTTPCall) async throws(DiagnosticError) -> DataValue {
        let answer = try await transport(call)
        guard answer.isSuccess else { throw .unusable("'\(call.url)' answered with status \(answer.status).") }
        do {
            return try DataValue(json: answer.body)
        } catch {
            throw .unusable("'\(call.url)' answered with something else than JSON.")
        }
    }
}
