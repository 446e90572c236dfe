// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// The codes of this target: MRT0530 – MRT0549.
extension DiagnosticCode {
    /// A file could not be opened or read.
    package static let fileUnreadable = DiagnosticCode(530)
    /// A file is larger than what may be read.
    package static let fileTooLarge = DiagnosticCode(531)
    /// A file could not be written, renamed or removed.
    package static let fileUnwritable = DiagnosticCode(532)
    /// A directory could not be listed.
    package static let directoryUnreadable = DiagnosticCode(533)
    /// A directory could not be made.
    package static let directoryNotMade = DiagnosticCode(534)
    /// A tree could not be removed.
    package static let treeNotRemoved = DiagnosticCode(535)
    /// A tree could not be copied.
    package static let treeNotCopied = DiagnosticCode(536)
    /// A tree has more files or bytes than may be copied.
    package static let treeTooLarge = DiagnosticCode(537)
    /// Folders could not be watched.
    package static let foldersUnwatchable = DiagnosticCode(538)
}
