// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

extension DiagnosticCode {
    package static let matrixInvalid = DiagnosticCode(180)
    package static let inputInvalid = DiagnosticCode(182)
    package static let eventUnknown = DiagnosticCode(183)
    package static let jobUnknown = DiagnosticCode(184)
    package static let matrixUnknown = DiagnosticCode(186)
    package static let tooManyJobs = DiagnosticCode(185)
    package static let tooManySteps = DiagnosticCode(187)
    package static let actionsCycle = DiagnosticCode(188)
    package static let actionsTooDeep = DiagnosticCode(189)
}
