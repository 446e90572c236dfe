// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
package import HTTPMessages
internal import StructuredData
package import Timekeeping

/// Where the keys that sign requests come from, in the order of the AWS SDKs: environment, web identity, shared files,
/// container, instance. Those that hold for a while are asked for anew before they end.
package actor CredentialChain {
    private let environment: [String: String]
    private let profile: String?
    private let region: String
    private let transport: HTTPTransport
    private let now: @Sendable () -> Timestamp
    private var known: AccessKey?

    private static let fileLimitBytes = 64 << 10
    /// Keys are asked for anew so long before their end.
    private static let marginMinutes: Int64 = 5
    private static let metadata = "http://169.254.169.254/latest"
    private static let containerHost = "http://169.254.170.2"
    /// Where there is no such service nothing answers.
    private static let metadataTimeoutMs = 1_000

    package init(
        environment: [String: String], profile: String?, region: String, transport: @escaping HTTPTransport,
        now: @escaping @Sendable () -> Timestamp = { Timestamp.now() }
    ) {
        self.environment = environment
        self.profile = profile
        self.region = region
        self.transport = transport
        self.now = now
    }

    /// - Throws: ``DiagnosticCode/storageCredentialsMissing``.
    package func key() async throws(DiagnosticError) -> AccessKey {
        if let known, known.expires.map({ now() + .minutes(Self.marginMinutes) < $0 }) ?? true { return known }
        let found = try await find()
        known = found
        return found
    }

    /// The next request asks anew: what was given is not accepted.
    package func forget() { known = nil }

    private func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

    private func find() async throws(DiagnosticError) -> AccessKey {
        // A profile that is named in the address counts before the environment's keys.
        if profile == nil, let id = variable("AWS_ACCESS_KEY_ID"), let secret = variable("AWS_SECRET_ACCESS_KEY") {
            return AccessKey(id: id, secret: secret, sessionToken: variable("AWS_SESSION_TOKEN"))
        }
        if profile == nil, let path = variable("AWS_WEB_IDENTITY_TOKEN_FILE"), let role = variable("AWS_ROLE_ARN") {
            return try await webIdentity(path, role)
        }
        if let key = try SharedProfiles(profile: profile, environment: environment).key() { return key }
        if let url = containerAddress { return try await container(url) }
        if variable("AWS_EC2_METADATA_DISABLED")?.lowercased() != "true", let key = await instance() { return key }
        throw DiagnosticError(
            .storageCredentialsMissing,
            "There are no keys to sign requests to the object storage with: none in the environment, in the files of "
                + "profiles, from a container's or an instance's service.",
            remedy: "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.")
    }

    // MARK: services

    private func webIdentity(_ path: String, _ role: String) async throws(DiagnosticError) -> AccessKey {
        let token = String(decoding: try Files.read(path, limit: Self.fileLimitBytes), as: UTF8.self)
        let form: [FormText.Pair] = [
            .init("Action", "AssumeRoleWithWebIdentity"), .init("Version", "2011-06-15"), .init("RoleArn", role),
            .init("RoleSessionName", variable("AWS_ROLE_SESSION_NAME") ?? "martlet"),
            .init("WebIdentityToken", String(token.filter { !$0.isWhitespace })),
        ]
        let origin = variable("AWS_ENDPOINT_URL_STS") ?? "https://sts.\(region).amazonaws.com"
        let answer = try await transport(
            HTTPCall(
                "POST", origin + "/", headers: [("Content-Type", "application/x-www-form-urlencoded")],
                body: Array(FormText.text(form).utf8)))
        let root = try AnswerReading.read(answer.body, from: origin)
        guard answer.isSuccess, let given = root["AssumeRoleWithWebIdentityResult"]?["Credentials"] else {
            let reason = root["Error"]?.text("Message") ?? "status \(answer.status)"
            throw Self.refused("the token in \(path), for the role '\(role)': \(reason)")
        }
        guard let id = given.text("AccessKeyId"), let secret = given.text("SecretAccessKey") else {
            throw Self.refused("the token in \(path): its answer has no keys")
        }
        return AccessKey(
            id: id, secret: secret, sessionToken: given.text("SessionToken"),
            expires: given.text("Expiration").flatMap { Timestamp(iso8601: $0) })
    }

    private var containerAddress: String? {
        if let path = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") { return Self.containerHost + path }
        return variable("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    }

    private func container(_ url: String) async throws(DiagnosticError) -> AccessKey {
        var headers: HTTPHeaders = []
        if let path = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            let token = String(decoding: try Files.read(path, limit: Self.fileLimitBytes), as: UTF8.self)
            headers["Authorization"] = String(token.filter { !$0.isNewline })
        } else if let token = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN") {
            headers["Authorization"] = token
        }
        let answer = try await transport(HTTPCall("GET", url, headers: headers))
        guard answer.isSuccess, let key = Self.key(answer.body) else {
            throw Self.refused("what asks the container's service at \(url): status \(answer.status)")
        }
        return key
    }

    /// The second version of the service: a token first. `nil` where nothing answers, or the instance has no role.
    private func instance() async -> AccessKey? {
        do throws(DiagnosticError) {
            let token = try await ask("PUT", "/api/token", [("X-aws-ec2-metadata-token-ttl-seconds", "60")])
            let headers: HTTPHeaders = [("X-aws-ec2-metadata-token", String(decoding: token ?? [], as: UTF8.self))]
            let path = "/meta-data/iam/security-credentials/"
            guard token != nil, let roles = try await ask("GET", path, headers),
                let role = String(decoding: roles, as: UTF8.self).split(whereSeparator: \.isNewline).first
            else { return nil }
            return try await ask("GET", path + FormText.encoded(String(role)), headers).flatMap(Self.key)
        } catch {
            return nil
        }
    }

    private func ask(
        _ method: String, _ path: String, _ headers: HTTPHeaders
    ) async throws(DiagnosticError) -> [UInt8]? {
        let answer = try await transport(
            HTTPCall(method, Self.metadata + path, headers: headers, timeoutMs: Self.metadataTimeoutMs))
        return answer.isSuccess ? answer.body : nil
    }

    private static func key(_ json: [UInt8]) -> AccessKey? {
        guard let data = try? DataValue(json: json), let id = data["AccessKeyId"]?.string,
            let secret = data["SecretAccessKey"]?.string
        else { return nil }
        return AccessKey(
            id: id, secret: secret, sessionToken: data["Token"]?.string,
            expires: data["Expiration"]?.string.flatMap { Timestamp(iso8601: $0) })
    }

    private static func refused(_ what: String) -> DiagnosticError {
        DiagnosticError(
            .storageCredentialsMissing, "There are no keys to be had for \(what).",
            remedy: "Check the role and who may take it.")
    }
}
