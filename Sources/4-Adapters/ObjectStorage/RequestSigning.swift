// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import HTTPMessages
internal import StructuredData
package import Timekeeping

/// What requests are signed with.
package struct AccessKey: Hashable, Sendable {
    package var id: String
    package var secret: String
    /// Of keys that hold for a while.
    package var sessionToken: String?
    package var expires: Timestamp?

    package init(id: String, secret: String, sessionToken: String? = nil, expires: Timestamp? = nil) {
        self.id = id
        self.secret = secret
        self.sessionToken = sessionToken
        self.expires = expires
    }
}

/// A request as it is signed: nothing of it may change afterwards.
struct UnsignedRequest: Sendable {
    var method: String
    /// `https://host[:port]`
    var origin: String
    /// As it is sent: each part percent-coded once.
    var path: String
    /// Decoded, in any order.
    var query: [FormText.Pair] = []
    /// All of these are signed.
    var headers: HTTPHeaders = []

    var host: String { String(origin.drop { $0 != "/" }.dropFirst(2)) }

    /// `/` between parts stays.
    static func path(of key: String) -> String {
        key.split(separator: "/", omittingEmptySubsequences: false).map { FormText.encoded(String($0)) }
            .joined(separator: "/")
    }

    var url: String {
        let text = query.isEmpty ? "" : "?" + Self.canonical(query)
        return origin + path + text
    }

    static func canonical(_ query: [FormText.Pair]) -> String {
        let coded = query.map { (FormText.encoded($0.name), FormText.encoded($0.value)) }
        return coded.sorted { $0 < $1 }.map { "\($0)=\($1)" }.joined(separator: "&")
    }
}

/// Signatures of requests, in their headers or in their query.
///
/// Source: "Authenticating Requests (AWS Signature Version 4)", Amazon S3 API Reference.
struct RequestSigning: Sendable {
    var key: AccessKey
    var region: String
    var service = "s3"
    var now: Timestamp

    /// Of a body that is not signed, as those of links.
    static let unsignedPayload = "UNSIGNED-PAYLOAD"
    static let emptyPayload = Hexadecimal.text(SHA256.hash(data: []))
    private static let algorithm = "AWS4-HMAC-SHA256"

    /// - Parameter payload: SHA-256 of the body, in hexadecimal digits.
    /// - Returns: the headers to send.
    func headers(_ request: UnsignedRequest, payload: String) -> HTTPHeaders {
        var request = request
        request.headers["Host"] = request.host
        request.headers["x-amz-date"] = time
        if service == "s3" { request.headers["x-amz-content-sha256"] = payload }
        if let token = key.sessionToken { request.headers["x-amz-security-token"] = token }
        let signature = signature(request, payload: payload)
        var headers = request.headers
        headers["Authorization"] =
            "\(Self.algorithm) Credential=\(key.id)/\(scope), SignedHeaders=\(Self.signedNames(request.headers)), "
            + "Signature=\(signature)"
        return headers
    }

    /// An address that holds for some seconds, whoever has it.
    func link(_ request: UnsignedRequest, seconds: Int) -> String {
        var request = request
        request.headers["Host"] = request.host
        request.query += [
            .init("X-Amz-Algorithm", Self.algorithm), .init("X-Amz-Credential", "\(key.id)/\(scope)"),
            .init("X-Amz-Date", time), .init("X-Amz-Expires", String(seconds)),
            .init("X-Amz-SignedHeaders", Self.signedNames(request.headers)),
        ]
        if let token = key.sessionToken { request.query.append(.init("X-Amz-Security-Token", token)) }
        let signature = signature(request, payload: Self.unsignedPayload)
        return request.url + "&X-Amz-Signature=" + signature
    }

    // MARK: steps

    func canonicalRequest(_ request: UnsignedRequest, payload: String) -> String {
        let fields = Self.sorted(request.headers).map { "\($0):\($1)\n" }.joined()
        return [
            request.method, request.path, UnsignedRequest.canonical(request.query), fields,
            Self.signedNames(request.headers), payload,
        ].joined(separator: "\n")
    }

    private func signature(_ request: UnsignedRequest, payload: String) -> String {
        let canonical = canonicalRequest(request, payload: payload)
        let text = [Self.algorithm, time, scope, Hexadecimal.text(SHA256.hash(data: Array(canonical.utf8)))]
            .joined(separator: "\n")
        var signing = SymmetricKey(data: Array("AWS4\(key.secret)".utf8))
        for part in [day, region, service, "aws4_request"] {
            signing = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: signing))
        }
        return Hexadecimal.text(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: signing))
    }

    private var scope: String { "\(day)/\(region)/\(service)/aws4_request" }
    private var day: String { String(time.prefix(8)) }

    /// `20150830T123600Z`
    var time: String {
        let whole = Timestamp(milliseconds: now.milliseconds - now.milliseconds % 1_000)
        return whole.description.filter { $0 != "-" && $0 != ":" }
    }

    private static func sorted(_ headers: HTTPHeaders) -> [(String, String)] {
        var fields: [String: [String]] = [:]
        for field in headers {
            let words = field.value.split(separator: " ", omittingEmptySubsequences: true)
            fields[field.name.lowercased(), default: []].append(words.joined(separator: " "))
        }
        return fields.map { ($0, $1.joined(separator: ",")) }.sorted { $0.0 < $1.0 }
    }

    private static func signedNames(_ headers: HTTPHeaders) -> String {
        sorted(headers).map(\.0).joined(separator: ";")
    }
}
