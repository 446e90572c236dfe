// SPDX-License-Identifier: Apache-2.0

import Credentials
import Crypto
import CryptoExtras
import Diagnostics
import IdentityProviders
import StructuredData
import Testing
import Timekeeping

@Suite("Id-tokens that prove nothing")
struct IDTokenTests {
    private typealias Change = @Sendable (inout TokenParts) throws -> String?

    private func expectRefused(
        _ name: Comment, now: Timestamp = at(0), accessToken: String? = "opaque", key: TestKey = .rsa, _ change: Change
    ) async throws {
        let house = try await SignInHouse()
        let refusal = try await house.refusal(now, key: key, accessToken: accessToken, change)
        #expect(refusal?.code == .idTokenRefused, name)
        if let message = refusal?.message { #expect(!message.contains("eyJ"), name) }
    }

    @Test("Without a signature, whatever the header says", arguments: ["none", "None", "NONE", "nOnE", ""])
    func none(algorithm: String) async throws {
        for signature in ["", "AAAA", "."] {
            try await expectRefused("\(algorithm)") { parts in
                parts.header["alg"] = .string(algorithm)
                return parts.head + "." + signature
            }
        }
        try await expectRefused("no signature under a good header") { $0.head + "." }
        try await expectRefused("no alg") { parts in
            parts.header["alg"] = nil
            return try parts.signed()
        }
    }

    @Test("Signed with the public key as if it were a secret")
    func confusion() async throws {
        guard case .rsa(let key) = TestKey.rsa.material else { return }
        let forms: [[UInt8]] = [
            Array(key.publicKey.pemRepresentation.utf8), Array((key.publicKey.pemRepresentation + "\n").utf8),
            Array(key.publicKey.derRepresentation), Array(try key.publicKey.getKeyPrimitives().modulus),
            Array(try TestKey.rsa.jwk().jsonText().utf8), [],
        ]
        for secret in forms {
            try await expectRefused("HS256") { parts in
                parts.header["alg"] = "HS256"
                let code = HMAC<SHA256>.authenticationCode(
                    for: Array(parts.head.utf8), using: SymmetricKey(data: secret))
                return parts.head + "." + Base64Text.text(Array(code), .url)
            }
        }
    }

    @Test("Signed by somebody else under the provider's key's name")
    func otherKey() async throws {
        try await expectRefused("another RSA key") { parts in
            parts.key = .otherRSA
            return nil
        }
        try await expectRefused("another curve key", key: .p256) { parts in
            parts.key = TestKey(id: "ec-1", material: .p256(P256.Signing.PrivateKey()))
            return nil
        }
    }

    @Test("A header that names one algorithm and a key of another")
    func mismatch() async throws {
        try await expectRefused("ES256 with the RSA key's name") { parts in
            parts.header["alg"] = "ES256"
            return nil
        }
        try await expectRefused("RS256 with the curve key's name", key: .p256) { parts in
            parts.header["alg"] = "RS256"
            return nil
        }
        for algorithm in ["RS384", "RS512", "PS256", "ES384", "EdDSA", "rs256"] {
            try await expectRefused("\(algorithm)") { parts in
                parts.header["alg"] = .string(algorithm)
                return nil
            }
        }
    }

    @Test("An algorithm that the settings leave out")
    func narrowed() async throws {
        let house = try await SignInHouse { $0.algorithms = [.es256] }
        #expect(try await house.refusal()?.code == .idTokenRefused)
        #expect(try await house.signIn(key: .p256).subject == "7")
    }

    @Test("A key that comes along in the header is not looked at")
    func embeddedKey() async throws {
        let jwk = try TestKey.otherRSA.jwk()
        for field in ["jwk", "jku", "x5u", "x5c"] {
            try await expectRefused("\(field)") { parts in
                parts.key = .otherRSA
                parts.header["kid"] = "unknown"
                parts.header[field] = field == "jwk" ? jwk : "https://evil.test/keys"
                return nil
            }
        }
    }

    @Test("Without a key's name there must be no choice")
    func noName() async throws {
        let house = try await SignInHouse()
        let unnamed: Change = { parts in
            parts.header["kid"] = nil
            return nil
        }
        #expect(try await house.signIn(at(0), unnamed).subject == "7")
        let keys = [try TestKey.rsa.jwk(), try TestKey.otherRSA.jwk()]
        let other = try await SignInHouse()
        await other.provider.set { $0.keys = keys }
        #expect(try await other.refusal(at(0), unnamed)?.code == .idTokenRefused)
    }

    @Test("Keys that are for encryption, too short, degenerate or of another kind are not used")
    func keys() async throws {
        let small = TestKey(
            id: "rsa-1", material: .rsa(try _RSA.Signing.PrivateKey(unsafeKeySize: .init(bitCount: 1024))))
        let unusable: [DataValue] = [
            try TestKey.rsa.jwk(["use": "enc"]), try TestKey.rsa.jwk(["key_ops": ["encrypt"]]),
            try TestKey.rsa.jwk(["alg": "RS512"]), try TestKey.rsa.jwk(["kty": "oct"]),
            try TestKey.rsa.jwk(["e": "AQ"]), try TestKey.rsa.jwk(["e": "Ag"]), try TestKey.rsa.jwk(["n": "AQAB"]),
            try TestKey.rsa.jwk(["n": "!"]), try small.jwk(), "rsa-1", .null,
        ]
        for key in unusable {
            let house = try await SignInHouse()
            await house.provider.set { $0.keys = [key] }
            let signer = key == (try small.jwk()) ? small : .rsa
            #expect(try await house.refusal(key: signer)?.code == .idTokenRefused, "\(key)")
        }
        for change in [["crv": "P-384"], ["x": "AAAA"], ["y": .string(String(repeating: "A", count: 43))]]
            as [DataObject]
        {
            let house = try await SignInHouse()
            let keys = [try TestKey.p256.jwk(change)]
            await house.provider.set { $0.keys = keys }
            #expect(try await house.refusal(key: .p256)?.code == .idTokenRefused)
        }
    }

    @Test("Under an exponent of one every text would be its own signature")
    func exponentOfOne() async throws {
        let keys = [try TestKey.rsa.jwk(["e": "AQ"])]
        let house = try await SignInHouse()
        await house.provider.set { $0.keys = keys }
        let refusal = try await house.refusal { parts in
            // RFC 8017, section 9.2: what a signature is before the exponent.
            let info: [UInt8] = [48, 49, 48, 13, 6, 9, 96, 134, 72, 1, 101, 3, 4, 2, 1, 5, 0, 4, 32]
            let end = [0] + info + Array(SHA256.hash(data: Array(parts.head.utf8)))
            let padded = [0, 1] + [UInt8](repeating: 255, count: 256 - 2 - end.count) + end
            return parts.head + "." + Base64Text.text(padded, .url)
        }
        #expect(refusal?.code == .idTokenRefused)
    }

    @Test("A signature of zeros, a short one, a long one, or one of another form")
    func signatures() async throws {
        for length in [0, 1, 32, 63, 64, 65, 72, 255, 256, 257] {
            for key in [TestKey.rsa, .p256] {
                try await expectRefused("\(length)", key: key) { parts in
                    parts.head + "." + Base64Text.text([UInt8](repeating: 0, count: length), .url)
                }
            }
        }
        guard case .p256(let key) = TestKey.p256.material else { return }
        try await expectRefused("DER instead of the two numbers", key: .p256) { parts in
            let signature = try key.signature(for: Array(parts.head.utf8))
            return parts.head + "." + Base64Text.text(Array(signature.derRepresentation), .url)
        }
    }

    @Test("Changed after it was signed")
    func tampering() async throws {
        for (claim, value) in [("sub", "8"), ("email", "root@example.org"), ("exp", 9e9)] as [(String, DataValue)] {
            try await expectRefused("\(claim)") { parts in
                let signature = try parts.signed().split(separator: ".")[2]
                parts.claims[claim] = value
                return parts.head + "." + signature
            }
        }
    }

    @Test("For somebody else, or from somebody else")
    func parties() async throws {
        let changes: [(String, DataValue?)] = [
            ("iss", "https://evil.test"), ("iss", "https://id.test/"), ("iss", nil), ("iss", ["https://id.test"]),
            ("aud", "other"), ("aud", nil), ("aud", []), ("aud", "martlet2"), ("aud", "Martlet"), ("aud", ["other"]),
            ("aud", ["martlet", "other"]), ("azp", "other"), ("azp", .null), ("aud", ["aud": "martlet"]),
            ("sub", nil), ("sub", ""), ("sub", 7), ("sub", .string(String(repeating: "7", count: 256))),
        ]
        for (claim, value) in changes {
            try await expectRefused("\(claim) \(value ?? "none")") { parts in
                parts.claims[claim] = value
                return nil
            }
        }
        let house = try await SignInHouse()
        let person = try await house.signIn { parts in
            parts.claims["aud"] = ["martlet", "other"]
            parts.claims["azp"] = "martlet"
            return nil
        }
        #expect(person.subject == "7")
    }

    @Test("Too late, too early, too old, or of no time at all; a minute of skew is allowed")
    func times() async throws {
        let now = Double(at(0).milliseconds / 1000)
        let wrong: [(String, DataValue?)] = [
            ("exp", .number(now - 60)), ("exp", nil), ("exp", "9999999999"), ("exp", -1), ("exp", 1e300),
            ("iat", .number(now + 61)), ("iat", nil), ("iat", .number(now - 661)), ("iat", 0),
            ("nbf", .number(now + 61)), ("nbf", "soon"),
        ]
        for (claim, value) in wrong {
            try await expectRefused("\(claim) \(value ?? "none")") { parts in
                parts.claims[claim] = value
                return nil
            }
        }
        let right: [(String, DataValue)] = [
            ("exp", .number(now - 59)), ("iat", .number(now + 60)), ("iat", .number(now - 660)),
            ("nbf", .number(now + 60)), ("exp", .number(now + 300.5)),
        ]
        for (claim, value) in right {
            let house = try await SignInHouse()
            let person = try await house.signIn { parts in
                parts.claims[claim] = value
                return nil
            }
            #expect(person.subject == "7", "\(claim)")
        }
    }

    @Test("The answer to another sign-in")
    func nonce() async throws {
        let house = try await SignInHouse()
        let first = try await house.client.begin(now: at(0))
        let stolen = try TokenParts(nonce: first.attempt.nonce, now: at(0)).signed()
        let refusal = try await house.refusal { _ in stolen }
        #expect(refusal?.message == "The id-token is not the answer to this sign-in.")
        for value in [nil, "", .null, 7] as [DataValue?] {
            try await expectRefused("nonce") { parts in
                parts.claims["nonce"] = value
                return nil
            }
        }
    }

    @Test("One that names another access token's digest")
    func accessTokenDigest() async throws {
        try await expectRefused("at_hash") { parts in
            parts.claims["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA"
            return nil
        }
        let house = try await SignInHouse()
        let person = try await house.signIn(accessToken: "opaque") { parts in
            let half = Array(SHA256.hash(data: Array("opaque".utf8)).prefix(16))
            parts.claims["at_hash"] = .string(Base64Text.text(half, .url))
            return nil
        }
        #expect(person.subject == "7")
    }

    @Test("One that asks for what is not understood")
    func critical() async throws {
        for (field, value) in [("crit", ["exp"]), ("crit", []), ("b64", false)] as [(String, DataValue)] {
            try await expectRefused("\(field)") { parts in
                parts.header[field] = value
                return nil
            }
        }
    }

    @Test("What is no token at all")
    func shapes() async throws {
        let texts = [
            "", ".", "..", "...", "a.b.c", "e30.e30.", "e30.e30.AAAA", "bnVsbA.bnVsbA.AAAA", "W10.W10.AAAA",
            String(repeating: "a", count: 70_000), "eyJhbGciOiJSUzI1NiJ9.e30",
        ]
        for text in texts { try await expectRefused("\(text.prefix(20))") { _ in text } }
        try await expectRefused("five parts, encrypted") { try $0.signed() + ".AAAA.AAAA" }
        try await expectRefused("padded") { try $0.signed() + "==" }
        try await expectRefused("white space") { " " + (try $0.signed()) }
    }
}
