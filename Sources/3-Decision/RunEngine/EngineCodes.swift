// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

extension DiagnosticCode {
    /// An event of a type or version that this program does not know.
    package static let unknownEvent = DiagnosticCode(600)
    /// An event whose payload is not of the shape that its type has.
    package static let malformedEvent = DiagnosticCode(601)
    /// A matrix with more legs than a job may have.
    package static let matrixTooLarge = DiagnosticCode(602)
    /// More legs than a run may have.
    package static let runTooLarge = DiagnosticCode(603)
    /// More steps than a job may have.
    package static let jobTooLarge = DiagnosticCode(604)
    /// Composite actions nested too deep.
    package static let compositeTooDeep = DiagnosticCode(605)
    /// A job or run that would wait for a concurrency group that it, or what it waits for, holds.
    package static let concurrencyDeadlock = DiagnosticCode(606)
    /// A re-run that names a job which the run before it does not have.
    package static let unknownRerun = DiagnosticCode(607)
}
