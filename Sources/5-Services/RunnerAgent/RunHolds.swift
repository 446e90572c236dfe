// SPDX-License-Identifier: Apache-2.0

package import PipelineModel

/// Who works on a run's files on a runner: its jobs, any number at the same time, or whoever removes them, alone.
package actor RunHolds {
    private var jobs: [RunID: Int] = [:]
    private var removing: Set<RunID> = []
    private var waiting: [RunID: [CheckedContinuation<Void, Never>]] = [:]

    package init() {}

    /// A job of the run begins; returns once nobody removes anything of the run.
    package func take(_ run: RunID) async {
        jobs[run, default: 0] += 1
        guard removing.contains(run) else { return }
        await withCheckedContinuation { waiting[run, default: []].append($0) }
    }

    /// A job of the run is over.
    package func release(_ run: RunID) {
        let left = (jobs[run] ?? 0) - 1
        jobs[run] = left > 0 ? left : nil
    }

    package func jobCount(_ run: RunID) -> Int { jobs[run] ?? 0 }

    /// - Returns: `false` where a job of the run is here, or somebody removes it already; otherwise ``removed(_:)`` is to
    ///   be called.
    package func beginRemoval(_ run: RunID) -> Bool {
        guard jobs[run] == nil else { return false }
        return removing.insert(run).inserted
    }

    package func removed(_ run: RunID) {
        removing.remove(run)
        for waiter in waiting.removeValue(forKey: run) ?? [] { waiter.resume() }
    }
}
