// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

extension DiagnosticCode {
    package static let matrixInvalid = DiagnosticCode(180)
    package static let inputInvalid = DiagnosticCode(182)
    package static let eventUnknown = DiagnosticCode(183)
    package static let jobUnknown = DiagnosticCode(184)
    package static let matrixUnknown = DiagnosticCode(186)
    package static let tooManyJobs = DiagnosticCode(185)
}
