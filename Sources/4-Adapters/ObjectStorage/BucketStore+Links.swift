// SPDX-License-Identifier: Apache-2.0

internal import Crypto
package import Diagnostics
internal import HTTPMessages

/// Addresses that need no key.
extension BucketStore {
    package func link(to key: ObjectKey, _ use: LinkUse) async throws(DiagnosticError) -> ObjectLink? {
        let endpoint: String
        switch address.links {
        case .none: return nil
        case .same: endpoint = client.endpoint
        case .at(let origin): endpoint = origin
        }
        var request = BucketRequest(method: "GET", key: path(key), what: "link")
        var sent: HTTPHeaders = []
        switch use.act {
        case .get(let fileName):
            // What users' browsers get is saved: it is never a page of the store's.
            let name = (fileName ?? key.text.split(separator: "/").last.map(String.init) ?? "file")
            let disposition = "attachment; filename*=UTF-8''\(FormText.encoded(name))"
            request.query.append(.init("response-content-disposition", disposition))
            request.query.append(.init("response-content-type", "application/octet-stream"))
        case .put(let terms):
            request.method = "PUT"
            // They have to be sent as they are signed: other bytes, or as many more, are refused.
            let (name, value) = Self.checksum(terms.digest)
            sent = encryptionHeaders
            sent.add(name, value)
            // Who has the link may not put anything in the place of what was put by it.
            sent.add("If-None-Match", "*")
            request.headers = sent
            // Whoever sends a body says how long it is by itself.
            request.headers.add("Content-Length", String(terms.sizeBytes))
        }
        let signing = RequestSigning(
            key: try await client.credentials.key(), region: client.region, now: client.surroundings.now())
        let url = signing.link(client.unsigned(request, endpoint: endpoint), seconds: use.seconds)
        return ObjectLink(url: url, headers: sent)
    }

    package func refusesOtherBytes() async throws(DiagnosticError) -> Bool {
        let key = ObjectKey(known: "checks/\(UInt64.random(in: 0...UInt64.max))")
        var request = BucketRequest(
            method: "PUT", key: path(key), headers: encryptionHeaders, body: .bytes(Array("these bytes".utf8)),
            what: "put '\(key)'")
        let (name, value) = Self.checksum(Array(SHA256.hash(data: Array("other bytes".utf8))))
        request.headers.add(name, value)
        request.expected = Self.refusals
        guard try await client.ask(request).isSuccess else { return true }
        try await remove([key])
        return false
    }

    /// What services call it.
    private static let refusals: Set = [
        "BadDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch", "InvalidDigest", "InvalidRequest",
        "InvalidArgument",
    ]
}
