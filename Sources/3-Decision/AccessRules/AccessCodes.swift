// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

extension DiagnosticCode {
    /// Somebody asked for what they may not do.
    package static let accessDenied = DiagnosticCode(1040)
    /// A name, a mail address or an identity that something else has.
    package static let nameTaken = DiagnosticCode(1041)
    /// No account, project, token, environment, runner or hook of that name.
    package static let unknownEntry = DiagnosticCode(1042)
    /// A change that would leave the server without an administrator.
    package static let lastAdministrator = DiagnosticCode(1043)
    /// A token, account or registration that is expired, revoked or disabled.
    package static let credentialEnded = DiagnosticCode(1044)
    /// More accounts, tokens, projects, … than there may be.
    package static let directoryLimit = DiagnosticCode(1045)
    /// A name, an address or a rule that cannot be taken.
    package static let directoryValue = DiagnosticCode(1046)
    /// A token that would have more rights than its owner.
    package static let scopeTooWide = DiagnosticCode(1047)
    /// An event of the directory that this version does not know.
    package static let unknownDirectoryEvent = DiagnosticCode(1048)
    /// An event of the directory that cannot be read.
    package static let malformedDirectoryEvent = DiagnosticCode(1049)
    /// An approval or a rejection that does not count.
    package static let reviewRefused = DiagnosticCode(1050)
    /// A decision on a gate that is already decided.
    package static let gateClosed = DiagnosticCode(1051)
}
