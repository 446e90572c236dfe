// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// The codes of this target.
extension DiagnosticCode {
    /// The address for traces is none.
    package static let traceAddressInvalid = DiagnosticCode(1080)
    /// Who takes traces does not take ours.
    package static let tracesRefused = DiagnosticCode(1081)
    /// Traces could not be sent, however often it was tried.
    package static let tracesNotDelivered = DiagnosticCode(1082)
    /// Spans come faster than they can be sent.
    package static let tracesDropped = DiagnosticCode(1083)
    /// A metric has as many series as it may have.
    package static let metricSeriesLimit = DiagnosticCode(1084)
}
