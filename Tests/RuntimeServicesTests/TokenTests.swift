// SPDX-License-Identifier: Apache-2.0

import Crypto
import CryptoExtras
import Foundation
import NIOHTTP1
import RuntimeServices
import StructuredData
import Testing
import Timekeeping

@Suite struct TokenTests {
    private let house = ServiceHouse()
    private let somewhere = "/_apis/artifactcache/cache?keys=a&version=v"

    @Test(arguments: [nil, "", "abc", "a.b.c"]) func withoutAProperTokenNothingIsAnswered(token: String?) throws {
        let address = try house.job().address
        let refused = try ServiceClient(address: address, token: token).send(.GET, somewhere)
        #expect(refused.status == 401)
        #expect(refused.json["code"]?.string == "unauthenticated")
    }

    @Test func aTokenThatWasChangedIsRefused() throws {
        let job = try house.job()
        let parts = try #require(job.token).split(separator: ".").map(String.init)
        let other = try #require(try house.job().token).split(separator: ".").map(String.init)
        for forged in [
            "\(parts[0]).\(other[1]).\(parts[2])", "\(parts[0]).\(parts[1]).", "e30.\(parts[1]).\(parts[2])",
        ] {
            #expect(try ServiceClient(address: job.address, token: forged).send(.GET, somewhere).status == 401)
        }
    }

    @Test func aTokenEndsWithItsJobAndWithItsTime() throws {
        let access = try house.admit()
        let job = ServiceClient(address: access.baseAddress, token: access.token)
        #expect(try job.send(.GET, somewhere).status == 204)
        house.server.dismiss(access)
        #expect(try job.send(.GET, somewhere).status == 401)
        let late = try house.job()
        house.pass(seconds: 6 * 3600 + 1)
        #expect(try late.send(.GET, somewhere).status == 401)
    }

    @Test func anotherServersTokenIsRefused() throws {
        let other = ServiceHouse()
        let token = try other.job().token
        #expect(try ServiceClient(address: try house.job().address, token: token).send(.GET, somewhere).status == 401)
    }

    @Test func whatIsNotThereIsNotFound() throws {
        let job = try house.job()
        for path in ["/", "/other", "/_apis/other", "/_apis/artifactcache", "/_apis/resources/Containers/1/other"] {
            #expect(try job.send(.GET, path).status == 404, "\(path)")
        }
        #expect(try job.twirp("CreateCacheSomething", [:]).json["code"]?.string == "bad_route")
        let text = try job.send(
            .POST, "/twirp/github.actions.results.api.v1.CacheService/CreateCacheEntry",
            headers: ["content-type": "application/json"], body: Array("{".utf8))
        #expect(text.status == 400 && text.json["code"]?.string == "malformed")
    }

    @Test func afterItsStopTheServerCanBeStartedAgain() throws {
        let job = try house.job()
        house.server.stop()
        #expect(throws: (any Error).self) { try job.send(.GET, somewhere) }
        let again = try house.job()
        #expect(try again.send(.GET, somewhere).status == 204)
        #expect(try ServiceClient(address: again.address, token: job.token).send(.GET, somewhere).status == 401)
    }

    @Test func itIsReachedAtTheAddressesThatItWasGivenAndNoOthers() throws {
        func reach(_ host: String, _ job: ServiceClient) throws -> Int {
            let port = job.address.split(separator: ":").last ?? ""
            return try ServiceClient(address: "http://\(host):\(port)", token: job.token).send(.GET, somewhere).status
        }
        house.server.serve(at: "127.0.0.2")
        let job = try house.job()
        house.server.serve(at: "127.0.0.3")
        // Of another machine: an engine that does not run here.
        house.server.serve(at: "192.0.2.1")
        #expect(house.reported.isEmpty, "\(house.reported)")
        for host in ["127.0.0.1", "127.0.0.2", "127.0.0.3"] { #expect(try reach(host, job) == 204) }
        #expect(throws: (any Error).self) { try reach("127.0.0.4", job) }
        house.server.stop()
        let again = try house.job()
        #expect(try reach("127.0.0.3", again) == 204)
    }
}

@Suite struct IdentityTests {
    private let house = ServiceHouse()
    private let claims = IdentityClaims(
        repository: "octo/site", ref: "refs/heads/main", sha: "abc", runID: "42", eventName: "push", actor: "octocat",
        workflow: "Deploy", workflowRef: "octo/site/.github/workflows/deploy.yml@refs/heads/main",
        jobWorkflowRef: "octo/shared/.github/workflows/deploy.yml@v1", environment: "prod",
        others: ["run_attempt": "2"])

    @Test func anIDTokenSaysWhatGitHubsSaysAndCanBeVerified() throws {
        let access = try house.admit(identity: claims)
        let job = ServiceClient(address: access.baseAddress, token: access.token)
        let variables = Dictionary(uniqueKeysWithValues: access.environment(for: .script))
        let address = try #require(variables["ACTIONS_ID_TOKEN_REQUEST_URL"]) + "&audience=sts.example.com"
        let token = try #require(try job.send(.GET, address).json["value"]?.string)
        let payload = try Tokens.payload(token)
        let expected: [String: String] = [
            "sub": "repo:octo/site:environment:prod", "aud": "sts.example.com", "repository": "octo/site",
            "repository_owner": "octo", "ref": "refs/heads/main", "ref_type": "branch", "sha": "abc", "run_id": "42",
            "job_workflow_ref": "octo/shared/.github/workflows/deploy.yml@v1", "actor": "octocat",
            "environment": "prod", "event_name": "push", "run_attempt": "2", "workflow": "Deploy",
            "iss": String(access.baseAddress.dropLast()),
        ]
        for (name, value) in expected { #expect(payload[name]?.string == value, "\(name)") }
        let seconds = Int(house.now.milliseconds / 1000)
        #expect(payload["exp"]?.int == seconds + 300 && payload["iat"]?.int == seconds)
        try verify(token, from: ServiceClient(address: access.baseAddress))
    }

    /// As a cloud does: discovery, key set, signature.
    private func verify(_ token: String, from issuer: ServiceClient) throws {
        let configuration = try issuer.send(.GET, "/.well-known/openid-configuration").json
        let keysAddress = try #require(configuration["jwks_uri"]?.string)
        let keys = try issuer.send(.GET, keysAddress).json["keys"]?.array ?? []
        let parts = token.split(separator: ".")
        let head = try DataValue(json: Tokens.bytes(parts[0]))
        let key = try #require(keys.first { $0["kid"] == head["kid"] })
        #expect(head["alg"]?.string == "RS256" && key["kty"]?.string == "RSA")
        let publicKey = try _RSA.Signing.PublicKey(
            n: Data(Tokens.bytes(key["n"]?.string ?? "")), e: Data(Tokens.bytes(key["e"]?.string ?? "")))
        let signature = _RSA.Signing.RSASignature(rawRepresentation: Data(Tokens.bytes(parts[2])))
        let signed = Data("\(parts[0]).\(parts[1])".utf8)
        #expect(publicKey.isValidSignature(signature, for: signed, padding: .insecurePKCS1v1_5))
    }

    @Test func withoutAnAudienceItIsTheOwnersPage() throws {
        let job = try house.job(identity: claims)
        let token = try #require(try job.send(.GET, "/idtoken?api-version=2.0").json["value"]?.string)
        #expect(try Tokens.payload(token)["aud"]?.string == "https://github.com/octo")
    }

    @Test func withoutThePermissionThereIsNone() throws {
        let access = try house.admit()
        let job = ServiceClient(address: access.baseAddress, token: access.token)
        #expect(try job.send(.GET, "/idtoken?api-version=2.0").status == 403)
        #expect(!access.environment(for: .javaScriptAction).contains { $0.name.contains("ID_TOKEN") })
        #expect(try ServiceClient(address: access.baseAddress).send(.GET, "/idtoken?a=b").status == 401)
    }

    @Test func theSubjectIsGitHubs() {
        var other = claims
        #expect(other.subject == "repo:octo/site:environment:prod")
        other.environment = "a:b"
        #expect(other.subject == "repo:octo/site:environment:a%3Ab")
        other.environment = nil
        #expect(other.subject == "repo:octo/site:ref:refs/heads/main")
        other.eventName = "pull_request"
        #expect(other.subject == "repo:octo/site:pull_request")
    }

    @Test func theKeyIsKeptWhereAFileIsNamed() throws {
        let path = NSTemporaryDirectory() + "martlet-key-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        let sets = try (0..<2).map { _ in
            let house = ServiceHouse { $0.identityKeyPath = path }
            return try house.job().send(.GET, "/.well-known/jwks").text
        }
        #expect(sets[0] == sets[1])
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }
}

@Suite struct EnvironmentTests {
    @Test func eachKindOfStepGetsWhatTheOfficialRunnerGivesIt() throws {
        let house = ServiceHouse()
        let access = try house.admit(
            identity: IdentityClaims(
                repository: "o/r", ref: "refs/heads/main", sha: "a", runID: "1", eventName: "push", actor: "a",
                workflow: "w", workflowRef: "w"))
        func names(_ kind: JobAccess.StepKind) -> [String] { access.environment(for: kind).map(\.name) }
        let identity = ["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
        let services =
            ["ACTIONS_RUNTIME_URL", "ACTIONS_RUNTIME_TOKEN", "ACTIONS_CACHE_URL"] + identity + ["ACTIONS_RESULTS_URL"]
        #expect(names(.script) == identity)
        #expect(names(.dockerAction) == services)
        #expect(names(.javaScriptAction) == services + ["ACTIONS_CACHE_SERVICE_V2"])
        let reader = try house.admit(mayWrite: false).environment(for: .javaScriptAction)
        #expect(reader.contains { $0.name == "ACTIONS_CACHE_MODE" && $0.value == "read" })
        let inContainer = Dictionary(
            uniqueKeysWithValues: access.environment(for: .dockerAction, reachedAs: "10.0.0.1"))
        #expect(inContainer["ACTIONS_RESULTS_URL"]?.hasPrefix("http://10.0.0.1:") == true)
        #expect(inContainer["ACTIONS_RESULTS_URL"]?.hasSuffix("/") == true)
    }
}

/// Looks into tokens as a client does, without checking them.
enum Tokens {
    static func bytes(_ text: some StringProtocol) -> [UInt8] {
        var padded = text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        while padded.count % 4 != 0 { padded += "=" }
        return Data(base64Encoded: padded).map(Array.init) ?? []
    }

    static func payload(_ token: String) throws -> DataValue {
        let parts = token.split(separator: ".")
        return parts.count == 3 ? try DataValue(json: bytes(parts[1])) : .null
    }
}
