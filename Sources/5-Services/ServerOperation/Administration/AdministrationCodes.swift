// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// The codes of people, values and answers that are kept: MRT1200 – MRT1219.
extension DiagnosticCode {
    /// Something changed since whoever wants to change it has read it.
    package static let entryMoved = DiagnosticCode(1200)
    /// The session has ended, or was never one.
    package static let sessionEnded = DiagnosticCode(1202)
    /// A link that makes an account, or sets a password, is used up, too old, or none.
    package static let linkRefused = DiagnosticCode(1203)
    /// Somebody signed in at the identity provider who has no account here.
    package static let accountMissing = DiagnosticCode(1204)
    /// No identity provider is set up.
    package static let providerMissing = DiagnosticCode(1205)
    /// The password that holds now was not given, or is another.
    package static let oldPasswordWrong = DiagnosticCode(1206)
    /// A key was used before, for another request.
    package static let keyReused = DiagnosticCode(1207)
    /// What was asked for with the same key is being worked on.
    package static let keyInUse = DiagnosticCode(1208)
    /// What is there is no key for a request that may be sent again.
    package static let keyInvalid = DiagnosticCode(1209)
    /// It is not known what became of what was asked for with the same key.
    package static let keyUncertain = DiagnosticCode(1216)
    /// A secret that is kept for one place would be sent to another.
    package static let credentialElsewhere = DiagnosticCode(1214)
    /// What was given to open a project's remote or forge cannot be used for it.
    package static let connectionSecretUnusable = DiagnosticCode(1215)
}
