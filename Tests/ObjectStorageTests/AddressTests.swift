// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FileAccess
import HTTPMessages
import StructuredData
import Synchronization
import TestFolders
import TestPrograms
import Testing
import Timekeeping

@testable import ObjectStorage

@Suite("The address of a store is read as it is written")
struct AddressTests {
    private func bucket(_ text: String) throws -> BucketAddress {
        guard case .bucket(let address) = try StorageAddress(text) else { throw Wrong() }
        return address
    }

    private struct Wrong: Error {}

    @Test("All of its settings")
    func settings() throws {
        let address = try bucket(
            "s3://my-bucket/pre%20fix/in?region=eu-central-1&endpoint=http://127.0.0.1:8333/&path-style=true"
                + "&sse=aws:kms&kms-key=arn:aws:kms:x&links=none&profile=ci")
        #expect(address.bucket == "my-bucket" && address.prefix == "pre fix/in/")
        #expect(address.region == "eu-central-1" && address.endpoint == "http://127.0.0.1:8333")
        #expect(address.isPathStyle == true && address.links == .none && address.profile == "ci")
        #expect(address.encryption == .keyService(keyID: "arn:aws:kms:x"))
        #expect(try StorageAddress("file:///var/blobs") == .folder("/var/blobs"))
        #expect(try bucket("s3://my-bucket").prefix.isEmpty)
        #expect(try bucket("s3://my-bucket/a/").prefix == "a/")
    }

    @Test(
        "What is none says why",
        arguments: [
            "", "my-bucket", "https://my-bucket", "s3://", "s3://UPPER", "s3://a", "s3://a..b", "s3://bucket/../x",
            "s3://bucket/a//b", "s3://bucket/%ff", "s3://bucket?reigon=x", "s3://bucket?region=",
            "s3://bucket?sse=none",
            "s3://bucket?endpoint=ftp://x", "s3://bucket?endpoint=http://x/y", "s3://bucket?path-style=yes",
            "s3://bucket?kms-key=x", "s3://bucket?region=a%0Ab", "file://relative", "file:///a?b",
            "s3://bucket/" + String(repeating: "a", count: 200),
        ])
    func invalid(text: String) {
        let error = #expect(throws: DiagnosticError.self) { try StorageAddress(text) }
        #expect(error?.diagnostic.code == .storageAddressInvalid)
        #expect(error?.diagnostic.remedy != nil)
    }

    @Test(
        "A secret in it is refused, and not said again",
        arguments: [
            "s3://AKIA:hushhush@bucket/x", "s3://bucket?secret-access-key=hushhush", "s3://bucket?access_key=hushhush",
            "s3://bucket?AWS_SESSION_TOKEN=hushhush", "s3://bucket?password=hushhush",
        ])
    func secrets(text: String) {
        let error = #expect(throws: DiagnosticError.self) { try StorageAddress(text) }
        #expect(error?.diagnostic.code == .storageAddressSecret)
        #expect(error?.diagnostic.message.contains("hushhush") == false)
    }

    private func client(_ text: String, _ environment: [String: String] = [:]) throws -> BucketClient {
        let unused: HTTPTransport = { (_) throws(DiagnosticError) in throw DiagnosticError(.webUnreachable, "") }
        let exchange: HTTPExchange = { (_, _) throws(DiagnosticError) in throw DiagnosticError(.webUnreachable, "") }
        return try BucketClient(
            try bucket(text),
            BucketSurroundings(environment: environment, transport: unused, exchange: exchange))
    }

    @Test("Where requests go: Amazon's by the bucket's name, others by their path")
    func origins() throws {
        let request = BucketRequest(method: "GET", key: "a b/ü", what: "look")
        let url = { (client: BucketClient) in client.unsigned(request, endpoint: client.endpoint).url }
        #expect(
            url(try client("s3://bucket?region=eu-west-1")) == "https://bucket.s3.eu-west-1.amazonaws.com/a%20b/%C3%BC")
        #expect(url(try client("s3://bucket", ["AWS_REGION": "cn-north-1"])).contains(".amazonaws.com.cn/"))
        #expect(url(try client("s3://my.bucket")).hasPrefix("https://s3.us-east-1.amazonaws.com/my.bucket/"))
        #expect(url(try client("s3://bucket?endpoint=http://x:1")).hasPrefix("http://x:1/bucket/a%20b"))
        #expect(
            url(try client("s3://bucket?endpoint=http://x:1&path-style=false")).hasPrefix("http://bucket.x:1/a%20b"))
        #expect(url(try client("s3://bucket", ["AWS_ENDPOINT_URL_S3": "https://y"])).hasPrefix("https://y/bucket/"))
    }
}

@Suite("Keys are found where the tools of AWS look for them", .ownFolders)
struct CredentialTests {
    /// A chain whose requests are answered by their address; those that were sent.
    private final class Services: Sendable {
        let calls = Mutex<[HTTPCall]>([])
        let answers: [String: String]

        init(_ answers: [String: String]) { self.answers = answers }

        func chain(
            _ environment: [String: String], profile: String? = nil,
            now: @escaping @Sendable () -> Timestamp = { .now() }
        ) -> CredentialChain {
            let transport: HTTPTransport = { (call) throws(DiagnosticError) in
                self.calls.withLock { $0.append(call) }
                guard let body = self.answers["\(call.method) \(call.url)"] else {
                    throw DiagnosticError(.webUnreachable, "Nobody is there.")
                }
                return HTTPAnswer(status: 200, body: Array(body.utf8))
            }
            return CredentialChain(
                environment: environment, profile: profile, region: "eu-west-1", transport: transport, now: now)
        }
    }

    private func files() throws -> [String: String] {
        let (credentials, config) = (OwnFolders.path(), OwnFolders.path())
        try Files.write(
            """
            # of the laptop
            [default]
            aws_access_key_id = DEFAULT
            aws_secret_access_key = default-secret ; a remark

            [ci]
            aws_access_key_id=CI
              nested = no
            aws_secret_access_key=ci#secret
            aws_session_token=ci-token
            """.utf8, to: credentials)
        try Files.write(
            """
            [profile ci]
            region = eu-north-1
            [profile role]
            role_arn = arn:x
            source_profile = ci
            """.utf8, to: config)
        return [
            "AWS_SHARED_CREDENTIALS_FILE": credentials, "AWS_CONFIG_FILE": config, "HOME": "/nonexistent",
            "AWS_EC2_METADATA_DISABLED": "true",
        ]
    }

    @Test("The environment comes first, then the profile's files; a profile of the address before both")
    func order() async throws {
        let (services, files) = (Services([:]), try files())
        let own = ["AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"]
        let both = files.merging(own) { $1 }
        #expect(try await services.chain(both).key() == AccessKey(id: "ENV", secret: "s", sessionToken: "t"))
        #expect(try await services.chain(files).key() == AccessKey(id: "DEFAULT", secret: "default-secret"))
        let named = AccessKey(id: "CI", secret: "ci#secret", sessionToken: "ci-token")
        #expect(try await services.chain(both, profile: "ci").key() == named)
        #expect(try await services.chain(files.merging(["AWS_PROFILE": "ci"]) { $1 }).key() == named)
        #expect(try SharedProfiles(profile: "ci", environment: files).settings["region"] == "eu-north-1")
        #expect(services.calls.withLock { $0.isEmpty })
    }

    @Test("A profile that is not there, or gets its keys elsewhere, is told", arguments: ["nobody", "role"])
    func profiles(name: String) async throws {
        let chain = Services([:]).chain(try files(), profile: name)
        let error = await #expect(throws: DiagnosticError.self) { try await chain.key() }
        #expect(error?.diagnostic.code == .storageCredentialsMissing)
        #expect(error?.diagnostic.message.contains("'\(name)'") == true)
    }

    @Test("Where there are none it says so")
    func none() async throws {
        let chain = Services([:]).chain(["HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true"])
        let error = await #expect(throws: DiagnosticError.self) { try await chain.key() }
        #expect(error?.diagnostic.code == .storageCredentialsMissing)
    }

    @Test("A container's service gives keys that are asked for anew before they end")
    func container() async throws {
        let services = Services([
            "GET http://169.254.170.2/v2/credentials": """
            {"AccessKeyId": "BOX", "SecretAccessKey": "s", "Token": "t", "Expiration": "2026-01-01T01:00:00Z"}
            """
        ])
        let time = Mutex(try #require(Timestamp(iso8601: "2026-01-01T00:00:00Z")))
        let chain = services.chain(
            ["HOME": "/nonexistent", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials"],
            now: { time.withLock { $0 } })
        #expect(try await chain.key().id == "BOX")
        #expect(try await chain.key().sessionToken == "t")
        #expect(services.calls.withLock { $0.count } == 1)
        time.withLock { $0 = $0 + .minutes(56) }
        _ = try await chain.key()
        #expect(services.calls.withLock { $0.count } == 2)
    }

    @Test("An instance's service is asked with a token")
    func instance() async throws {
        let base = "http://169.254.169.254/latest"
        let services = Services([
            "PUT \(base)/api/token": "the-token", "GET \(base)/meta-data/iam/security-credentials/": "role-1\n",
            "GET \(base)/meta-data/iam/security-credentials/role-1": """
            {"Code": "Success", "AccessKeyId": "BOX", "SecretAccessKey": "s", "Token": "t",
             "Expiration": "2099-01-01T00:00:00Z"}
            """,
        ])
        #expect(try await services.chain(["HOME": "/nonexistent"]).key().id == "BOX")
        let asked = services.calls.withLock { $0.map { $0.headers["X-aws-ec2-metadata-token"] } }
        #expect(asked == [nil, "the-token", "the-token"])
    }

    @Test("A web identity is changed for keys")
    func webIdentity() async throws {
        let token = OwnFolders.path()
        try Files.write("a.b.c\n".utf8, to: token)
        let services = Services([
            "POST https://sts.eu-west-1.amazonaws.com/": """
            <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
              <AssumeRoleWithWebIdentityResult><Credentials><SessionToken>t</SessionToken>
              <SecretAccessKey>s</SecretAccessKey><Expiration>2099-01-01T00:00:00Z</Expiration>
              <AccessKeyId>WEB</AccessKeyId></Credentials></AssumeRoleWithWebIdentityResult>
            </AssumeRoleWithWebIdentityResponse>
            """
        ])
        let chain = services.chain([
            "HOME": "/nonexistent", "AWS_WEB_IDENTITY_TOKEN_FILE": token, "AWS_ROLE_ARN": "arn:aws:iam::1:role/x",
        ])
        #expect(try await chain.key().id == "WEB")
        let body = String(decoding: services.calls.withLock { $0[0].body }, as: UTF8.self)
        #expect(body.contains("WebIdentityToken=a.b.c") && body.contains("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx"))
    }
}
