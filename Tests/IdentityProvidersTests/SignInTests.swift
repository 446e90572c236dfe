// SPDX-License-Identifier: Apache-2.0

import Credentials
import Crypto
import Diagnostics
import HTTPMessages
import IdentityProviders
import StructuredData
import Testing
import Timekeeping

@Suite("Signing in at an identity provider")
struct SignInTests {
    @Test("Whoever comes back with a good answer is known by the provider's claims", arguments: [TestKey.rsa, .p256])
    func good(key: TestKey) async throws {
        let house = try await SignInHouse()
        let person = try await house.signIn(key: key)
        #expect(person.issuer == "https://id.test")
        #expect(person.subject == "7")
        #expect(person.email == "ada@example.org" && person.isEmailVerified)
        #expect(person.name == "Ada" && person.userName == "ada")
        #expect(person.groups == ["builders", "all"])
    }

    @Test("The browser is sent with state, nonce and a challenge, never twice the same")
    func begin() async throws {
        let house = try await SignInHouse()
        let first = try await house.client.begin(now: at(0))
        let second = try await house.client.begin(now: at(0))
        #expect(first.url.hasPrefix("https://id.test/authorize?"))
        let query = try #require(first.url.split(separator: "?").last)
        let pairs = try #require(FormText.pairs(query))
        let values = Dictionary(pairs.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        let challenge = Base64Text.text(Array(SHA256.hash(data: Array(first.attempt.verifier.utf8))), .url)
        #expect(
            values == [
                "response_type": "code", "client_id": "martlet", "redirect_uri": "https://ci.test/auth/back",
                "scope": "openid email profile", "state": first.attempt.state, "nonce": first.attempt.nonce,
                "code_challenge": challenge, "code_challenge_method": "S256",
            ])
        #expect(!first.url.contains(first.attempt.verifier))
        #expect(first.attempt.verifier.utf8.count == 43)
        let secrets = [first, second].flatMap { [$0.attempt.state, $0.attempt.nonce, $0.attempt.verifier] }
        #expect(Set(secrets).count == 6)
        #expect(try SignInAttempt(data: DataValue(json: first.attempt.data.jsonText())) == first.attempt)
        #expect(throws: DataShapeError.self) { try SignInAttempt(data: ["s": "", "n": "", "v": ""]) }
    }

    @Test("The code is exchanged with the verifier and the secret, as the provider wants it")
    func exchange() async throws {
        let house = try await SignInHouse()
        _ = try await house.signIn()
        let call = try #require(await house.provider.calls.first { $0.url == "https://id.test/token" })
        #expect(call.method == "POST")
        #expect(call.headers["authorization"] == "Basic bWFydGxldDpzJTJGZWNyZXQ=")
        let form = String(decoding: call.body, as: UTF8.self)
        #expect(
            form.hasPrefix("grant_type=authorization_code&code=abc&redirect_uri=https%3A%2F%2Fci.test%2Fauth%2Fback"))
        #expect(form.contains("&code_verifier=") && !form.contains("ecret"))
        let other = try await SignInHouse()
        await other.provider.set { $0.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_post"] }
        _ = try await other.signIn()
        let posted = try #require(await other.provider.calls.first { $0.url == "https://id.test/token" })
        #expect(posted.headers["authorization"] == nil)
        #expect(String(decoding: posted.body, as: UTF8.self).hasSuffix("&client_id=martlet&client_secret=s%2Fecret"))
    }

    @Test(
        "An answer that does not belong to this browser's sign-in is refused before anything is asked",
        arguments: [
            "", "code=abc", "state=STATE", "code=abc&state=other", "code=&state=STATE",
            "code=abc&state=STATE&state=STATE",
            "code=a&code=b&state=STATE", "code=abc&state=STATE&iss=https%3A%2F%2Fevil.test", "code=abc&state=STATE%",
        ])
    func foreignAnswers(query: String) async throws {
        let house = try await SignInHouse()
        let start = try await house.client.begin(now: at(0))
        let text = query.replacing("STATE", with: start.attempt.state)
        let error = await #expect(throws: DiagnosticError.self) {
            try await house.client.finish(query: text, attempt: start.attempt, now: at(0))
        }
        #expect(error?.diagnostic.code == .signInStateRefused)
        #expect(await house.provider.count("/token") == 0)
    }

    @Test("A provider that promises to name itself in its answers has to")
    func issuerInAnswer() async throws {
        let house = try await SignInHouse()
        await house.provider.set { $0.metadata["authorization_response_iss_parameter_supported"] = true }
        let refusal = try await house.refusal()
        #expect(refusal?.code == .signInStateRefused)
        let start = try await house.client.begin(now: at(0))
        await house.provider.give(try TokenParts(nonce: start.attempt.nonce, now: at(0)).signed())
        let query = "code=abc&iss=https%3A%2F%2Fid.test&state=\(start.attempt.state)"
        #expect(try await house.client.finish(query: query, attempt: start.attempt, now: at(0)).subject == "7")
    }

    @Test("What the provider refuses is said in its words, on one line")
    func denied() async throws {
        let house = try await SignInHouse()
        let start = try await house.client.begin(now: at(0))
        let query = "error=access_denied&error_description=no%0D%0Anever&state=\(start.attempt.state)"
        let error = await #expect(throws: DiagnosticError.self) {
            try await house.client.finish(query: query, attempt: start.attempt, now: at(0))
        }
        #expect(error?.diagnostic.code == .signInDenied)
        #expect(error?.diagnostic.message == "The provider refused the sign-in: access_denied (no  never).")
        await house.provider.set {
            $0.tokenAnswer = HTTPAnswer(status: 400, body: Array(#"{"error":"invalid_grant"}"#.utf8))
        }
        let exchange = await #expect(throws: DiagnosticError.self) {
            try await house.client.finish(
                query: "code=a&state=\(start.attempt.state)", attempt: start.attempt, now: at(0))
        }
        #expect(exchange?.diagnostic.code == .signInDenied)
        #expect(exchange?.diagnostic.message.contains("invalid_grant") == true)
    }

    @Test("What the id-token leaves out is asked for, of the same person only")
    func userInfo() async throws {
        let house = try await SignInHouse()
        await house.provider.set {
            $0.metadata["userinfo_endpoint"] = "https://id.test/me"
            $0.userInfo = ["sub": "7", "email": "late@example.org", "email_verified": "true", "name": "Other"]
        }
        let person = try await house.signIn { parts in
            parts.claims["email"] = nil
            parts.claims["email_verified"] = nil
            return nil
        }
        #expect(person.email == "late@example.org" && person.isEmailVerified)
        #expect(person.name == "Ada")
        let call = try #require(await house.provider.calls.last)
        #expect(call.headers["Authorization"] == "Bearer opaque")
        await house.provider.set { $0.userInfo = ["sub": "8", "email": "evil@example.org"] }
        let refusal = try await house.refusal { parts in
            parts.claims["email"] = nil
            return nil
        }
        #expect(refusal?.code == .idTokenRefused)
    }

    @Test("Only verified addresses of the named domains, and members of the named groups, come in")
    func admission() async throws {
        let house = try await SignInHouse {
            $0.domains = ["Example.org"]
            $0.groups = ["builders"]
        }
        #expect(try await house.signIn().subject == "7")
        let changes: [(String, DataValue?)] = [
            ("email", "ada@evil.test"), ("email", "ada@example.org.evil.test"), ("email", nil),
            ("email", "ada@notexample.org"), ("email_verified", false), ("email_verified", nil),
            ("groups", ["others"]), ("groups", nil), ("groups", "builders"),
        ]
        for (claim, value) in changes {
            let refusal = try await house.refusal { parts in
                parts.claims[claim] = value
                return nil
            }
            #expect(refusal?.code == .personNotAdmitted, "\(claim) \(value ?? "none")")
        }
    }

    @Test("Texts that could disturb a page or a log are not taken over")
    func texts() async throws {
        let house = try await SignInHouse()
        let person = try await house.signIn { parts in
            parts.claims["name"] = "Ada\u{202E}\nroot"
            parts.claims["preferred_username"] = .string(String(repeating: "a", count: 300))
            parts.claims["groups"] = .array((0..<1000).map { .string("g\($0)") } + [7, ["x"]])
            return nil
        }
        #expect(person.name == nil && person.userName == nil)
        #expect(person.groups.count == 500)
    }

    // MARK: what is kept

    @Test("The provider is asked about itself and its keys once an hour")
    func cache() async throws {
        let house = try await SignInHouse()
        for second in [0, 10, 3599] as [Int64] { _ = try await house.signIn(at(second)) }
        #expect(await house.provider.count("/.well-known/openid-configuration") == 1)
        #expect(await house.provider.count("/keys") == 1)
        _ = try await house.signIn(at(3601))
        #expect(await house.provider.count("/.well-known/openid-configuration") == 2)
        #expect(await house.provider.count("/keys") == 2)
    }

    @Test("A new key of the provider is found when its first token comes")
    func rollover() async throws {
        let house = try await SignInHouse()
        _ = try await house.signIn(at(0))
        let newKeys = [try TestKey.otherRSA.jwk()]
        await house.provider.set { $0.keys = newKeys }
        _ = try await house.signIn(at(61), key: .otherRSA)
        #expect(await house.provider.count("/keys") == 2)
        // The old key is gone with that.
        #expect(try await house.refusal(at(130))?.code == .idTokenRefused)
    }

    @Test("Tokens with unknown keys do not make this server ask all the time")
    func flood() async throws {
        let house = try await SignInHouse()
        _ = try await house.signIn(at(0))
        for second in 0..<60 {
            let refusal = try await house.refusal(at(Int64(second)), key: .otherRSA)
            #expect(refusal?.message == "The id-token is signed with a key that the provider does not publish.")
        }
        #expect(await house.provider.count("/keys") == 1)
        _ = try await house.refusal(at(61), key: .otherRSA)
        _ = try await house.refusal(at(62), key: .otherRSA)
        #expect(await house.provider.count("/keys") == 2)
    }

    @Test("A provider that is down after an hour is still known; one that never answered is not")
    func down() async throws {
        let house = try await SignInHouse()
        _ = try await house.client.begin(now: at(0))
        await house.provider.set { $0.isDown = true }
        #expect(try await house.client.begin(now: at(9000)).url.hasPrefix("https://id.test/authorize"))
        let other = try await SignInHouse()
        await other.provider.set { $0.isDown = true }
        let error = await #expect(throws: DiagnosticError.self) { try await other.client.begin(now: at(0)) }
        #expect(error?.diagnostic.code == .identityProviderUnusable)
    }

    @Test("A configuration that is another's, insecure, or without PKCE is refused")
    func configuration() async throws {
        let changes: [(String, DataValue?)] = [
            ("issuer", "https://id.test/"), ("issuer", "https://evil.test"), ("issuer", nil),
            ("token_endpoint", "http://id.test/token"), ("token_endpoint", nil), ("jwks_uri", "file:///etc/passwd"),
            ("jwks_uri", "https://user@id.test/keys"), ("authorization_endpoint", "javascript:alert(1)"),
            ("userinfo_endpoint", "http://id.test/me"), ("code_challenge_methods_supported", ["plain"]),
        ]
        for (key, value) in changes {
            let house = try await SignInHouse()
            await house.provider.set { $0.metadata[key] = value }
            let error = await #expect(throws: DiagnosticError.self) { try await house.client.begin(now: at(0)) }
            #expect(error?.diagnostic.code == .identityProviderUnusable, "\(key)")
        }
    }

    @Test(
        "An issuer is https, or on this machine",
        arguments: [
            ("https://id.test", true), ("https://id.test/realms/a", true), ("http://127.0.0.1:9000", true),
            ("http://localhost", true), ("http://[::1]:1", true), ("http://id.test", false), ("https://", false),
            ("", false), ("http://localhost.evil.test", false), ("http://127.0.0.1:9@evil.test", false),
            ("https://id.test?x", false), ("https://id.test/ x", false), ("ftp://id.test", false),
        ])
    func issuers(issuer: String, isGood: Bool) {
        let settings = try? ProviderSettings(
            issuer: issuer, clientID: "a", clientSecret: nil, redirectURL: "https://ci.test/")
        #expect((settings != nil) == isGood)
        let back = try? ProviderSettings(
            issuer: "https://id.test", clientID: "a", clientSecret: "", redirectURL: "https://ci.test/")
        #expect(back == nil)
    }
}
