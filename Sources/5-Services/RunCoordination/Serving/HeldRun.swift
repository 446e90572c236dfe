// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
package import PipelineModel

/// A run that was planned, and does not begin before somebody lets it: of code that is not the project's own.
enum HeldRun {
    private static let limitBytes = 1 << 16

    private static func path(_ store: RunStore, _ run: RunID) -> String { store.folder(of: run) + "/held" }

    static func save(_ reason: String, _ store: RunStore, _ run: RunID) throws(DiagnosticError) {
        try Files.replace(path(store, run), with: reason.utf8, mode: 0o600)
    }

    /// Why it is held; `nil`: it is not.
    static func load(_ store: RunStore, _ run: RunID) throws(DiagnosticError) -> String? {
        try Files.readIfPresent(path(store, run), limit: limitBytes).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func rejectionPath(_ store: RunStore, _ run: RunID) -> String {
        store.folder(of: run) + "/rejected"
    }

    /// For good: what was rejected is not run by another way.
    static func reject(_ store: RunStore, _ run: RunID) throws(DiagnosticError) {
        try Files.replace(rejectionPath(store, run), with: [], mode: 0o600)
    }

    /// A rejection that was cut off, and that somebody takes back.
    static func allow(_ store: RunStore, _ run: RunID) { try? Files.remove(rejectionPath(store, run)) }

    static func isRejected(_ store: RunStore, _ run: RunID) -> Bool { Files.facts(rejectionPath(store, run)) != nil }

    static func forget(_ store: RunStore, _ run: RunID) { try? Files.remove(path(store, run)) }
}

extension RunStore {
    /// Why a run does not begin before somebody lets it; `nil`: nobody has to.
    package func heldReason(of run: RunID) throws(DiagnosticError) -> String? { try HeldRun.load(self, run) }
}
