// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess

/// Where a cluster is, whom to trust there, and what is shown.
package struct ClusterConfiguration: Hashable, Sendable {
    /// Without a slash at the end.
    package var server: String
    package var identity = ClusterIdentity()
    package var credential = CredentialSource.none
    package var namespace = "default"
    package var impersonation = Impersonation()

    package init(server: String) { self.server = server.hasSuffix("/") ? String(server.dropLast()) : server }

    /// What a request asks to be taken for.
    package struct Impersonation: Hashable, Sendable {
        package var user: String?
        package var uid: String?
        package var groups: [String] = []

        package init() {}
    }

    // MARK: in a pod

    package static let podFolder = "/var/run/secrets/kubernetes.io/serviceaccount"
    private static let limitBytes = 1 << 20

    /// What a pod is told of its cluster; `nil`: this is no pod's process.
    ///
    /// - Throws: ``DiagnosticCode/clusterSettings`` where it is told half of it.
    package static func inPod(
        _ environment: [String: String], folder: String = podFolder
    ) throws(DiagnosticError) -> ClusterConfiguration? {
        guard let host = environment["KUBERNETES_SERVICE_HOST"], let port = environment["KUBERNETES_SERVICE_PORT"],
            !host.isEmpty, !port.isEmpty
        else { return nil }
        let shown = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
        var configuration = ClusterConfiguration(server: "https://\(shown):\(port)")
        guard Files.isFile(folder + "/token"), Files.isFile(folder + "/ca.crt") else {
            throw DiagnosticError(
                .clusterSettings, "The pod has no service account: '\(folder)' has not both 'token' and 'ca.crt'.",
                remedy: "Set automountServiceAccountToken: true for it, or name a kubeconfig.")
        }
        configuration.identity.authorities = try Files.read(folder + "/ca.crt", limit: limitBytes)
        configuration.credential = .tokenFile(folder + "/token")
        if let name = try Files.readIfPresent(folder + "/namespace", limit: limitBytes) {
            configuration.namespace = String(decoding: name, as: UTF8.self).filter { !$0.isWhitespace }
        }
        return configuration
    }
}

/// Whom a client of the cluster trusts, and the certificate that it shows: PEM texts.
package struct ClusterIdentity: Hashable, Sendable {
    /// `nil`: the system's.
    package var authorities: [UInt8]?
    package var certificate: [UInt8]?
    package var key: [UInt8]?
    /// Whether the cluster has to show who it is.
    package var verifies = true

    package init() {}
}

/// Where what is shown to the cluster comes from.
package enum CredentialSource: Hashable, Sendable {
    /// Nothing, or a certificate.
    case none
    case token(String)
    /// Read again whenever it may have been changed.
    case tokenFile(String)
    case password(user: String, password: String)
    case program(CredentialProgram)
}
