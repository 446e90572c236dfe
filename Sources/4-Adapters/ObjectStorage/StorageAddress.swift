// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import HTTPMessages

/// Where a store is, as people write it:
///
///     s3://bucket/prefix?region=eu-central-1&endpoint=http://127.0.0.1:8333&path-style=true&sse=aws:kms&kms-key=…
///     file:///var/lib/martlet-blobs
package enum StorageAddress: Hashable, Sendable {
    case folder(String)
    case bucket(BucketAddress)

    package static let example = "s3://BUCKET/PREFIX?region=REGION"

    /// - Throws: ``DiagnosticCode/storageAddressInvalid``, ``DiagnosticCode/storageAddressSecret``.
    package init(_ text: String) throws(DiagnosticError) {
        if text.hasPrefix("file://") {
            let path = String(text.dropFirst("file://".count))
            guard path.hasPrefix("/"), !path.contains("?") else {
                throw Self.invalid("a folder is written file:///ABSOLUTE/PATH")
            }
            self = .folder(path)
        } else if text.hasPrefix("s3://") {
            self = .bucket(try BucketAddress(text.dropFirst("s3://".count)))
        } else {
            let scheme = text.firstRange(of: "://").map { String(text[..<$0.lowerBound]) } ?? String(text.prefix(20))
            throw Self.invalid("it begins with '\(scheme.prefix(20))', neither s3:// nor file://")
        }
    }

    static func invalid(_ reason: String) -> DiagnosticError {
        DiagnosticError(
            .storageAddressInvalid, "The address of the object storage cannot be used: \(reason).",
            remedy: "Write it as \(example), or file:///PATH.")
    }
}

/// A bucket, and how it is spoken to.
package struct BucketAddress: Hashable, Sendable {
    package enum Encryption: Hashable, Sendable {
        /// SSE-S3.
        case storeKey
        /// SSE-KMS.
        case keyService(keyID: String?)
    }

    /// What readers get.
    package enum Links: Hashable, Sendable {
        /// Links to the endpoint.
        case same
        /// Links to another address of the same service: what users reach.
        case at(origin: String)
        /// None: everything goes through the server.
        case none
    }

    package var bucket: String
    /// Ends with a slash, or is empty.
    package var prefix: String
    /// `nil`: as the environment says.
    package var region: String?
    /// `https://host:port`; `nil`: Amazon's.
    package var endpoint: String?
    package var isPathStyle: Bool?
    package var encryption: Encryption?
    package var links = Links.same
    package var profile: String?

    init(_ rest: Substring) throws(DiagnosticError) {
        let halves = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let place = halves[0].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard !place[0].contains("@") else { throw Self.secret("a name or a password before the bucket") }
        bucket = String(place[0])
        guard Self.isBucket(bucket) else {
            throw StorageAddress.invalid(
                "'\(bucket.prefix(80))' is no name of a bucket: 3 to 63 small letters, digits, dots and hyphens")
        }
        guard let path = FormText.decoded(place.count > 1 ? place[1] : "") else {
            throw StorageAddress.invalid("its prefix is not percent-coded UTF-8")
        }
        prefix = path.hasSuffix("/") ? String(path.dropLast()) : path
        if !prefix.isEmpty {
            do {
                _ = try ObjectKey(prefix)
            } catch {
                throw StorageAddress.invalid("its prefix has a part that is empty, '.' or '..'")
            }
            prefix += "/"
        }
        guard prefix.utf8.count <= Self.prefixLimitBytes else {
            throw StorageAddress.invalid("its prefix has more than \(Self.prefixLimitBytes) bytes")
        }
        guard let pairs = FormText.pairs(halves.count > 1 ? halves[1] : "") else {
            throw StorageAddress.invalid("what is behind the '?' is not percent-coded UTF-8")
        }
        var keyID: String?
        for pair in pairs { try take(pair, &keyID) }
        if let keyID {
            guard case .keyService = encryption else { throw StorageAddress.invalid("kms-key goes with sse=aws:kms") }
            encryption = .keyService(keyID: keyID)
        }
    }

    /// With a key no more than S3 takes.
    private static let prefixLimitBytes = 1_024 - ObjectKey.limitBytes

    private mutating func take(_ pair: FormText.Pair, _ keyID: inout String?) throws(DiagnosticError) {
        let name = pair.name.lowercased()
        switch name {
        case "region": region = try Self.word(pair)
        case "profile": profile = try Self.word(pair)
        case "kms-key": keyID = try Self.word(pair)
        case "endpoint": endpoint = try Self.origin(pair)
        case "path-style":
            guard let value = ["true": true, "false": false][pair.value] else {
                throw StorageAddress.invalid("path-style is true or false")
            }
            isPathStyle = value
        case "links":
            switch pair.value {
            case "none": links = .none
            default: links = .at(origin: try Self.origin(pair))
            }
        case "sse":
            switch pair.value {
            case "AES256": encryption = .storeKey
            case "aws:kms": encryption = .keyService(keyID: nil)
            default: throw StorageAddress.invalid("sse is AES256 or aws:kms")
            }
        case _ where ["secret", "access", "token", "password", "credential"].contains(where: name.contains):
            throw Self.secret("'\(pair.name.prefix(40))'")
        default:
            let known = ["region", "endpoint", "path-style", "links", "sse", "kms-key", "profile"]
            throw StorageAddress.invalid(
                "'\(pair.name.prefix(40))' is no setting of it; there are \(known.joined(separator: ", "))")
        }
    }

    private static func secret(_ what: String) -> DiagnosticError {
        DiagnosticError(
            .storageAddressSecret, "The address of the object storage holds \(what): addresses are shown and logged.",
            remedy: "Give the keys by AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or by a profile.")
    }

    private static func word(_ pair: FormText.Pair) throws(DiagnosticError) -> String {
        let isWord = !pair.value.isEmpty && pair.value.unicodeScalars.allSatisfy { (0x21...0x7e).contains($0.value) }
        guard isWord else { throw StorageAddress.invalid("\(pair.name) has no value that it can have") }
        return pair.value
    }

    /// `scheme://host[:port]`, without more.
    private static func origin(_ pair: FormText.Pair) throws(DiagnosticError) -> String {
        guard let origin = origin(pair.value) else {
            throw StorageAddress.invalid("\(pair.name) is http:// or https:// with a host, and nothing behind it")
        }
        return origin
    }

    static func origin(_ text: String) -> String? {
        let text = text.hasSuffix("/") ? String(text.dropLast()) : text
        guard let scheme = ["http://", "https://"].first(where: text.hasPrefix) else { return nil }
        let host = text.dropFirst(scheme.count)
        let isHost =
            !host.isEmpty
            && host.utf8.allSatisfy {
                (0x21...0x7e).contains($0) && ![47, 63, 35, 64].contains($0)  // no / ? # @
            }
        return isHost ? text.lowercased() : nil
    }

    private static func isBucket(_ name: String) -> Bool {
        (3...63).contains(name.utf8.count) && !name.hasPrefix(".") && !name.hasPrefix("-") && !name.hasSuffix("-")
            && !name.contains("..")
            && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 || $0 == 46 }
    }
}
