// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import PipelineModel
package import RetentionRules
package import RunCoordination
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

    /// - Parameter held: runs of which the runner has a job.
    /// - Returns: what went.
    @discardableResult
    package func round(_ now: Timestamp, held: Set<RunID>) throws(DiagnosticError) -> [Removal] {
        try store.finishRemovals()
        let runs = try store.runs().map { run in
            KeptRun(
                run, project: "", pipeline: "", finishedAt: store.lastChange(of: run),
                hold: held.contains(run) ? .underWay : nil, hasLogs: false, hasWorkspace: store.hasWorkspace(run))
        }
        let removals = RetentionRound(now: now, policy: policy).decide(runs)
        for removal in removals {
            switch removal.part {
            case .run: try store.remove(removal.run)
            case .workspace: _ = try store.removeWorkspace(of: removal.run)
            case .logs: break
            }
        }
        if let days = policy.runDays { try store.removeJobs(before: now + .days(Int64(-days)), except: held) }
        store.removeLeftovers()
        _ = try StoreCleaning(root: store.root, environment: [:]).run(now: now)
        return removals
    }
}
