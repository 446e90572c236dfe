// SPDX-License-Identifier: Apache-2.0

internal import Crypto
package import Diagnostics
package import HTTPMessages

/// What servers on one database ask of one another: requests that came in at one, and are for another. They show a key that all of
/// them have from the database.
package struct PeerCalls: Sendable {
    /// Says that a request was passed on by another server; its value is the key.
    package static let header = "Martlet-Peer"
    /// Where a request came from that was passed on.
    package static let addressHeader = "Martlet-Peer-For"
    /// Whether it came by TLS.
    package static let secureHeader = "Martlet-Peer-Secure"
    private static let own: Set<String> = [
        "martlet-peer", "martlet-peer-for", "martlet-peer-secure", "connection", "keep-alive", "transfer-encoding",
        "te",
        "upgrade", "content-length", "expect", "proxy-connection", "trailer",
    ]

    private let key: String
    private let transport: HTTPTransport
    private let streaming: HTTPStreaming

    package init(key: String, transport: @escaping HTTPTransport, streaming: @escaping HTTPStreaming) {
        (self.key, self.transport, self.streaming) = (key, transport, streaming)
    }

    /// Whether a request shows the key; compared in constant time.
    package func isPeer(_ headers: HTTPHeaders) -> Bool {
        guard let shown = headers[Self.header], !key.isEmpty else { return false }
        return SHA256.hash(data: Array(shown.utf8)) == SHA256.hash(data: Array(key.utf8))
    }

    /// A request as the other server is to have it.
    package func call(
        _ method: String, _ url: String, _ headers: HTTPHeaders, body: [UInt8], from address: String, isSecure: Bool
    ) -> HTTPCall {
        var passed = HTTPHeaders(headers.filter { !Self.own.contains($0.name.lowercased()) })
        passed.add(Self.header, key)
        passed.add(Self.addressHeader, address)
        if isSecure { passed.add(Self.secureHeader, "1") }
        return HTTPCall(method, url, headers: passed, body: body)
    }

    package func send(_ call: HTTPCall) async throws(DiagnosticError) -> HTTPAnswer { try await transport(call) }

    /// How long another server may take for an answer's head. Whoever waits has a load balancer that waits longer.
    private static let headTime = Duration.seconds(20)

    /// - Returns: once the answer's head is there.
    /// - Throws: ``DiagnosticCode/homeAway`` where it does not come in time, for the other server may stand still.
    package func open(_ call: HTTPCall) async throws(DiagnosticError) -> HTTPStream {
        let streaming = streaming
        let result = await withTaskGroup(of: Result<HTTPStream, DiagnosticError>?.self) { group in
            group.addTask {
                do throws(DiagnosticError) { return .success(try await streaming(call)) } catch {
                    return .failure(error)
                }
            }
            group.addTask {
                try? await Task.sleep(for: Self.headTime)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        guard let result else { throw Server.away("this project") }
        return try result.get()
    }

    /// What of an answer's head is passed back.
    package static func passedBack(_ headers: HTTPHeaders) -> HTTPHeaders {
        HTTPHeaders(headers.filter { !own.contains($0.name.lowercased()) && $0.name.lowercased() != "date" })
    }
}
