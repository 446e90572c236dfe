// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Credentials
import Crypto
import Diagnostics
import HTTPMessages
import HTTPServing
import IdentityProviders
import StructuredData
import Synchronization
import TestFolders
import Testing
import Timekeeping

@testable import ServerAPI
@testable import ServerOperation

/// A provider at which one person signs in.
private final class SmallProvider: Sendable {
    let key = P256.Signing.PrivateKey()
    let claims = Mutex<DataObject>([:])

    func answer(_ call: HTTPCall) throws(DiagnosticError) -> HTTPAnswer {
        switch call.url {
        case "https://id.test/.well-known/openid-configuration":
            return json([
                "issuer": "https://id.test", "authorization_endpoint": "https://id.test/authorize",
                "token_endpoint": "https://id.test/token", "jwks_uri": "https://id.test/keys",
            ])
        case "https://id.test/keys":
            let point = Array(key.publicKey.x963Representation)
            return json([
                "keys": [
                    [
                        "kty": "EC", "crv": "P-256", "kid": "1", "use": "sig", "alg": "ES256",
                        "x": .string(Base64Text.text(point[1..<33], .url)),
                        "y": .string(Base64Text.text(point[33..<65], .url)),
                    ]
                ]
            ])
        case "https://id.test/token": return json(["token_type": "Bearer", "id_token": .string(idToken())])
        default: return HTTPAnswer(status: 404)
        }
    }

    private func idToken() -> String {
        let header: DataValue = ["alg": "ES256", "typ": "JWT", "kid": "1"]
        let parts = [header, .object(claims.withLock { $0 })]
        let head = parts.map { Base64Text.text(Array($0.jsonText().utf8), .url) }.joined(separator: ".")
        guard let signature = try? key.signature(for: Array(head.utf8)) else { return "" }
        return head + "." + Base64Text.text(Array(signature.rawRepresentation), .url)
    }

    private func json(_ value: DataValue) -> HTTPAnswer {
        HTTPAnswer(status: 200, body: Array(value.jsonText().utf8))
    }
}

@Suite("Signing in by an identity provider", .ownFolders)
struct ProviderTests {
    private let provider = SmallProvider()

    private func served(domains: [String] = []) async throws -> ServedFolder {
        let provider = provider
        return try await ServedFolder { settings in
            settings.identityProvider = IdentitySettings(
                issuer: "https://id.test", clientID: "martlet", clientSecret: "s", domains: domains
            ) { (call) throws(DiagnosticError) in try provider.answer(call) }
        }
    }

    /// Goes to the provider and comes back.
    private func signIn(
        _ served: ServedFolder, _ claims: DataObject, state: String? = nil
    ) async throws -> (Reply, cookies: String, query: String) {
        let start = await served.ask("GET", "/login/oidc?back=/runs/9")
        #expect(start.status == 303)
        let place = try #require(start.headers["Location"])
        let pairs = try #require(FormText.pairs(String(place.split(separator: "?")[1])))
        let values = Dictionary(pairs.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        #expect(values["redirect_uri"] == "http://127.0.0.1:8480/login/oidc/callback")
        let now = Double(Timestamp.now().milliseconds / 1_000)
        var all: DataObject = [
            "iss": "https://id.test", "aud": "martlet", "sub": "7", "nonce": .string(values["nonce"] ?? ""),
            "iat": .number(now), "exp": .number(now + 300),
        ]
        for (key, value) in claims { all[key] = value }
        provider.claims.withLock { $0 = all }
        let browser = start.cookie("martlet-browser") ?? ""
        let cookies = "martlet-browser=\(browser); martlet-sign-in=\(try #require(start.cookie("martlet-sign-in")))"
        let query = "code=c&state=\(state ?? values["state"] ?? "")"
        let back = await served.ask("GET", "/login/oidc/callback?\(query)", headers: [("Cookie", cookies)])
        return (back, cookies, query)
    }

    private let ada: DataObject = [
        "email": "ada@example.org", "email_verified": true, "preferred_username": "ada lovelace",
    ]

    @Test("Who has an account with the verified address comes in, and is known by identity from then on")
    func known() async throws {
        let served = try await served()
        let id = try await served.account("ada")
        let (first, _, _) = try await signIn(served, ada)
        #expect(first.status == 303 && first.headers["Location"] == "/runs/9")
        #expect(first.cookie("martlet") != nil)
        #expect(served.server.directory.current.accounts[id]?.identity?.subject == "7")
        let (second, _, _) = try await signIn(served, ["email": "other@example.org", "email_verified": true])
        #expect(second.status == 303)
        #expect(served.server.directory.current.accounts.count == 1)
    }

    @Test("Nobody else comes in, unless their domain belongs here")
    func unknown() async throws {
        let closed = try await served()
        try await closed.account("root", isAdmin: true)
        #expect(try await signIn(closed, ada).0.status == 403)
        let open = try await served(domains: ["example.org"])
        try await open.account("root", isAdmin: true)
        #expect(try await signIn(open, ada).0.status == 303)
        let made = try #require(open.server.directory.current.account(named: "adalovelace"))
        #expect(!made.isServerAdmin && made.passwordReference == nil)
        let other = try await signIn(open, ["email": "eve@elsewhere.org", "email_verified": true, "sub": "8"])
        #expect(other.0.status == 403)
    }

    @Test("An address that is not verified is nobody's account")
    func unverified() async throws {
        let served = try await served()
        try await served.account("ada")
        #expect(try await signIn(served, ["email": "ada@example.org", "email_verified": false]).0.status == 403)
    }

    @Test("An answer is good once, in the browser that was sent away, with its own state")
    func replay() async throws {
        let served = try await served()
        try await served.account("ada")
        let (first, cookies, query) = try await signIn(served, ada)
        #expect(first.status == 303)
        let again = await served.ask("GET", "/login/oidc/callback?\(query)", headers: [("Cookie", cookies)])
        #expect(again.status == 403 && again.cookie("martlet") == nil)
        #expect(await served.ask("GET", "/login/oidc/callback?\(query)").status == 403)
        #expect(try await signIn(served, ada, state: "other").0.status == 403)
    }

    @Test("A server without a provider says so")
    func absent() async throws {
        let served = try await ServedFolder()
        #expect(await served.ask("GET", "/login/oidc").code == "MRT1205")
    }

    @Test("A disabled account does not come in by the provider either")
    func disabled() async throws {
        let served = try await served()
        let id = try await served.account("ada")
        _ = try await served.server.directory.perform(.disableAccount(id, reason: nil), by: .system("test"))
        let (answer, _, _) = try await signIn(served, ada)
        #expect(answer.status == 410 && answer.cookie("martlet") == nil)
    }
}

@Suite("Behind a proxy", .ownFolders)
struct ProxyTests {
    @Test("The word of a proxy that is trusted is taken, and nobody else's")
    func addresses() {
        func address(_ peer: String, _ forwarded: String?) -> String {
            var headers = HTTPHeaders()
            if let forwarded { headers.add("X-Forwarded-For", forwarded) }
            return ClientAddress.of(
                .init("GET", "/", headers: headers, peer: peer), trusted: ["10.0.0.1", "10.0.0.2"])
        }
        #expect(address("192.0.2.9", "1.2.3.4") == "192.0.2.9")
        #expect(address("10.0.0.1", "1.2.3.4") == "1.2.3.4")
        #expect(address("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2") == "1.2.3.4")
        #expect(address("10.0.0.1", nil) == "10.0.0.1")
        #expect(address("10.0.0.1", "unknown<script>") == "10.0.0.1")
    }

    @Test("Proxies may be a network, of either kind of address")
    func networks() {
        func address(_ peer: String, _ forwarded: String) -> String {
            ClientAddress.of(
                .init("GET", "/", headers: [("X-Forwarded-For", forwarded)], peer: peer),
                trusted: ["10.0.0.0/24", "fd00::/8"])
        }
        #expect(address("10.0.0.7", "1.2.3.4, 10.0.0.200") == "1.2.3.4")
        #expect(address("10.0.1.7", "1.2.3.4") == "10.0.1.7")
        #expect(address("fd12::1", "2001:db8::9") == "2001:db8::9")
    }
}
