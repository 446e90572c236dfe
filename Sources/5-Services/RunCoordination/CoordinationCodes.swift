// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics

extension DiagnosticCode {
    static let runRecordUnreadable = DiagnosticCode(700)
    static let runFinishedAlready = DiagnosticCode(701)
    static let secretsMissing = DiagnosticCode(702)
    static let runMissing = DiagnosticCode(703)
    static let textUnreadable = DiagnosticCode(704)
    static let workflowNotFound = DiagnosticCode(705)
}

extension DiagnosticCode {
    static let checkoutPathInvalid = DiagnosticCode(453)
    static let checkoutRepositoryMissing = DiagnosticCode(452)
}
