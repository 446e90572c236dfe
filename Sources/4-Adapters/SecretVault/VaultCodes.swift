// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// The codes of this target: MRT1090 – MRT1099.
extension DiagnosticCode {
    /// What was given as a master key is none.
    package static let masterKeyInvalid = DiagnosticCode(1090)
    /// The vault is sealed with another master key.
    package static let masterKeyOther = DiagnosticCode(1091)
    package static let secretNameInvalid = DiagnosticCode(1092)
    /// A value is longer than what is kept.
    package static let secretTooLarge = DiagnosticCode(1093)
    /// A place has as many secrets as it may.
    package static let tooManySecrets = DiagnosticCode(1094)
    /// A file of the vault was changed, moved or lost.
    package static let vaultDamaged = DiagnosticCode(1095)
    /// There is no secret of that name.
    package static let secretMissing = DiagnosticCode(1096)
    /// A newer Martlet wrote the vault.
    package static let vaultFormatUnknown = DiagnosticCode(1097)
    /// The name of a project or an environment cannot be one.
    package static let secretPlaceInvalid = DiagnosticCode(1098)
}
