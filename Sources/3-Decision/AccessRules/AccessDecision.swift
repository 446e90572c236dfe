// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// Who asks.
package enum Principal: Hashable, Sendable {
    /// Nobody is signed in.
    case anonymous
    /// Somebody who is signed in.
    case account(EntryID)
    case token(EntryID)
    case runner(EntryID)
}

/// Whether something may be done, and a sentence that says why.
package struct AccessDecision: Hashable, Sendable {
    package enum Verdict: String, Hashable, Sendable {
        case allowed
        /// Nobody who is known asks: sign in first.
        case unknownCaller
        /// Somebody who is known may not.
        case denied
        /// Somebody who may not even know that the target is there; to be answered as if it were not.
        case hidden
    }

    package var permission: Permission
    package var verdict: Verdict
    /// For `martlet auth can-i` and the body of a refusal.
    package var sentence: String

    package var isAllowed: Bool { verdict == .allowed }

    /// - Throws: ``DiagnosticCode/accessDenied`` with the sentence.
    package func required() throws(DiagnosticError) {
        guard !isAllowed else { return }
        throw DiagnosticError(
            .accessDenied, sentence,
            remedy: verdict == .unknownCaller
                ? "Sign in, or give a token." : "`martlet auth can-i \(permission.rawValue)` says what is allowed.")
    }
}
