// SPDX-License-Identifier: Apache-2.0

internal import ContentStore
package import Diagnostics
internal import FileAccess
internal import PipelineModel
package import Timekeeping

/// What a runner's disk need not keep any longer: copies of caches, snapshots, and workspaces of jobs that failed.
package enum RunnerUpkeep {
    /// Of stored content, on the disk; what was not used for the longest time gives way.
    private static let contentBytes: UInt64 = 20 << 30
    private static let days: Int64 = 14
    private static let daySeconds: Int64 = 86_400

    /// Blocks. What a job is about to use is leased, and stays.
    ///
    /// - Throws: where the content store cannot be read or written.
    package static func run(_ store: RunStore, now: Timestamp) throws(DiagnosticError) {
        let seconds = now.milliseconds / 1_000
        removeWorkspaces(store, olderThan: seconds - days * daySeconds)
        let path = store.root + "/content"
        guard Files.isDirectory(path) else { return }
        do throws(ContentError) {
            let rules = CollectionRules(sizeLimitBytes: contentBytes, ageLimitSeconds: days * daySeconds)
            _ = try ContentFolder(path: path).collect(rules, now: Int(seconds))
        } catch {
            throw DiagnosticError(error.diagnostic)
        }
    }

    private static func removeWorkspaces(_ store: RunStore, olderThan time: Int64) {
        let work = store.root + "/work"
        for item in (try? Trees.list(work)) ?? [] {
            // A run that has a folder here is under way.
            guard let run = RunID(item.name), !store.exists(run),
                let facts = Files.facts("\(work)/\(item.name)"), facts.modifiedNanoseconds / 1_000_000_000 < time
            else { continue }
            try? Trees.remove("\(work)/\(item.name)")
        }
    }
}
