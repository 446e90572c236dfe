// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// The codes of this target: MRT0894 – MRT0896.
extension DiagnosticCode {
    /// A zip archive that is damaged, or of a kind that is not known here.
    package static let zipUnreadable = DiagnosticCode(894)
    /// A zip archive that would write outside of its folder, or past a limit.
    package static let zipUnsafe = DiagnosticCode(895)
    /// A zip archive that could not be made.
    package static let zipUnwritable = DiagnosticCode(896)
}

/// What one archive may hold. Past each of them it is refused; nothing is cut silently.
package struct ZipLimits: Hashable, Sendable {
    package var entryCount: UInt64 = 1_000_000
    /// All files together, unpacked.
    package var sizeBytes: UInt64 = 64 << 30
    package static let nameBytes = 4096

    package init() {}
}
