// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// The codes of this target.
extension DiagnosticCode {
    /// A webhook without a signature, or without the token that stands for one.
    package static let webhookSignatureMissing = DiagnosticCode(1000)
    /// A webhook whose signature or token fits none of the secrets.
    package static let webhookSignatureWrong = DiagnosticCode(1001)
    /// A webhook that is signed in a way that is not checked here.
    package static let webhookSignatureUnknown = DiagnosticCode(1002)
    /// A webhook that is too large.
    package static let webhookTooLarge = DiagnosticCode(1003)
    /// A signed webhook that was sent too long ago, or in the future.
    package static let webhookStale = DiagnosticCode(1004)
    /// A hook without a secret that could be checked.
    package static let webhookSecretUnusable = DiagnosticCode(1005)
    /// A webhook whose body is not what its event has.
    package static let webhookMalformed = DiagnosticCode(1006)
    /// A webhook that does not say which event it is.
    package static let webhookEventMissing = DiagnosticCode(1007)
    /// A forge's address that cannot be used.
    package static let forgeAddressUnusable = DiagnosticCode(1010)
    /// A forge that refuses, for good.
    package static let forgeRefused = DiagnosticCode(1011)
    /// A forge that cannot answer now.
    package static let forgeBusy = DiagnosticCode(1012)
    /// A forge's answer that is not what was asked for.
    package static let forgeAnswerMalformed = DiagnosticCode(1013)
    /// The private key of a GitHub App that cannot be used.
    package static let appKeyUnusable = DiagnosticCode(1014)
    /// A list of refs that cannot be read.
    package static let refListMalformed = DiagnosticCode(1020)
    /// A remote with too many refs.
    package static let refListTooLong = DiagnosticCode(1021)
}
