// SPDX-License-Identifier: Apache-2.0

/// How long jobs took that succeeded, by their places in workflows: what the next one is expected to take. It knows what this
/// process has seen.
package struct JobTimes: Sendable {
    package struct Place: Hashable, Sendable {
        var project: String
        var workflow: String
        /// With its leg of a matrix.
        var job: String

        package init(project: String, workflow: String, job: String) {
            (self.project, self.workflow, self.job) = (project, workflow, job)
        }
    }

    private struct Entry: Sendable {
        var milliseconds: [Int64]
        var turn: Int
    }

    /// Of so many the middle one is expected.
    private static let kept = 5
    /// Beyond so many places those go that were heard of longest ago.
    package static let placeLimit = 10_000

    private var entries: [Place: Entry] = [:]
    private var turn = 0

    package init() {}

    package mutating func note(_ milliseconds: Int64, at place: Place) {
        turn += 1
        let before = entries[place]?.milliseconds.suffix(Self.kept - 1) ?? []
        entries[place] = Entry(milliseconds: before + [max(0, milliseconds)], turn: turn)
        guard entries.count > Self.placeLimit else { return }
        let turns = entries.values.map(\.turn).sorted()
        let oldest = turns[turns.count / 4]
        entries = entries.filter { $0.value.turn > oldest }
    }

    /// - Returns: milliseconds; `nil`: none has succeeded yet.
    package func expected(at place: Place) -> Int64? {
        guard let found = entries[place]?.milliseconds.sorted(), !found.isEmpty else { return nil }
        return found[found.count / 2]
    }
}
