// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

extension DiagnosticCode {
    /// A service did not answer.
    package static let webUnreachable = DiagnosticCode(1134)
}
