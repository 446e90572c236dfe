// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

extension DiagnosticCode {
    /// The address of a server cannot be read.
    package static let serverAddressInvalid = DiagnosticCode(1240)
    /// The server did not answer.
    package static let serverUnreachable = DiagnosticCode(1241)
    /// The server answered, and not as a Martlet server does.
    package static let serverAnswerForeign = DiagnosticCode(1242)
    /// The server refused, in words that are no problem report.
    package static let serverRefusal = DiagnosticCode(1243)
    /// A list or a stream is longer than this program takes.
    package static let serverAnswerTooLong = DiagnosticCode(1244)
}
