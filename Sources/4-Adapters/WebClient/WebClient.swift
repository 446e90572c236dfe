// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
package import Diagnostics
package import HTTPMessages
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL

/// Sends requests to other services. Connections are kept and used again.
package final class WebClient: Sendable {
    private let client: HTTPClient

    /// - Parameter authorityPath: a file with certificates to trust beside those of the system; `nil`: none.
    /// - Throws: ``DiagnosticCode/webClientSetup`` where that file cannot be read.
    package init(trusting authorityPath: String? = nil) throws(DiagnosticError) {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout = .init(connect: .seconds(Self.connectSeconds))
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        if let authorityPath {
            do {
                var tls = TLSConfiguration.makeClientConfiguration()
                tls.additionalTrustRoots = [.certificates(try NIOSSLCertificate.fromPEMFile(authorityPath))]
                configuration.tlsConfiguration = tls
            } catch {
                throw DiagnosticError(
                    .webClientSetup, "The certificates in '\(authorityPath)' cannot be read: \(error).",
                    remedy: "Give a file in PEM form.")
            }
        }
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    private static let connectSeconds: Int64 = 5

    deinit { client.shutdown { _ in } }

    package var transport: HTTPTransport {
        { (call) throws(DiagnosticError) in try await self.send(call) }
    }

    /// - Throws: ``DiagnosticCode/webUnreachable``.
    package func send(_ call: HTTPCall) async throws(DiagnosticError) -> HTTPAnswer {
        var request = HTTPClientRequest(url: call.url)
        request.method = HTTPMethod(rawValue: call.method)
        for field in call.headers { request.headers.add(name: field.name, value: field.value) }
        if !call.body.isEmpty { request.body = .bytes(ByteBuffer(bytes: call.body)) }
        do {
            let response = try await client.execute(request, timeout: .milliseconds(Int64(call.timeoutMs)))
            let body = try await response.body.collect(upTo: call.answerLimitBytes)
            let headers = HTTPHeaders(response.headers.map { .init($0.name, $0.value) })
            return HTTPAnswer(status: Int(response.status.code), headers: headers, body: Array(body.readableBytesView))
        } catch {
            // The path may hold what nobody else should read.
            let place = call.url.split(separator: "/", maxSplits: 3).prefix(2).joined(separator: "//")
            throw DiagnosticError(
                .webUnreachable, "\(place) gave no answer: \(error).",
                remedy: "Check the address, and that the service is up and reached from here.")
        }
    }
}

extension DiagnosticCode {
    static let webClientSetup = DiagnosticCode(1135)
}
