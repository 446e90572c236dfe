// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import NIOHTTP1
internal import StructuredData

/// The head of a request, taken apart.
struct ServiceRequest: Sendable {
    var method: HTTPMethod
    /// Percent-decoded; without the query.
    var path: String
    /// The last of several with one name.
    var query: [String: String]
    var headers: HTTPHeaders

    init(_ head: HTTPRequestHead) {
        method = head.method
        headers = head.headers
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = PercentCoding.decoded(parts[0])
        query = [:]
        guard parts.count == 2 else { return }
        for pair in parts[1].split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = sides.count == 2 ? PercentCoding.decoded(sides[1], plusIsSpace: true) : ""
            query[PercentCoding.decoded(sides[0], plusIsSpace: true)] = value
        }
    }

    /// Parts of the path between slashes.
    var segments: [Substring] { path.split(separator: "/") }

    func header(_ name: String) -> String? { headers.first(name: name) }

    var bearer: Substring? {
        guard let value = header("authorization"), value.lowercased().hasPrefix("bearer ") else { return nil }
        return value.dropFirst("bearer ".count)
    }

    /// How the client reached this server; what it is told to fetch next has to be reachable in the same way.
    var baseAddress: String? {
        guard let host = header("host"), !host.isEmpty else { return nil }
        let isProper = host.utf8.allSatisfy {
            (48...58).contains($0) || (65...91).contains($0) || (97...122).contains($0) || $0 == UInt8(ascii: ".")
                || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "]")
        }
        return isProper ? "http://\(host)/" : nil
    }
}

/// `bytes 0-99/100`; the total may be `*`.
struct ContentRange: Sendable {
    var start: UInt64
    var count: UInt64
    var total: UInt64?
    /// Past it sums could overflow.
    private static let farthest: UInt64 = 1 << 60

    init?(_ text: String?) {
        guard let text, text.hasPrefix("bytes "), let slash = text.lastIndex(of: "/") else { return nil }
        let span = text[text.index(text.startIndex, offsetBy: 6)..<slash]
        let totalText = text[text.index(after: slash)...]
        total = UInt64(totalText)
        guard total.map({ $0 <= Self.farthest }) ?? (totalText == "*") else { return nil }
        // The toolkit says "bytes 0--1/0" of an empty file.
        if span == "0--1" {
            start = 0
            count = 0
            return
        }
        let ends = span.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = UInt64(ends[0]), let last = UInt64(ends[1]), first <= last,
            last < Self.farthest
        else { return nil }
        start = first
        count = last - first + 1
    }
}

/// An answer; a blob's bytes are read while they are sent.
struct Reply: Sendable {
    enum Content: Sendable {
        case none
        case bytes([UInt8])
        case blob(StoredBlob, start: UInt64, count: UInt64)
    }

    var status: HTTPResponseStatus
    var headers: HTTPHeaders = [:]
    var content: Content = .none

    static func json(_ value: DataValue, status: HTTPResponseStatus = .ok) -> Reply {
        Reply(
            status: status, headers: ["content-type": "application/json; charset=utf-8"],
            content: .bytes(Array(value.jsonText().utf8)))
    }

    static func empty(_ status: HTTPResponseStatus) -> Reply { Reply(status: status) }
}

/// A refusal, said in the words of whoever was asked.
struct Refusal: Error, Sendable {
    /// https://twitchtv.github.io/twirp/docs/spec_v7.html#error-codes
    enum Kind: String, Sendable {
        case malformed
        case unauthenticated
        case permissionDenied = "permission_denied"
        case badRoute = "bad_route"
        case notFound = "not_found"
        case alreadyExists = "already_exists"
        case invalidArgument = "invalid_argument"
        case failedPrecondition = "failed_precondition"
        case tooLarge = "out_of_range"
        case rangeNotSatisfiable = "range_not_satisfiable"
        case unavailable
        case internalFailure = "internal"

        var status: HTTPResponseStatus {
            switch self {
            case .malformed, .invalidArgument: .badRequest
            case .unauthenticated: .unauthorized
            case .permissionDenied: .forbidden
            case .badRoute, .notFound: .notFound
            case .alreadyExists: .conflict
            case .failedPrecondition: .preconditionFailed
            case .tooLarge: .payloadTooLarge
            case .rangeNotSatisfiable: .rangeNotSatisfiable
            case .unavailable: .serviceUnavailable
            case .internalFailure: .internalServerError
            }
        }
    }

    var kind: Kind
    var message: String

    init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// What went wrong here: the client may try again, the person reads the code.
    init(_ error: DiagnosticError) {
        switch error.diagnostic.code {
        case .uploadIncomplete: kind = .invalidArgument
        case .blobUnreadable: kind = .notFound
        default: kind = .internalFailure
        }
        message = error.description
    }

    /// Twirp's form and, for the older services, theirs: each client reads only its own members.
    var reply: Reply {
        .json(
            [
                "code": .string(kind.rawValue), "msg": .string(message), "message": .string(message),
                "typeKey": .string(kind == .alreadyExists ? "ArtifactCacheItemAlreadyExistsException" : kind.rawValue),
            ], status: kind.status)
    }
}
