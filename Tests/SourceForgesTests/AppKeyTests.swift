// SPDX-License-Identifier: Apache-2.0

import CryptoExtras
import Diagnostics
import Foundation
import HTTPMessages
import SourceForges
import StructuredData
import Testing
import Timekeeping

@Suite("A GitHub App's key")
struct AppKeyTests {
    private static let key: _RSA.Signing.PrivateKey? = try? _RSA.Signing.PrivateKey(keySize: .bits2048)

    private func decoded(_ part: Substring) throws -> [UInt8] {
        var text = part.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        while text.utf8.count % 4 != 0 { text += "=" }
        return Array(try #require(Data(base64Encoded: text)))
    }

    @Test("Its token is signed with RS256, names the App, and is good for ten minutes at most")
    func token() throws {
        let key = try #require(Self.key)
        for pem in [key.pemRepresentation, key.pkcs8PEMRepresentation] {
            let token = try GitHubAppKey(issuer: "Iv23liTern", pem: pem).token(now: now)
            let parts = token.split(separator: ".")
            #expect(parts.count == 3 && !token.contains("="))
            #expect(try DataValue(json: try decoded(parts[0])) == ["alg": "RS256", "typ": "JWT"])
            let claims = try DataValue(json: try decoded(parts[1]))
            let issued = try #require(claims["iat"]?.int)
            let until = try #require(claims["exp"]?.int)
            #expect(claims["iss"] == "Iv23liTern")
            #expect(issued < Int(now.milliseconds / 1000) && until - issued <= 600)
            let signature = _RSA.Signing.RSASignature(rawRepresentation: Data(try decoded(parts[2])))
            #expect(
                key.publicKey.isValidSignature(
                    signature, for: Array("\(parts[0]).\(parts[1])".utf8), padding: .insecurePKCS1v1_5))
        }
    }

    @Test("It is exchanged for a token of an installation, which is renewed before it expires")
    func exchange() async throws {
        let key = try GitHubAppKey(issuer: "7", pem: try #require(Self.key).pemRepresentation)
        let address = try ForgeAddress(.github, server: "https://github.com")
        let transport: HTTPTransport = { call throws(DiagnosticError) in
            guard call.method == "POST", call.url == "https://api.github.com/app/installations/9001/access_tokens",
                call.headers["Authorization"]?.hasPrefix("Bearer ey") == true
            else { return HTTPAnswer(status: 404) }
            let body = #"{"token":"ghs_moss","expires_at":"2026-03-01T10:00:00Z","permissions":{"checks":"write"}}"#
            return HTTPAnswer(status: 201, body: Array(body.utf8))
        }
        let token = try await key.installationToken(9001, at: address, now: now, transport: transport)
        #expect(token.text == "ghs_moss")
        #expect(token.isFresh(at: now))
        #expect(token.isFresh(at: token.expiresAt + .seconds(-301)))
        #expect(!token.isFresh(at: token.expiresAt + .seconds(-300)))
        await #expect(throws: DiagnosticError.self) {
            try await key.installationToken(1, at: address, now: now, transport: transport)
        }
    }

    @Test("An answer without a token, and a key that is none, have their codes")
    func broken() async throws {
        for pem in ["", "moss", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n"] {
            #expect(code { _ = try GitHubAppKey(issuer: "7", pem: pem) } == .appKeyUnusable)
        }
        let key = try GitHubAppKey(issuer: "7", pem: try #require(Self.key).pemRepresentation)
        let address = try ForgeAddress(.github, server: "https://github.com")
        for (status, body, expected) in [
            (201, "{}", DiagnosticCode.forgeAnswerMalformed),
            (201, #"{"token":"x","expires_at":"soon"}"#, .forgeAnswerMalformed),
            (201, "", .forgeAnswerMalformed), (401, "", .forgeRefused), (503, "", .forgeBusy),
        ] {
            do throws(DiagnosticError) {
                _ = try await key.installationToken(1, at: address, now: now) { _ throws(DiagnosticError) in
                    HTTPAnswer(status: status, body: Array(body.utf8))
                }
                Issue.record("\(status) should be an error")
            } catch {
                #expect(error.diagnostic.code == expected)
            }
        }
    }
}
