// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
package import Diagnostics
internal import NIOSSL

/// Whom a client trusts, and what it shows of itself, where that is not the usual: PEM texts.
package struct ClientIdentity: Hashable, Sendable {
    /// Trusted in place of the system's; `nil`: the system's are.
    package var authorities: [UInt8]?
    package var certificate: [UInt8]?
    package var key: [UInt8]?
    /// Whether the other side has to show who it is.
    package var verifies = true

    package init() {}
}

extension WebClient {
    /// - Throws: ``DiagnosticCode/webClientSetup`` where a text is no certificate or no key.
    package convenience init(
        _ identity: ClientIdentity, idleMs: Int64 = standardIdleMs
    ) throws(DiagnosticError) {
        var configuration = Self.standard
        var tls = TLSConfiguration.makeClientConfiguration()
        do {
            if let authorities = identity.authorities {
                tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(authorities))
            }
            if let certificate = identity.certificate, let key = identity.key {
                tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(certificate).map { .certificate($0) }
                tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem))
            }
        } catch {
            throw DiagnosticError(
                .webClientSetup, "A certificate, its key or an authority's certificate is not in PEM form.",
                remedy: "Give each as PEM: -----BEGIN CERTIFICATE-----, -----BEGIN PRIVATE KEY-----.")
        }
        if !identity.verifies { tls.certificateVerification = .none }
        configuration.tlsConfiguration = tls
        self.init(configuration, idleMs: idleMs)
    }
}
