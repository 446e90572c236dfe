// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import HTTPMessages
internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore
internal import Synchronization

/// A request that came to this server.
package struct InboundRequest: Sendable {
    package let method: String
    /// As it was sent, without the query; begins with a slash.
    package let path: String
    /// Without the question mark.
    package let query: String
    package let headers: HTTPHeaders
    /// Where it came from, without the port.
    package private(set) var peer: String
    package private(set) var isSecure: Bool
    /// Another server took it in, and passed it on.
    package private(set) var isPassedOn = false
    private let content: Content
    private let reading = Reading()

    /// Whether the body has been asked for.
    private final class Reading: Sendable {
        let hasBegun = Atomic(false)
    }

    /// Whether somebody has begun to read the body.
    var hasReadBody: Bool { reading.hasBegun.load(ordering: .relaxed) }

    private enum Content: Sendable {
        case arriving(RequestBody)
        case bytes([UInt8])
    }

    init(_ request: Request, peer: String, isSecure: Bool) {
        method = request.head.method.rawValue
        let target = request.head.path ?? "/"
        let mark = target.firstIndex(of: "?")
        path = String(target[..<(mark ?? target.endIndex)])
        query = mark.map { String(target[target.index(after: $0)...]) } ?? ""
        var fields: [HTTPHeaders.Field] = request.headers.map { .init($0.name.rawName, $0.value) }
        if let authority = request.head.authority { fields.append(.init("Host", authority)) }
        headers = HTTPHeaders(fields)
        self.peer = peer
        self.isSecure = isSecure
        content = .arriving(request.body)
    }

    /// One that came by no socket.
    package init(
        _ method: String, _ target: String, headers: HTTPHeaders = [], body: [UInt8] = [], peer: String = "127.0.0.1"
    ) {
        self.method = method
        let mark = target.firstIndex(of: "?")
        path = String(target[..<(mark ?? target.endIndex)])
        query = mark.map { String(target[target.index(after: $0)...]) } ?? ""
        self.headers = headers
        self.peer = peer
        isSecure = false
        content = .bytes(body)
    }

    /// The same request as it came in at the server that passed it on.
    package func passedOn(from peer: String, isSecure: Bool) -> InboundRequest {
        var passed = self
        (passed.peer, passed.isSecure, passed.isPassedOn) = (peer, isSecure, true)
        return passed
    }

    /// The whole body.
    ///
    /// - Throws: ``DiagnosticCode/requestTooLarge``, ``DiagnosticCode/requestCutOff``.
    package func body(limit: Int) async throws(DiagnosticError) -> [UInt8] {
        try await body(limit: limit) { (_) throws(DiagnosticError) in }
    }

    /// The whole body of a sender who has proven nothing yet. What it takes of the allowance is given back by the caller; where this
    /// throws, nothing is taken.
    ///
    /// - Throws: ``DiagnosticCode/requestTooLarge``, ``DiagnosticCode/requestCutOff``, ``DiagnosticCode/requestTooSlow``,
    ///   ``DiagnosticCode/bodiesPastLimit``.
    package func body(limit: Int, within allowance: BodyAllowance) async throws(DiagnosticError) -> [UInt8] {
        let end = ContinuousClock.now + .seconds(allowance.seconds)
        let taken = Mutex(0)
        do throws(DiagnosticError) {
            return try await body(limit: limit) { (count) throws(DiagnosticError) in
                // Where nothing comes at all the connection is idle, and closed.
                guard ContinuousClock.now < end else {
                    throw DiagnosticError(
                        .requestTooSlow, "The request's body was not there after \(allowance.seconds) s.")
                }
                try allowance.take(count)
                taken.withLock { $0 += count }
            }
        } catch {
            allowance.giveBack(taken.withLock { $0 })
            throw error
        }
    }

    /// - Parameter arrived: told of each piece, before it is kept.
    private func body(
        limit: Int, arrived: (Int) throws(DiagnosticError) -> Void
    ) async throws(DiagnosticError) -> [UInt8] {
        let tooLarge = DiagnosticError(.requestTooLarge, "The request's body has more than \(limit) bytes.")
        if let length = headers["Content-Length"].flatMap({ Int($0) }), length > limit { throw tooLarge }
        switch content {
        case .bytes(let bytes):
            guard bytes.count <= limit else { throw tooLarge }
            try arrived(bytes.count)
            return bytes
        case .arriving(let body):
            reading.hasBegun.store(true, ordering: .relaxed)
            do {
                var bytes: [UInt8] = []
                for try await buffer in body {
                    guard bytes.count + buffer.readableBytes <= limit else { throw tooLarge }
                    try arrived(buffer.readableBytes)
                    bytes.append(contentsOf: buffer.readableBytesView)
                }
                return bytes
            } catch let error as DiagnosticError {
                throw error
            } catch {
                throw DiagnosticError(.requestCutOff, "The request's body was cut off: \(error).")
            }
        }
    }
}

extension DiagnosticCode {
    package static let requestTooLarge = DiagnosticCode(1170)
    package static let requestCutOff = DiagnosticCode(1171)
    /// Too much is held of requests whose senders are not known.
    package static let bodiesPastLimit = DiagnosticCode(1173)
    package static let requestTooSlow = DiagnosticCode(1174)
    /// The address cannot be listened at, or the certificate cannot be used.
    package static let listenFailed = DiagnosticCode(1172)
}
