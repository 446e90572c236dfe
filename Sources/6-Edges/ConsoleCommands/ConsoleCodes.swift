// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics

extension DiagnosticCode {
    static let actionsNotLocked = DiagnosticCode(713)
    static let argumentInvalid = DiagnosticCode(900)
    static let workflowMissing = DiagnosticCode(902)
    static let nothingToRun = DiagnosticCode(903)
    static let codeUnknown = DiagnosticCode(905)
    static let outputUnwritable = DiagnosticCode(907)
    static let secretTooShort = DiagnosticCode(908)
    static let stepMissing = DiagnosticCode(906)
    /// The folder has no runner of a server.
    static let runnerNotRegistered = DiagnosticCode(1196)
    /// A server refused, and not with a code of Martlet's.
    static let serverRefused = DiagnosticCode(1221)
}
