// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import RunCoordination
internal import RunIndex
internal import ServerOperation
internal import WebPages

/// A run's tests beside those of the runs before it.
struct TestComparison {
    /// Of the same workflow, the newest first; those of other branches as well.
    private let past: [(row: RunRow, verdicts: TestVerdicts)]
    /// Of the run before on the same branch; `nil`: there was none with tests.
    private let previous: TestVerdicts?
    private let row: RunRow
    private let now: TestVerdicts

    /// - Parameter depth: how many runs before are looked at.
    init(
        _ server: Server, _ row: RunRow, _ outcomes: OutcomeHistory, depth: Int = 0
    ) throws(DiagnosticError) {
        self.row = row
        now = TestVerdicts(outcomes)
        if let before = try server.index.previous(of: row) {
            let verdicts = try server.testVerdicts(of: before)
            previous = verdicts.isEmpty ? nil : verdicts
        } else {
            previous = nil
        }
        var past: [(row: RunRow, verdicts: TestVerdicts)] = []
        if depth > 0 {
            var query = RunQuery(limit: depth)
            query.projects = [row.project]
            query.workflowPath = row.workflowPath
            query.before = row.run
            query.state = .finished
            for other in try server.index.runs(query) {
                past.append((other, try server.testVerdicts(of: other)))
            }
        }
        self.past = past
    }

    /// Failed now and not in the run before. Without a run before nothing is new.
    var newFailures: Int { now.count { isNew($0.key, $0.value.isFailure) } }

    func isNew(_ title: String, _ isFailure: Bool) -> Bool {
        guard isFailure, let previous else { return false }
        return !(previous[title]?.isFailure ?? false)
    }

    /// On the same branch, oldest first, with this run.
    func history(_ title: String) -> [RunState] {
        let before = past.filter { $0.row.ref == row.ref }.compactMap { $0.verdicts[title]?.shown }
        guard !before.isEmpty else { return [] }
        return before.reversed() + (now[title].map { [$0.shown] } ?? [])
    }

    /// Whether it has both passed and failed on one commit lately.
    func isFlaky(_ title: String) -> Bool {
        var seen: [String: Set<Bool>] = [:]
        for (row, verdicts) in past + [(row, now)] where !row.sha.isEmpty {
            guard let verdict = verdicts[title], verdict != .skipped else { continue }
            seen[row.sha, default: []].insert(verdict.isFailure)
        }
        return seen.values.contains { $0.count > 1 }
    }
}

extension TestOutcome.Status {
    var isFailure: Bool { self == .failed || self == .error }

    var shown: RunState {
        switch self {
        case .passed: .passed
        case .failed, .error: .failed
        case .skipped: .skipped
        }
    }
}
