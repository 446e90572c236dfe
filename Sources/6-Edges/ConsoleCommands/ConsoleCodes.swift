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
    /// A server was named for a verb that works on this machine only.
    static let verbStaysHere = DiagnosticCode(1245)
    /// A server was named, and an option that it has no use for.
    static let optionStaysHere = DiagnosticCode(1246)
    /// The verb works on a server, and none was named.
    static let serverNotNamed = DiagnosticCode(1247)
    /// Which of the server's projects is meant cannot be told.
    static let projectUnclear = DiagnosticCode(1248)
    /// Nobody has signed in there from here.
    static let loginMissing = DiagnosticCode(1249)
    /// No token was given, or it cannot be one.
    static let tokenUnusable = DiagnosticCode(1250)
    /// Nothing waits for that approval.
    static let nothingToApprove = DiagnosticCode(1251)
    /// The folder has no runner of a server.
    static let runnerNotRegistered = DiagnosticCode(1196)
}
