// SPDX-License-Identifier: Apache-2.0

/// What came of an append to the journal, for those who count.
package struct AppendNote: Hashable, Sendable {
    package enum Outcome: String, Hashable, Sendable, CaseIterable {
        case stored
        /// Somebody else was first: a part of normal work.
        case conflict
        /// The stream has another owner.
        case fenced
        case failed

        init(_ error: JournalError) {
            switch error {
            case .conflict: self = .conflict
            case .fenced: self = .fenced
            default: self = .failed
            }
        }
    }

    package var outcome: Outcome
    /// With the time that the call waited for its turn.
    package var duration: Duration
}
