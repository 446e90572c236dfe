// SPDX-License-Identifier: Apache-2.0

internal import Credentials
internal import Diagnostics
internal import HTTPMessages

/// The query that a browser comes back with.
struct SignInAnswer {
    private var values: [String: String] = [:]

    private static let queryLimitBytes = 16 << 10

    /// - Throws: ``DiagnosticCode/signInStateRefused`` for one that cannot be read, or says something twice.
    init(_ query: String) throws(DiagnosticError) {
        guard query.utf8.count <= Self.queryLimitBytes, let pairs = FormText.pairs(query) else { throw Self.refused }
        for pair in pairs {
            guard values.updateValue(pair.value, forKey: pair.name) == nil else { throw Self.refused }
        }
    }

    /// The code, once it is sure that the answer is to this sign-in and from this provider.
    ///
    /// - Throws: ``DiagnosticCode/signInStateRefused``, ``DiagnosticCode/signInDenied``.
    func code(_ attempt: SignInAttempt, issuer: String, needsIssuer: Bool) throws(DiagnosticError) -> String {
        guard let state = values["state"], Secrecy.isSame(Array(state.utf8), Array(attempt.state.utf8)) else {
            throw Self.refused
        }
        // RFC 9207: the answer of another provider is not taken to this one.
        guard values["iss"].map({ $0 == issuer }) ?? !needsIssuer else { throw Self.refused }
        if let error = values["error"] {
            let text = values["error_description"].map { " (\($0.shown))" } ?? ""
            throw DiagnosticError(
                .signInDenied, "The provider refused the sign-in: \(error.shown)\(text).", remedy: "Sign in again.")
        }
        guard let code = values["code"], !code.isEmpty else { throw Self.refused }
        return code
    }

    private static let refused = DiagnosticError(
        .signInStateRefused, "The browser came back with something that does not belong to a sign-in from here.",
        remedy: "Begin to sign in anew, in the same browser.")
}
