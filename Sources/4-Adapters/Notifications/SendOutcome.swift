// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import Timekeeping

/// What came of handing a message over.
package enum SendOutcome: Hashable, Sendable {
    case delivered
    /// It may go later; `after` is how long the other side asks to be left alone.
    case retry(Diagnostic, after: Timestamp.Span?)
    /// It will not go, however often it is tried.
    case givenUp(Diagnostic)
}
