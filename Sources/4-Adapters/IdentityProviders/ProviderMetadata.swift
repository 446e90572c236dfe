// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import StructuredData

/// What a provider says about itself.
///
/// Source: OpenID Connect Discovery 1.0, sections 3 and 4.3.
struct ProviderMetadata: Sendable {
    var authorizationURL: String
    var tokenURL: String
    var keysURL: String
    var userInfoURL: String?
    /// The secret goes into the form, not into a header.
    var secretInForm: Bool
    /// RFC 9207: an answer without `iss` is not the provider's.
    var answersWithIssuer: Bool

    init(_ data: DataValue, settings: ProviderSettings) throws(DiagnosticError) {
        guard data["issuer"]?.string == settings.issuer else {
            throw .unusable(
                "The provider at '\(settings.issuer)' says that it is '\(data["issuer"]?.string?.shown ?? "")'.")
        }
        authorizationURL = try Self.address("authorization_endpoint", data)
        tokenURL = try Self.address("token_endpoint", data)
        keysURL = try Self.address("jwks_uri", data)
        userInfoURL = data["userinfo_endpoint"] == nil ? nil : try Self.address("userinfo_endpoint", data)
        if let methods = data["code_challenge_methods_supported"]?.array, !methods.contains("S256") {
            throw .unusable("The provider '\(settings.issuer)' does not know PKCE with S256.")
        }
        let methods = data["token_endpoint_auth_methods_supported"]?.array ?? ["client_secret_basic"]
        secretInForm = !methods.contains("client_secret_basic") && methods.contains("client_secret_post")
        answersWithIssuer = data.bool("authorization_response_iss_parameter_supported")
    }

    private static func address(_ key: String, _ data: DataValue) throws(DiagnosticError) -> String {
        guard let url = data[key]?.string, ProviderSettings.isSafe(url) else {
            throw .unusable("The provider's configuration has no proper \(key): an https:// address is needed.")
        }
        return url
    }
}

extension String {
    /// A piece of a stranger's text that can stand in a message.
    var shown: String {
        let line = unicodeScalars.prefix(200).map { scalar -> Character in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: " "
            default: Character(scalar)
            }
        }
        return String(line)
    }
}
