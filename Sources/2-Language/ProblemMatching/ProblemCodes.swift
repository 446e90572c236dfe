// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// The codes of this target.
extension DiagnosticCode {
    /// A problem matcher's file that is not JSON, or not of a matcher's shape.
    package static let matcherUnreadable = DiagnosticCode(820)
    /// A matcher that the runner's rules refuse.
    package static let matcherInvalid = DiagnosticCode(821)
    /// A matcher's regular expression that cannot be compiled.
    package static let matcherPatternInvalid = DiagnosticCode(822)
    /// A matcher's file, its patterns or a job's matchers over a limit.
    package static let matcherLimit = DiagnosticCode(823)
    /// A matcher that is not asked any more, since its pattern needs too much work.
    package static let matcherDropped = DiagnosticCode(824)
}
