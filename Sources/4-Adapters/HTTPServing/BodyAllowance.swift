// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import Synchronization

/// How much may be held at once of bodies whose senders have proven nothing yet, and how long one may take to come.
package final class BodyAllowance: Sendable {
    private let limitBytes: Int
    let seconds: Int
    private let held = Mutex(0)

    /// - Parameters:
    ///   - limitBytes: of all bodies together.
    ///   - seconds: a body that is still coming after so many is given up.
    package init(limitBytes: Int, seconds: Int) {
        (self.limitBytes, self.seconds) = (limitBytes, seconds)
    }

    package var heldBytes: Int { held.withLock { $0 } }

    /// - Throws: ``DiagnosticCode/bodiesPastLimit``.
    func take(_ count: Int) throws(DiagnosticError) {
        let isTaken = held.withLock { held in
            guard held + count <= limitBytes else { return false }
            held += count
            return true
        }
        guard isTaken else {
            throw DiagnosticError(
                .bodiesPastLimit, "The server holds as much as it will of requests whose senders it does not know yet.",
                remedy: "Send it again in some seconds.")
        }
    }

    /// What was taken for a body that is not held any more.
    package func giveBack(_ count: Int) { held.withLock { $0 -= count } }
}
