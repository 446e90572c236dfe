// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// The codes of this target.
extension DiagnosticCode {
    /// A test report that is no well-formed XML.
    package static let reportUnreadable = DiagnosticCode(830)
    /// A test report with a document type, which may hold entities.
    package static let reportDocumentType = DiagnosticCode(831)
    /// A report over a limit of size, depth or count.
    package static let reportLimit = DiagnosticCode(832)
    /// XML that is no test report known here.
    package static let reportUnknown = DiagnosticCode(833)
    /// A SARIF file that is not JSON, or not of SARIF's shape.
    package static let analysisUnreadable = DiagnosticCode(834)
}
