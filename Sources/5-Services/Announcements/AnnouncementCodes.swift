// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// The codes of this target: MRT1270 – MRT1289.
extension DiagnosticCode {
    /// What the journal has of a delivery cannot be read.
    package static let outgoingUnreadable = DiagnosticCode(1270)
    /// There is no such delivery.
    package static let outgoingMissing = DiagnosticCode(1271)
    /// A delivery cannot be sent once more now.
    package static let redeliveryRefused = DiagnosticCode(1272)
    /// A project's document of who is told what cannot be used.
    package static let policiesInvalid = DiagnosticCode(1273)
    /// That document was changed by somebody else meanwhile.
    package static let policiesMoved = DiagnosticCode(1274)
    /// A channel cannot be told anything: its address, or what it needs, is missing.
    package static let channelUnusable = DiagnosticCode(1275)
    /// A hook did not take anything for so long that it was switched off.
    package static let hookSwitchedOff = DiagnosticCode(1276)
    /// A notice was given up.
    package static let noticeGivenUp = DiagnosticCode(1277)
}
