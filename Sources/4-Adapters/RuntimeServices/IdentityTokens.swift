// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import CryptoExtras
internal import Diagnostics
internal import FileAccess
internal import StructuredData
internal import Synchronization
internal import Timekeeping

/// Gives out id-tokens, and what a verifier needs to check them.
///
/// Making an RSA key takes a tenth of a second and more: it is made with the first token, and kept in a file where the
/// caller names one, so that verifiers may hold on to it.
final class IdentityTokens: Sendable {
    private struct SigningKey: Sendable {
        var key: _RSA.Signing.PrivateKey
        /// RFC 7638: a digest of the public half.
        var id: String
        var modulus: String
        var exponent: String
    }

    private let keyPath: String?
    private let made = Mutex<SigningKey?>(nil)
    /// GitHub's: five minutes, and valid a little before it was made for clocks that are behind.
    private static let lifetimeSeconds: Int64 = 300
    private static let leewaySeconds: Int64 = 600
    private static let keyFileBytes = 16 << 10

    init(keyPath: String?) {
        self.keyPath = keyPath
    }

    /// A signed id-token.
    ///
    /// - Parameter audience: the owner's page on GitHub where the job asks for none.
    /// - Throws: ``DiagnosticCode/identityKey``.
    func token(
        for identity: IdentityClaims, audience: String?, issuer: String, now: Timestamp
    ) throws(DiagnosticError) -> String {
        let key = try signingKey()
        let seconds = now.milliseconds / 1000
        var claims = identity.claims
        claims["jti"] = .string(TokenSigner.backendID(uniqueName()))
        claims["iss"] = .string(issuer)
        claims["aud"] = .string(audience ?? "https://github.com/\(identity.owner)")
        claims["iat"] = .number(Double(seconds))
        claims["nbf"] = .number(Double(seconds - Self.leewaySeconds))
        claims["exp"] = .number(Double(seconds + Self.lifetimeSeconds))
        let head: DataValue = ["typ": "JWT", "alg": "RS256", "kid": .string(key.id)]
        let text = [head.jsonText(), claims.jsonText()].map { Base64URL.text(Array($0.utf8)) }.joined(separator: ".")
        do {
            let signature = try key.key.signature(for: Array(text.utf8), padding: .insecurePKCS1v1_5)
            return text + "." + Base64URL.text(Array(signature.rawRepresentation))
        } catch {
            throw DiagnosticError(.identityKey, "An id-token could not be signed: \(error).")
        }
    }

    /// RFC 7517.
    func keySet() throws(DiagnosticError) -> DataValue {
        let key = try signingKey()
        return [
            "keys": [
                [
                    "kty": "RSA", "use": "sig", "alg": "RS256", "kid": .string(key.id), "n": .string(key.modulus),
                    "e": .string(key.exponent),
                ]
            ]
        ]
    }

    /// OpenID Connect Discovery, with what GitHub's issuer says.
    func configuration(issuer: String) -> DataValue {
        [
            "issuer": .string(issuer), "jwks_uri": .string(issuer + "/.well-known/jwks"),
            "subject_types_supported": ["public", "pairwise"], "response_types_supported": ["id_token"],
            "claims_supported": .array(Self.claimNames.map { .string($0) }),
            "id_token_signing_alg_values_supported": ["RS256"], "scopes_supported": ["openid"],
        ]
    }

    private static let claimNames = [
        "sub", "aud", "exp", "iat", "iss", "jti", "nbf", "ref", "sha", "repository", "repository_id",
        "repository_owner", "repository_owner_id", "run_id", "run_number", "run_attempt", "actor", "actor_id",
        "workflow", "workflow_ref", "workflow_sha", "head_ref", "base_ref", "event_name", "ref_type", "ref_protected",
        "environment", "environment_node_id", "job_workflow_ref", "job_workflow_sha", "repository_visibility",
        "runner_environment", "issuer_scope",
    ]

    private func signingKey() throws(DiagnosticError) -> SigningKey {
        try made.withLock { made throws(DiagnosticError) in
            if let made { return made }
            let key = try describe(try loadOrMake())
            made = key
            return key
        }
    }

    private func loadOrMake() throws(DiagnosticError) -> _RSA.Signing.PrivateKey {
        if let keyPath, let text = try Files.readIfPresent(keyPath, limit: Self.keyFileBytes) {
            return try read(text, at: keyPath)
        }
        let key: _RSA.Signing.PrivateKey
        do {
            key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        } catch {
            throw DiagnosticError(.identityKey, "The key that signs id-tokens could not be made: \(error).")
        }
        guard let keyPath else { return key }
        if try Files.create(keyPath, with: Array(key.pkcs8PEMRepresentation.utf8), mode: 0o600) { return key }
        // Another process was first.
        return try read(try Files.read(keyPath, limit: Self.keyFileBytes), at: keyPath)
    }

    private func read(_ text: [UInt8], at path: String) throws(DiagnosticError) -> _RSA.Signing.PrivateKey {
        do {
            return try _RSA.Signing.PrivateKey(pemRepresentation: String(decoding: text, as: UTF8.self))
        } catch {
            throw DiagnosticError(
                .identityKey, "The key that signs id-tokens, '\(path)', cannot be read: \(error).",
                remedy: "Remove the file; a new key is made.")
        }
    }

    private func describe(_ key: _RSA.Signing.PrivateKey) throws(DiagnosticError) -> SigningKey {
        do {
            let primitives = try key.publicKey.getKeyPrimitives()
            let modulus = Base64URL.text(Array(primitives.modulus))
            let exponent = Base64URL.text(Array(primitives.publicExponent))
            let canonical = "{\"e\":\"\(exponent)\",\"kty\":\"RSA\",\"n\":\"\(modulus)\"}"
            let id = Base64URL.text(Array(SHA256.hash(data: Array(canonical.utf8))))
            return SigningKey(key: key, id: id, modulus: modulus, exponent: exponent)
        } catch {
            throw DiagnosticError(.identityKey, "The key that signs id-tokens cannot be used: \(error).")
        }
    }
}
