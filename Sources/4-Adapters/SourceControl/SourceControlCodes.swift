// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics

extension DiagnosticCode {
    static let gitFailed = DiagnosticCode(450)
    static let checkoutFailed = DiagnosticCode(451)
    /// Another repository could not be fetched.
    static let fetchFailed = DiagnosticCode(455)
}
