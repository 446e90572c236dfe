// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import HTTPMessages
internal import HTTPTypes
internal import NIOCore
internal import NIOHTTP1
internal import NIOWebSocket

/// How a request becomes a WebSocket.
///
/// Source: RFC 6455, section 4.2.
enum SocketHandshake {
    static let version = "13"
    /// Of a key: 16 bytes in base 64.
    static let keyCharacters = 24

    /// The head's fields of an answer that accepts; the key's digest is NIO's work.
    static func accepted(_ inbound: InboundRequest, on channel: any Channel) async throws -> HTTPFields {
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: inbound.path)
        for field in inbound.headers { head.headers.add(name: field.name, value: field.value) }
        let upgrader = NIOWebSocketServerUpgrader(
            shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture([:]) },
            upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() })
        let asked = head
        let answered = try await channel.eventLoop.flatSubmit {
            upgrader.buildUpgradeResponse(channel: channel, upgradeRequest: asked, initialResponseHeaders: [:])
        }.get()
        var fields = HTTPFields()
        for (name, value) in answered {
            guard let name = HTTPField.Name(name) else { continue }
            fields.append(HTTPField(name: name, value: value))
        }
        return fields
    }
}

extension InboundRequest {
    /// Whether it would rather have a WebSocket. Where it cannot have one it is a request like others.
    package var asksForSocket: Bool {
        method == "GET" && names("websocket", in: "Upgrade") && names("upgrade", in: "Connection")
            && headers["Transfer-Encoding"] == nil && headers["Content-Length"] ?? "0" == "0"
    }

    /// - Throws: ``DiagnosticCode/socketHandshake``, ``DiagnosticCode/socketVersion``.
    package func requireHandshake() throws(DiagnosticError) {
        guard headers.all("Sec-WebSocket-Version") == [SocketHandshake.version] else {
            throw DiagnosticError(
                .socketVersion, "Sec-WebSocket-Version is to be \(SocketHandshake.version), once.",
                remedy: "Use a client of RFC 6455.")
        }
        let keys = headers.all("Sec-WebSocket-Key")
        guard keys.count == 1, keys[0].utf8.count == SocketHandshake.keyCharacters, keys[0].hasSuffix("==") else {
            throw DiagnosticError(
                .socketHandshake, "Sec-WebSocket-Key is to be 16 bytes in base 64, once.",
                remedy: "Use a client of RFC 6455; it makes a new key for each connection.")
        }
    }

    private func names(_ token: String, in header: String) -> Bool {
        headers.all(header).flatMap { $0.split(separator: ",") }.contains { part in
            part.filter { $0 != " " && $0 != "\t" }.lowercased() == token
        }
    }
}

extension DiagnosticCode {
    /// A page of another site asked for a WebSocket with a browser's session.
    package static let socketForeign = DiagnosticCode(1340)
    /// What a WebSocket's client says of itself cannot be used.
    package static let socketHandshake = DiagnosticCode(1341)
    /// A WebSocket's client speaks another version.
    package static let socketVersion = DiagnosticCode(1342)
    /// A WebSocket was sent a message, and takes none.
    package static let socketMessage = DiagnosticCode(1343)
}
