// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

extension DiagnosticCode {
    /// What was sealed, or the key to it, cannot be read.
    package static let sealedRecord = DiagnosticCode(555)
    /// More than a sealed log may hold.
    package static let sealedTooLarge = DiagnosticCode(560)
}
