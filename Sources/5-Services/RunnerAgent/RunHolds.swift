// SPDX-License-Identifier: Apache-2.0

package import PipelineModel
internal import Synchronization

/// Who works on a run's files on a runner: its jobs, any number at the same time, or whoever removes them, alone.
package final class RunHolds: Sendable {
    private struct State {
        var jobs: [RunID: Int] = [:]
        var removing: Set<RunID> = []
        var waiting: [RunID: [CheckedContinuation<Void, Never>]] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// A job of the run is here: nothing of the run is removed from now on. What is just being removed is waited for by
    /// ``untilFree(_:)``, before the job begins.
    package func take(_ run: RunID) { state.withLock { $0.jobs[run, default: 0] += 1 } }

    /// Returns once nobody removes anything of the run.
    package func untilFree(_ run: RunID) async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.removing.contains(run) else { return true }
                state.waiting[run, default: []].append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    /// A job of the run is over.
    package func release(_ run: RunID) {
        state.withLock { state in
            let left = (state.jobs[run] ?? 0) - 1
            state.jobs[run] = left > 0 ? left : nil
        }
    }

    /// - Returns: `false` where a job of the run is here, or somebody removes it already; otherwise ``removed(_:)`` is to
    ///   be called.
    package func beginRemoval(_ run: RunID) -> Bool {
        state.withLock { $0.jobs[run] == nil && $0.removing.insert(run).inserted }
    }

    package func removed(_ run: RunID) {
        let waiting = state.withLock { state in
            state.removing.remove(run)
            return state.waiting.removeValue(forKey: run) ?? []
        }
        for waiter in waiting { waiter.resume() }
    }
}
