// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// The codes of this target: MRT1110 – MRT1114.
extension DiagnosticCode {
    /// A policy of who is told what cannot be used.
    package static let policyInvalid = DiagnosticCode(1110)
    /// A record of what was told or delivered cannot be read.
    package static let noticeEventUnreadable = DiagnosticCode(1111)
    /// An address that a person gave leads where the server does not go.
    package static let addressRefused = DiagnosticCode(1112)
    /// An address that a person gave is none.
    package static let addressInvalid = DiagnosticCode(1113)
}
