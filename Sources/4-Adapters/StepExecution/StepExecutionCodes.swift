// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

extension DiagnosticCode {
    /// `shell:` names neither a built-in nor a template with `{0}`.
    package static let invalidShell = DiagnosticCode(550)
    /// The shell is not on `PATH`.
    package static let missingShell = DiagnosticCode(551)
    /// The step's process could not be started.
    package static let stepNotStarted = DiagnosticCode(552)
    /// The step's working directory is not there.
    package static let missingWorkingDirectory = DiagnosticCode(553)
    /// A folder or file that the job needs could not be made, read or written.
    package static let jobFiles = DiagnosticCode(554)
    /// An action that this machine cannot run.
    package static let unavailableAction = DiagnosticCode(556)
    /// A condition or a value of the step could not be evaluated.
    package static let stepEvaluation = DiagnosticCode(557)
    /// What a step wrote to a command file, or its environment, is over its limit.
    package static let stepOutputLimit = DiagnosticCode(558)
    /// The step was cut off before its outcome was known.
    package static let stepInterrupted = DiagnosticCode(559)
    /// An action needs node, and there is none.
    package static let missingNode = DiagnosticCode(561)
}
