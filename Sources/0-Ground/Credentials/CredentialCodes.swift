// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

extension DiagnosticCode {
    /// A password that is too short, too long or too easily guessed.
    package static let passwordRefused = DiagnosticCode(1030)
    /// A stored password hash that cannot be read or computed.
    package static let passwordHashUnusable = DiagnosticCode(1031)
    /// A text that is not a Martlet token: other shape, or a wrong checksum.
    package static let malformedToken = DiagnosticCode(1032)
    /// A signed value that is forged, expired or made for something else.
    package static let ticketRefused = DiagnosticCode(1033)
    /// A webhook whose signature or time does not hold.
    package static let webhookSignatureRefused = DiagnosticCode(1034)
    /// A key or a secret that cannot sign.
    package static let signingSecretUnusable = DiagnosticCode(1035)
    /// More attempts than are allowed; the message says when the next one is.
    package static let tooManyAttempts = DiagnosticCode(1036)
    /// The credential is unknown, expired or revoked.
    package static let credentialRefused = DiagnosticCode(1183)
}
