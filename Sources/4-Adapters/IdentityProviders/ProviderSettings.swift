// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// Where people sign in, and as what this server is known there.
package struct ProviderSettings: Sendable {
    /// `https://id.example.org`, as the provider writes it in its tokens; `http` on this machine alone.
    package let issuer: String
    package let clientID: String
    /// `nil` for a client without one.
    package let clientSecret: String?
    /// Where the browser comes back to.
    package let redirectURL: String
    package var scopes = ["openid", "email", "profile"]
    package var algorithms: Set<SigningAlgorithm> = [.rs256, .es256]
    /// The claim that lists groups.
    package var groupsClaim = "groups"
    /// Who may sign in: addresses of these domains; empty for all. An address counts only where the provider verified it.
    package var domains: [String] = []
    /// Who may sign in: members of one of these groups; empty for all.
    package var groups: [String] = []

    /// - Throws: ``DiagnosticCode/identityProviderSettings``.
    package init(
        issuer: String, clientID: String, clientSecret: String?, redirectURL: String
    ) throws(DiagnosticError) {
        guard Self.isSafe(issuer), !issuer.contains("?"), !issuer.contains("#") else {
            throw DiagnosticError(
                .identityProviderSettings, "The issuer '\(issuer)' is no https:// address without a query.",
                remedy: "Take it from the provider's page; http:// is for a provider on this machine.")
        }
        guard Self.isSafe(redirectURL), !redirectURL.contains("#") else {
            throw DiagnosticError(
                .identityProviderSettings, "The address to come back to, '\(redirectURL)', is no https:// address.",
                remedy: "Set the server's own address.")
        }
        guard !clientID.isEmpty, clientSecret?.isEmpty != true else {
            throw DiagnosticError(
                .identityProviderSettings, "The client's id, or its secret, is empty.",
                remedy: "Register this server at the provider, and take both from there.")
        }
        self.issuer = issuer
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.redirectURL = redirectURL
    }

    /// OpenID Connect Discovery 1.0, section 4.
    var discoveryURL: String {
        (issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer) + "/.well-known/openid-configuration"
    }

    /// Whether an address keeps what is sent to it secret: `https`, or on this machine.
    static func isSafe(_ url: String) -> Bool {
        guard url.utf8.count <= 2000, url.utf8.allSatisfy({ (33...126).contains($0) }) else { return false }
        if url.hasPrefix("https://") { return !authority(of: url.dropFirst(8)).isEmpty }
        guard url.hasPrefix("http://") else { return false }
        let host = authority(of: url.dropFirst(7))
        return ["127.0.0.1", "localhost", "[::1]"].contains { local in
            guard host.hasPrefix(local) else { return false }
            let port = host.dropFirst(local.count)
            return port.isEmpty || port.first == ":" && port.dropFirst().utf8.allSatisfy { (48...57).contains($0) }
        }
    }

    private static func authority(of rest: Substring) -> Substring {
        let authority = rest.prefix { !"/?#".contains($0) }
        return authority.contains("@") ? "" : authority
    }
}
