// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// The codes of this target: MRT0860 – MRT0879.
extension DiagnosticCode {
    /// The services could not listen.
    package static let servicesUnavailable = DiagnosticCode(860)
    /// The parts of an upload do not make a whole.
    package static let uploadIncomplete = DiagnosticCode(861)
    /// The bytes of a cache or an artifact cannot be written.
    package static let blobUnwritable = DiagnosticCode(862)
    /// The bytes of a cache or an artifact are gone or cannot be read.
    package static let blobUnreadable = DiagnosticCode(863)
    /// The file that describes a cache or an artifact is damaged.
    package static let entryDamaged = DiagnosticCode(864)
    /// The key that signs id-tokens cannot be made or read.
    package static let identityKey = DiagnosticCode(865)
}
