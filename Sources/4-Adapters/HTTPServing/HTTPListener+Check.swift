// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import NIOSSL

extension HTTPListener {
    /// Does what ``run(listening:)`` does before it listens, and no more.
    ///
    /// - Parameter binding: whether the port is tried.
    /// - Throws: ``DiagnosticCode/listenFailed``.
    package static func check(_ options: Options, binding: Bool) async throws(DiagnosticError) {
        if let certificate = options.certificate { _ = try tls(certificate) }
        guard binding, case .network(let host, let port) = options.place else { return }
        do {
            let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(host: host, port: port).get()
            try await channel.close()
        } catch {
            throw refusal(options, error)
        }
    }

    static func refusal(_ options: Options, _ error: any Error) -> DiagnosticError {
        DiagnosticError(
            .listenFailed, "\(options.place) cannot be listened at: \(words(error)).",
            remedy: "Choose another address with --listen, or end what uses it.")
    }

    private static func words(_ error: any Error) -> String {
        guard let failure = error as? IOError else { return "\(error)" }
        switch failure.errnoCode {
        case EADDRINUSE: return "something listens there already"
        case EADDRNOTAVAIL: return "this machine has no such address"
        case EACCES, EPERM: return "this user may not listen at so low a port"
        default: return String(cString: strerror(failure.errnoCode))
        }
    }

    /// - Throws: ``DiagnosticCode/listenFailed`` where a file does not hold what it should, or the key is another
    ///   certificate's.
    static func tls(_ certificate: (chainPath: String, keyPath: String)) throws(DiagnosticError) -> TLSConfiguration {
        let chain: [NIOSSLCertificate]
        do {
            chain = try NIOSSLCertificate.fromPEMFile(certificate.chainPath)
        } catch { throw unusable("The file '\(certificate.chainPath)' holds no certificate.", certificate) }
        guard !chain.isEmpty else {
            throw unusable("The file '\(certificate.chainPath)' holds no certificate.", certificate)
        }
        let key: NIOSSLPrivateKey
        do {
            key = try NIOSSLPrivateKey(file: certificate.keyPath, format: .pem)
        } catch { throw unusable("The file '\(certificate.keyPath)' holds no private key.", certificate) }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        do {
            _ = try NIOSSLContext(configuration: configuration)
        } catch {
            throw unusable(
                "The key '\(certificate.keyPath)' is not that of the first certificate in '\(certificate.chainPath)'.",
                certificate)
        }
        return configuration
    }

    private static func unusable(_ text: String, _ certificate: (chainPath: String, keyPath: String)) -> DiagnosticError
    {
        DiagnosticError(
            .listenFailed, text,
            remedy: "Give the chain with --tls-certificate, the server's own certificate first, and its key with "
                + "--tls-key, both as PEM files.")
    }
}
