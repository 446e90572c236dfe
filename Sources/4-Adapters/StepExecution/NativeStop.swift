// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
import Synchronization

/// Whether what a native action does on a thread of its own is to end: its step was cancelled, or its time is over.
package final class NativeStop: Sendable {
    private let isAsked = Atomic(false)

    package init() {}

    package func ask() { isAsked.store(true, ordering: .relaxed) }

    /// - Throws: where it is to end.
    package func check() throws(DiagnosticError) {
        if isAsked.load(ordering: .relaxed) {
            throw DiagnosticError(.stepNotStarted, "The operation was canceled.")
        }
    }
}
