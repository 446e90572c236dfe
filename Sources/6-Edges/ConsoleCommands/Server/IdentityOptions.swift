// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import HTTPMessages
internal import ServerOperation

/// Where people sign in beside passwords.
struct IdentityOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The issuer of an OpenID provider; else MARTLET_OIDC_ISSUER.", valueName: "url"))
    var oidcIssuer: String?

    @Option(
        help: ArgumentHelp(
            "What the server is called there; else MARTLET_OIDC_CLIENT_ID. Its secret is in MARTLET_OIDC_CLIENT_SECRET.",
            valueName: "id"))
    var oidcClientID: String?

    @Option(
        name: .customLong("oidc-domain"),
        help: ArgumentHelp(
            "Whoever has a verified address there gets an account; may be given again; else MARTLET_OIDC_DOMAINS.",
            valueName: "domain"))
    var oidcDomains: [String] = []

    /// - Throws: ``DiagnosticCode/argumentInvalid`` where a part is missing.
    func settings(
        _ environment: [String: String], _ transport: @autoclosure () throws(DiagnosticError) -> HTTPTransport
    ) throws(DiagnosticError) -> IdentitySettings? {
        func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        guard let issuer = oidcIssuer ?? variable("MARTLET_OIDC_ISSUER") else { return nil }
        guard let client = oidcClientID ?? variable("MARTLET_OIDC_CLIENT_ID") else {
            throw DiagnosticError(
                .argumentInvalid, "The identity provider '\(issuer)' knows this server by an id, which is missing.",
                remedy: "Give --oidc-client-id, or set MARTLET_OIDC_CLIENT_ID.")
        }
        let domains =
            oidcDomains.isEmpty
            ? (variable("MARTLET_OIDC_DOMAINS") ?? "").split(separator: ",").map { $0.filter { $0 != " " } }
            : oidcDomains
        return IdentitySettings(
            issuer: issuer, clientID: client, clientSecret: variable("MARTLET_OIDC_CLIENT_SECRET"), domains: domains,
            transport: try transport())
    }
}
