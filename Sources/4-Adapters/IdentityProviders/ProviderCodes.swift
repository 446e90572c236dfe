// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

extension DiagnosticCode {
    /// Settings of an identity provider that cannot be used.
    package static let identityProviderSettings = DiagnosticCode(1060)
    /// An identity provider that does not answer, or not as OpenID Connect asks.
    package static let identityProviderUnusable = DiagnosticCode(1061)
    /// An id-token that proves nothing.
    package static let idTokenRefused = DiagnosticCode(1062)
    /// A browser that comes back with what this server did not send it away with.
    package static let signInStateRefused = DiagnosticCode(1063)
    /// The identity provider refused the sign-in.
    package static let signInDenied = DiagnosticCode(1064)
    /// Somebody who is known to the provider, but may not sign in here.
    package static let personNotAdmitted = DiagnosticCode(1065)
}

extension DiagnosticError {
    static func unusable(_ message: String) -> DiagnosticError {
        DiagnosticError(
            .identityProviderUnusable, message,
            remedy: "See that the issuer's address is right, and that this server reaches it.")
    }

    static func idToken(_ message: String) -> DiagnosticError {
        DiagnosticError(.idTokenRefused, "The id-token \(message).", remedy: "Sign in again.")
    }
}
