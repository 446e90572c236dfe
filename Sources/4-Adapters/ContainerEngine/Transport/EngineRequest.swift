// SPDX-License-Identifier: Apache-2.0

internal import NIOHTTP1
internal import StructuredData

/// One request of the API.
struct EngineRequest {
    var method: HTTPMethod
    /// Below the version, with a slash before it, percent-encoded.
    var path: String
    /// Not yet encoded.
    var query: [(String, String)] = []
    var headers: [(String, String)] = []
    var body: [UInt8] = []
    /// Becomes a stream of bytes in both directions once it is answered.
    var isHijacked = false
    /// Asked before the version is known.
    var isUnversioned = false

    init(_ method: HTTPMethod, _ path: String, query: [(String, String)] = []) {
        self.method = method
        self.path = path
        self.query = query
    }

    /// With a body of JSON.
    init(_ method: HTTPMethod, _ path: String, query: [(String, String)] = [], json: DataValue) {
        self.init(method, path, query: query)
        json.appendJSON(to: &body)
        headers.append(("Content-Type", "application/json"))
    }

    /// For messages: `POST /containers/create`.
    var summary: String { "\(method.rawValue) \(path)" }

    func head(version: String?, isStreamed: Bool) -> HTTPRequestHead {
        var target = (version.map { "/v" + $0 } ?? "") + path
        for (index, item) in query.enumerated() {
            target += (index == 0 ? "?" : "&") + item.0 + "=" + item.1.percentEncoded
        }
        var fields = HTTPHeaders(headers)
        fields.add(name: "Host", value: "engine")
        fields.add(name: "User-Agent", value: "martlet")
        if isHijacked {
            fields.add(name: "Connection", value: "Upgrade")
            fields.add(name: "Upgrade", value: "tcp")
        } else {
            fields.add(name: "Connection", value: "close")
        }
        if isStreamed {
            fields.add(name: "Transfer-Encoding", value: "chunked")
        } else if !body.isEmpty || method == .POST || method == .PUT {
            fields.add(name: "Content-Length", value: String(body.count))
        }
        return HTTPRequestHead(version: .http1_1, method: method, uri: target, headers: fields)
    }
}

extension String {
    /// For a query: all but RFC 3986's unreserved characters encoded.
    var percentEncoded: String { encoded(keeping: []) }

    /// For a path: what separates the parts of an image's name stays.
    var pathEncoded: String { encoded(keeping: [UInt8(ascii: "/"), UInt8(ascii: ":"), UInt8(ascii: "@")]) }

    private func encoded(keeping kept: [UInt8]) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(utf8.count)
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                bytes.append(byte)
            case _ where kept.contains(byte): bytes.append(byte)
            default:
                bytes.append(UInt8(ascii: "%"))
                let digits = Array(String(byte, radix: 16, uppercase: true).utf8)
                if digits.count == 1 { bytes.append(UInt8(ascii: "0")) }
                bytes += digits
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
