// SPDX-License-Identifier: Apache-2.0

package import PipelineModel
package import Timekeeping

/// Decides what goes of the runs that there are. A value: policy, ages and sizes in, removals with their reasons out.
///
/// | a run…                                              | what goes                                      |
/// |-----------------------------------------------------|------------------------------------------------|
/// | is under way, waits for somebody, is deployed       | nothing                                        |
/// | is one of the newest `keepLast` of its pipeline     | its workspace, in time                         |
/// | is over for more than `runDays`                     | all of it                                      |
/// | is over for more than `logDays`                     | its logs                                       |
/// | any other, while the disk is short of room          | all of it, the oldest first, until there is room |
package struct RetentionRound: Sendable {
    package struct Disk: Hashable, Sendable {
        package var freeBytes: UInt64
        package var rule: DiskRule

        package init(freeBytes: UInt64, rule: DiskRule) {
            self.freeBytes = freeBytes
            self.rule = rule
        }
    }

    package var now: Timestamp
    package var policy: RetentionPolicy
    /// Of projects that have one of their own.
    package var policies: [String: RetentionPolicy]
    /// `nil`: the room on the disk does not matter.
    package var disk: Disk?

    package init(
        now: Timestamp, policy: RetentionPolicy, policies: [String: RetentionPolicy] = [:], disk: Disk? = nil
    ) {
        self.now = now
        self.policy = policy
        self.policies = policies
        self.disk = disk
    }

    private struct Pipeline: Hashable {
        var project: String
        var name: String
    }

    /// - Parameters:
    ///   - runs: in any order. Those that are not over count among the newest.
    ///   - size: of a run on the disk, in bytes; asked only where the disk is short of room.
    /// - Returns: by run, each once; what goes for want of room after the others.
    package func decide(_ runs: [KeptRun], size: (KeptRun) -> UInt64 = { _ in 0 }) -> [Removal] {
        var removals: [Removal] = []
        var seen: [Pipeline: Int] = [:]
        var spare: [KeptRun] = []
        var freed: UInt64 = 0
        let isShort = disk.map { $0.rule.isShort(freeBytes: $0.freeBytes) } ?? false
        for run in runs.sorted(by: { $0.run > $1.run }) {
            let policy = policies[run.project] ?? policy
            let newer = seen[Pipeline(project: run.project, name: run.pipeline), default: 0]
            seen[Pipeline(project: run.project, name: run.pipeline)] = newer + 1
            guard run.hold == nil, let finishedAt = run.finishedAt else { continue }
            let days = max(0, Int((now - finishedAt).milliseconds / Self.dayMs))
            let isRecent = newer < policy.keepLast
            if !isRecent, let limit = policy.runDays, days >= limit {
                let cause: Removal.Cause = limit == 0 ? .surplus(kept: policy.keepLast) : .age(days: days, limit: limit)
                removals.append(Removal(run.run, .run, cause))
                if isShort { freed += size(run) }
                continue
            }
            if !isRecent, run.hasLogs, let limit = policy.logDays, days >= limit {
                removals.append(Removal(run.run, .logs, .age(days: days, limit: limit)))
            }
            if run.hasWorkspace, let limit = policy.workspaceDays, days >= limit {
                removals.append(Removal(run.run, .workspace, .age(days: days, limit: limit)))
            }
            if isShort, !isRecent { spare.append(run) }
        }
        return isShort ? withRoom(removals, spare, freed, size) : removals
    }

    private static let dayMs: Int64 = 86_400_000

    /// The oldest of those that could stay go too, until enough is free.
    private func withRoom(
        _ removals: [Removal], _ spare: [KeptRun], _ freed: UInt64, _ size: (KeptRun) -> UInt64
    ) -> [Removal] {
        guard let disk else { return removals }
        var freed = freed
        var gone: [RunID: Removal] = [:]
        let oldest = spare.sorted { ($0.finishedAt ?? now, $0.run) < ($1.finishedAt ?? now, $1.run) }
        for run in oldest where disk.freeBytes + freed < disk.rule.wantedBytes {
            freed += size(run)
            gone[run.run] = Removal(
                run.run, .run, .room(freeBytes: disk.freeBytes, minimumBytes: disk.rule.minimumBytes))
        }
        let others = removals.filter { gone[$0.run] == nil }
        return others + oldest.compactMap { gone[$0.run] }
    }
}
