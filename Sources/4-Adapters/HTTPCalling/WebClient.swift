// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
package import Diagnostics
package import HTTPMessages
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import Synchronization

/// Sends requests to other services. Connections are kept and used again.
package final class WebClient: Sendable {
    private let client: HTTPClient
    /// What streams come by, where there are any: it gives up on a connection that is silent for too long.
    private let streams = Mutex<HTTPClient?>(nil)
    let configuration: HTTPClient.Configuration
    private let idleMs: Int64

    /// - Parameters:
    ///   - authorityPath: a file with certificates to trust beside those of the system; `nil`: none.
    ///   - idleMs: how long a stream may be silent.
    /// - Throws: ``DiagnosticCode/webClientSetup`` where that file cannot be read.
    package convenience init(
        trusting authorityPath: String? = nil, idleMs: Int64 = standardIdleMs
    ) throws(DiagnosticError) {
        var configuration = Self.standard
        if let authorityPath {
            do {
                var tls = TLSConfiguration.makeClientConfiguration()
                tls.additionalTrustRoots = [.certificates(try NIOSSLCertificate.fromPEMFile(authorityPath))]
                configuration.tlsConfiguration = tls
            } catch {
                throw DiagnosticError(
                    .webClientSetup, "The file '\(authorityPath)' is not there, or holds no certificates.",
                    remedy: "Give a file in PEM form.")
            }
        }
        self.init(configuration, idleMs: idleMs)
    }

    static var standard: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout = .init(connect: .seconds(Self.connectSeconds))
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        // Whoever calls knows how patient to be; and a certificate that is not trusted will not be in a second.
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }

    init(_ configuration: HTTPClient.Configuration, idleMs: Int64) {
        self.configuration = configuration
        self.idleMs = idleMs
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    private static let connectSeconds: Int64 = 5
    /// Servers of events give a sign of life much oftener.
    package static let standardIdleMs: Int64 = 60_000

    private static let streamConnections = 1_024

    deinit {
        client.shutdown { _ in }
        streams.withLock { $0 }?.shutdown { _ in }
    }

    package var transport: HTTPTransport {
        { (call) throws(DiagnosticError) in try await self.send(call) }
    }

    package var streaming: HTTPStreaming {
        { (call) throws(DiagnosticError) in try await self.open(call) }
    }

    package var exchanging: HTTPExchange {
        { (call, upload) throws(DiagnosticError) in try await self.exchange(call, upload) }
    }

    /// - Throws: ``DiagnosticCode/webUnreachable``.
    package func send(_ call: HTTPCall) async throws(DiagnosticError) -> HTTPAnswer {
        do {
            let response = try await client.execute(
                Self.request(call), timeout: .milliseconds(Int64(call.timeoutMs)))
            let body = try await response.body.collect(upTo: call.answerLimitBytes)
            return HTTPAnswer(
                status: Int(response.status.code), headers: Self.headers(response), body: Array(body.readableBytesView))
        } catch {
            throw Self.unreachable(call, error)
        }
    }

    /// - Throws: ``DiagnosticCode/webUnreachable``; so do the pieces.
    package func open(_ call: HTTPCall) async throws(DiagnosticError) -> HTTPStream {
        do {
            return answer(
                try await streamClient().execute(Self.request(call), deadline: .distantFuture), to: call)
        } catch {
            throw Self.unreachable(call, error)
        }
    }

    /// - Throws: ``DiagnosticCode/webUnreachable``; so do the pieces.
    package func exchange(_ call: HTTPCall, _ upload: HTTPUpload?) async throws(DiagnosticError) -> HTTPStream {
        do {
            var request = Self.request(call)
            if let upload {
                request.body = .stream(
                    upload.pieces.map { ByteBuffer(bytes: $0) }, length: .known(Int64(upload.sizeBytes)))
            }
            return answer(
                try await streamClient().execute(request, timeout: .milliseconds(Int64(call.timeoutMs))), to: call)
        } catch let error as DiagnosticError {
            // What is sent could not be read.
            throw error
        } catch {
            throw Self.unreachable(call, error)
        }
    }

    private func answer(_ response: HTTPClientResponse, to call: HTTPCall) -> HTTPStream {
        let body = response.body
        let pieces = HTTPPieces {
            // Kept open for as long as somebody reads.
            var (iterator, owner) = (body.makeAsyncIterator(), Optional(self))
            return { () async throws(DiagnosticError) in
                do {
                    let piece = try await iterator.next().map { Array($0.readableBytesView) }
                    if piece == nil { owner = nil }
                    return withExtendedLifetime(owner) { piece }
                } catch {
                    throw Self.unreachable(call, error)
                }
            }
        }
        return HTTPStream(status: Int(response.status.code), headers: Self.headers(response), pieces: pieces)
    }

    private func streamClient() -> HTTPClient {
        streams.withLock { client in
            if let client { return client }
            var configuration = configuration
            configuration.timeout.read = .milliseconds(idleMs)
            // Each holds its connection for as long as it lasts: none should wait for another's end.
            configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = Self.streamConnections
            let made = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
            client = made
            return made
        }
    }

    static func request(_ call: HTTPCall) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: call.url)
        request.method = HTTPMethod(rawValue: call.method)
        for field in call.headers { request.headers.add(name: field.name, value: field.value) }
        if !call.body.isEmpty { request.body = .bytes(ByteBuffer(bytes: call.body)) }
        return request
    }

    static func headers(_ response: HTTPClientResponse) -> HTTPMessages.HTTPHeaders {
        HTTPMessages.HTTPHeaders(response.headers.map { .init($0.name, $0.value) })
    }

    static func unreachable(_ call: HTTPCall, _ error: any Error) -> DiagnosticError {
        // The path may hold what nobody else should read.
        let place = call.url.split(separator: "/", maxSplits: 3).prefix(2).joined(separator: "//")
        return DiagnosticError(
            .webUnreachable,
            "\(place) gave no answer: \(CallFailure.words(error, isSecure: call.url.hasPrefix("https:"))).",
            remedy: "Check the address, and that the service is up and reached from here.")
    }
}

extension DiagnosticCode {
    static let webClientSetup = DiagnosticCode(1135)
}
