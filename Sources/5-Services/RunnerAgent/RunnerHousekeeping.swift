// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import PipelineModel
package import RetentionRules
package import RunCoordination
internal import ThreadExecution
package import Timekeeping

/// Removes what a runner has of jobs that the server has everything of. What a later attempt needs to go on in the middle
/// of a job stays for a week, as its snapshots do.
package struct RunnerHousekeeping: Sendable {
    let store: RunStore
    let policy: RetentionPolicy

    static let rhythm = Duration.seconds(3_600)

    package init(store: RunStore, policy: RetentionPolicy = .runner) {
        self.store = store
        self.policy = policy
    }

    /// - Parameters:
    ///   - holds: of the runner's jobs; a run that has one is left alone, and one that begins meanwhile waits.
    ///   - isFar: copies of the server's content are here.
    ///   - report: told of what could not be removed; the rest goes.
    /// - Returns: what went.
    @discardableResult
    package func round(
        _ now: Timestamp, _ holds: RunHolds, isFar: Bool = false,
        report: @Sendable (DiagnosticError) -> Void = { _ in }
    ) async throws(DiagnosticError) -> [Removal] {
        let store = store
        // Whoever removed them was cut off.
        for run in store.hiddenRuns() {
            _ = await alone(with: run, holds, report) { () throws(DiagnosticError) in try store.finishRemoval(of: run) }
        }
        var removals: [Removal] = []
        for removal in try await BlockingWork.attempt(decided(now)) {
            let isGone = await alone(with: removal.run, holds, report) { () throws(DiagnosticError) in
                try carryOut(removal)
            }
            if isGone { removals.append(removal) }
        }
        try await BlockingWork.attempt { () throws(DiagnosticError) in
            if let days = policy.runDays { try store.removeJobs(before: now + .days(Int64(-days))) }
            store.removeLeftovers()
            _ = try StoreCleaning(root: store.root, environment: [:]).run(now: now)
            if isFar { try FarContentUpkeep.run(store, now: now) }
        }
        return removals
    }

    /// - Returns: whether it was done.
    private func alone(
        with run: RunID, _ holds: RunHolds, _ report: (DiagnosticError) -> Void,
        _ body: @escaping @Sendable () throws(DiagnosticError) -> Void
    ) async -> Bool {
        guard holds.beginRemoval(run) else { return false }
        defer { holds.removed(run) }
        do throws(DiagnosticError) {
            try await BlockingWork.attempt(body)
            return true
        } catch {
            report(error)
            return false
        }
    }

    private func decided(_ now: Timestamp) -> @Sendable () throws(DiagnosticError) -> [Removal] {
        { () throws(DiagnosticError) in
            let runs = try store.runsOnDisk().map { run in
                KeptRun(
                    run, project: "", pipeline: "", finishedAt: store.lastChange(of: run), hasLogs: false,
                    hasWorkspace: store.hasWorkspace(run))
            }
            return RetentionRound(now: now, policy: policy).decide(runs)
        }
    }

    private func carryOut(_ removal: Removal) throws(DiagnosticError) {
        switch removal.part {
        case .run: try store.remove(removal.run)
        case .workspace: _ = try store.removeWorkspace(of: removal.run)
        case .logs: break
        }
    }
}
