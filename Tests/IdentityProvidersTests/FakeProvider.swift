// SPDX-License-Identifier: Apache-2.0

import Credentials
import Crypto
import CryptoExtras
import Diagnostics
import Foundation
import HTTPMessages
import IdentityProviders
import StructuredData
import Testing
import Timekeeping

func at(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: (1_700_000_000 + seconds) * 1000) }

/// A key of a provider in a test.
struct TestKey: Sendable {
    enum Material: Sendable {
        case rsa(_RSA.Signing.PrivateKey)
        case p256(P256.Signing.PrivateKey)
    }

    var id: String
    var material: Material

    /// Made once: an RSA key takes a tenth of a second and more.
    static let rsa = TestKey(id: "rsa-1", material: .rsa(rsaKey()))
    static let otherRSA = TestKey(id: "rsa-2", material: .rsa(rsaKey()))
    static let p256 = TestKey(id: "ec-1", material: .p256(P256.Signing.PrivateKey()))

    private static func rsaKey() -> _RSA.Signing.PrivateKey {
        guard let key = try? _RSA.Signing.PrivateKey(keySize: .bits2048) else { preconditionFailure("no RSA key") }
        return key
    }

    var algorithm: String {
        switch material {
        case .rsa: "RS256"
        case .p256: "ES256"
        }
    }

    func sign(_ text: String) throws -> [UInt8] {
        switch material {
        case .rsa(let key):
            Array(try key.signature(for: Array(text.utf8), padding: .insecurePKCS1v1_5).rawRepresentation)
        case .p256(let key): Array(try key.signature(for: Array(text.utf8)).rawRepresentation)
        }
    }

    /// The public half as the provider publishes it.
    func jwk(_ extra: DataObject = [:]) throws -> DataValue {
        var object: DataObject = ["kid": .string(id), "use": "sig", "alg": .string(algorithm)]
        switch material {
        case .rsa(let key):
            let primitives = try key.publicKey.getKeyPrimitives()
            object["kty"] = "RSA"
            object["n"] = .string(Base64Text.text(Array(primitives.modulus), .url))
            object["e"] = .string(Base64Text.text(Array(primitives.publicExponent), .url))
        case .p256(let key):
            let point = Array(key.publicKey.x963Representation)
            object["kty"] = "EC"
            object["crv"] = "P-256"
            object["x"] = .string(Base64Text.text(point[1..<33], .url))
            object["y"] = .string(Base64Text.text(point[33..<65], .url))
        }
        for (key, value) in extra { object[key] = value }
        return .object(object)
    }
}

/// The parts of a token, to be changed before it is signed.
struct TokenParts: Sendable {
    var header: DataObject
    var claims: DataObject
    var key = TestKey.rsa

    init(nonce: String, now: Timestamp, key: TestKey = .rsa) {
        self.key = key
        header = ["alg": .string(key.algorithm), "typ": "JWT", "kid": .string(key.id)]
        let seconds = Double(now.milliseconds / 1000)
        claims = [
            "iss": "https://id.test", "aud": "martlet", "sub": "7", "nonce": .string(nonce), "iat": .number(seconds),
            "exp": .number(seconds + 300), "email": "ada@example.org", "email_verified": true, "name": "Ada",
            "preferred_username": "ada", "groups": ["builders", "all"],
        ]
    }

    /// Header and claims, without a signature.
    var head: String {
        [header, claims].map { Base64Text.text(Array($0.jsonText().utf8), .url) }.joined(separator: ".")
    }

    func signed() throws -> String { head + "." + Base64Text.text(try key.sign(head), .url) }
}

/// A provider that answers as it is told.
actor FakeProvider {
    var metadata: DataObject = [
        "issuer": "https://id.test", "authorization_endpoint": "https://id.test/authorize",
        "token_endpoint": "https://id.test/token", "jwks_uri": "https://id.test/keys",
        "code_challenge_methods_supported": ["plain", "S256"],
    ]
    var keys: [DataValue] = []
    var tokenAnswer = HTTPAnswer(status: 500)
    var userInfo: DataValue = .null
    var isDown = false
    private(set) var calls: [HTTPCall] = []

    func set(_ change: @Sendable (isolated FakeProvider) -> Void) { change(self) }

    func give(_ idToken: String, accessToken: String? = "opaque") {
        var body: DataObject = ["token_type": "Bearer", "id_token": .string(idToken)]
        body["access_token"] = accessToken.map { .string($0) }
        tokenAnswer = HTTPAnswer(status: 200, body: Array(body.jsonText().utf8))
    }

    func count(_ path: String) -> Int { calls.count { $0.url == "https://id.test" + path } }

    func answer(_ call: HTTPCall) throws(DiagnosticError) -> HTTPAnswer {
        calls.append(call)
        if isDown { throw DiagnosticError(.identityProviderUnusable, "down") }
        func json(_ value: DataValue) -> HTTPAnswer { HTTPAnswer(status: 200, body: Array(value.jsonText().utf8)) }
        switch call.url.dropFirst("https://id.test".count) {
        case "/.well-known/openid-configuration": return json(.object(metadata))
        case "/keys": return json(["keys": .array(keys)])
        case "/token": return tokenAnswer
        case "/me": return json(userInfo)
        default: return HTTPAnswer(status: 404)
        }
    }
}

/// A provider, this server as its client, and a clock.
struct SignInHouse: Sendable {
    let provider = FakeProvider()
    let client: IdentityProvider

    init(_ change: (inout ProviderSettings) -> Void = { _ in }) async throws {
        var settings = try ProviderSettings(
            issuer: "https://id.test", clientID: "martlet", clientSecret: "s/ecret",
            redirectURL: "https://ci.test/auth/back")
        change(&settings)
        let provider = provider
        client = IdentityProvider(settings: settings) { call async throws(DiagnosticError) in
            try await provider.answer(call)
        }
        let keys = [try TestKey.rsa.jwk(), try TestKey.p256.jwk()]
        await provider.set { $0.keys = keys }
    }

    /// Signs in with a token that `change` may spoil.
    func signIn(
        _ now: Timestamp = at(0), key: TestKey = .rsa, accessToken: String? = "opaque",
        _ change: (inout TokenParts) throws -> String? = { _ in nil }
    ) async throws -> IdentifiedPerson {
        let start = try await client.begin(now: now)
        var parts = TokenParts(nonce: start.attempt.nonce, now: now, key: key)
        let text = try change(&parts) ?? parts.signed()
        await provider.give(text, accessToken: accessToken)
        return try await client.finish(query: "code=abc&state=\(start.attempt.state)", attempt: start.attempt, now: now)
    }

    /// The code and the message of what a spoiled sign-in is refused with.
    func refusal(
        _ now: Timestamp = at(0), key: TestKey = .rsa, accessToken: String? = "opaque",
        _ change: (inout TokenParts) throws -> String? = { _ in nil }
    ) async throws -> Diagnostic? {
        do {
            _ = try await signIn(now, key: key, accessToken: accessToken, change)
            return nil
        } catch let error as DiagnosticError { return error.diagnostic }
    }
}
