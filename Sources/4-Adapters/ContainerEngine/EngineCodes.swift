// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// The codes of this target: MRT0840 – MRT0859.
extension DiagnosticCode {
    /// No container engine answers at any of the places where one may be.
    package static let engineNotFound = DiagnosticCode(840)
    /// The engine's socket cannot be connected to.
    package static let engineUnreachable = DiagnosticCode(841)
    /// The address of an engine is of a kind that is not spoken.
    package static let engineAddressUnsupported = DiagnosticCode(842)
    /// The engine speaks no version of its API that is spoken here.
    package static let engineVersionUnsupported = DiagnosticCode(843)
    /// A call went past its timeout.
    package static let engineTimedOut = DiagnosticCode(844)
    /// A call was given up on request.
    package static let engineCallCancelled = DiagnosticCode(845)
    /// The connection ended before the answer did.
    package static let engineLost = DiagnosticCode(846)
    /// An answer is not what the API promises.
    package static let engineAnswerUnreadable = DiagnosticCode(847)
    /// An answer is longer than what is read of one.
    package static let engineAnswerTooLarge = DiagnosticCode(848)
    /// The engine refused a call, with its own words.
    package static let engineRefused = DiagnosticCode(849)
    /// The engine has no such container, image, network or volume.
    package static let engineObjectMissing = DiagnosticCode(850)
    /// What was asked for conflicts with the state of things, such as a name that is taken.
    package static let engineConflict = DiagnosticCode(851)
    /// An image could not be pulled or imported.
    package static let imageNotPulled = DiagnosticCode(852)
    /// An image could not be built.
    package static let imageNotBuilt = DiagnosticCode(853)
    /// An option of a container is not known.
    package static let containerOptionUnknown = DiagnosticCode(854)
    /// An option of a container has no value, or one that cannot be read.
    package static let containerOptionInvalid = DiagnosticCode(855)
    /// An option of a container is known and not taken here.
    package static let containerOptionRefused = DiagnosticCode(856)
    /// A volume is not of the form `source:target:mode`.
    package static let volumeSyntaxInvalid = DiagnosticCode(857)
    /// A port is not of the form `host:container/protocol`.
    package static let portSyntaxInvalid = DiagnosticCode(858)
}
