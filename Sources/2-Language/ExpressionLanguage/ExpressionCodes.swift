// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

extension DiagnosticCode {
    /// A sequence of characters in an expression is no token.
    package static let expressionNotLexed = DiagnosticCode(200)
    /// The tokens of an expression do not form one, or it names what is not there.
    package static let expressionNotParsed = DiagnosticCode(201)
    /// Evaluating an expression failed.
    package static let expressionNotEvaluated = DiagnosticCode(202)
    /// `${{` without `}}`, or nothing between them.
    package static let templateMalformed = DiagnosticCode(203)
}
