// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// The codes of this target: MRT0500 – MRT0549.
extension DiagnosticCode {
    /// The supervisor of a job could not be started.
    package static let supervisorNotStarted = DiagnosticCode(500)
    /// Another supervisor still holds the receipts of the job.
    package static let receiptsHeld = DiagnosticCode(501)
    /// A request to a supervisor is larger than the limit or malformed.
    package static let spawnRequestInvalid = DiagnosticCode(502)
    /// The connection to a supervisor broke.
    package static let supervisorLost = DiagnosticCode(503)
    /// A pipe, terminal, timer or event descriptor could not be made.
    package static let descriptorUnavailable = DiagnosticCode(504)
    /// The receipts file is damaged or past its limit.
    package static let receiptsUnreadable = DiagnosticCode(505)
    /// A file lock is held by another process.
    package static let lockHeld = DiagnosticCode(506)
    /// A lock file could not be opened.
    package static let lockUnavailable = DiagnosticCode(507)
    /// A helper command could not be started.
    package static let commandNotStarted = DiagnosticCode(508)
    /// A helper command ran past its deadline.
    package static let commandTimedOut = DiagnosticCode(509)
    /// A helper command printed more than was allowed.
    package static let commandOutputTooLarge = DiagnosticCode(510)
    /// No directory for scratch files could be found or made.
    package static let scratchUnavailable = DiagnosticCode(511)
    /// Processes left over from an earlier run could not be killed in time.
    package static let leftoversRemain = DiagnosticCode(512)
}
