// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics

extension DiagnosticCode {
    static let gitFailed = DiagnosticCode(450)
    static let checkoutFailed = DiagnosticCode(451)
}
