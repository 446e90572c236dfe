// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import EventJournal
internal import FileAccess
package import PipelineModel
internal import RuntimeServices
package import Timekeeping

/// What a run leaves on the disk, and how it goes.
extension RunStore {
    private static let hiddenPrefix = ".gone-"

    private func hidden(_ run: RunID) -> String { "\(root)/runs/\(Self.hiddenPrefix)\(run)" }

    /// Takes a run's folder out of sight, at once and whole: what is cut off afterwards leaves no half of a run.
    package func hideFiles(of run: RunID) throws(DiagnosticError) {
        guard exists(run) else { return }
        try? Trees.remove(hidden(run))
        try Files.rename(folder(of: run), to: hidden(run))
    }

    /// Removes what is left of a run that is out of sight.
    ///
    /// - Parameter root: of the repository that it was made of; its artifacts go.
    /// - Returns: how many bytes went.
    package func sweep(_ run: RunID, root repository: String?) throws(DiagnosticError) -> UInt64 {
        try hideFiles(of: run)
        var bytes = DiskUse.bytes(below: hidden(run)) + DiskUse.bytes(below: "\(root)/work/\(run)")
        if let repository, !repository.isEmpty {
            let vault = ArtifactVault(folder: RunServices.folder(of: repository, in: self), objects: objects)
            for artifact in (try? vault.index.artifacts(ofRun: run.description)) ?? [] {
                bytes += artifact.sizeBytes
                try vault.remove(artifact)
            }
        }
        try WorkspaceSnapshots.remove(of: run, in: self)
        try removeObjects(of: run)
        try Trees.remove("\(root)/work/\(run)")
        try Trees.remove(hidden(run))
        return bytes
    }

    /// Runs that are out of sight: whoever was removing them was cut off.
    package func hiddenRuns() -> [RunID] {
        ((try? Trees.list(root + "/runs")) ?? []).compactMap { entry in
            guard entry.name.hasPrefix(Self.hiddenPrefix) else { return nil }
            return RunID(entry.name.dropFirst(Self.hiddenPrefix.count))
        }
    }

    /// Removes a run of this machine, with its events. Its number is never given again.
    ///
    /// - Throws: where somebody drives it.
    package func remove(_ run: RunID) throws(DiagnosticError) {
        // Of some only a workspace is left.
        let lock = exists(run) ? try lock(run) : nil
        defer { withExtendedLifetime(lock) {} }
        let repository = try RunRecord.root(of: run, in: self)
        try hideFiles(of: run)
        try removeEvents(of: run)
        _ = try sweep(run, root: repository)
    }

    /// Finishes what was begun and cut off. A run that was made anew since is left alone.
    package func finishRemoval(of run: RunID) throws(DiagnosticError) {
        guard !exists(run) else { return try Trees.remove(hidden(run)) }
        try removeEvents(of: run)
        _ = try sweep(run, root: nil)
    }

    private func removeEvents(of run: RunID) throws(DiagnosticError) {
        try journaled { (journal) throws(JournalError) in
            _ = try journal.removeStreams(
                prefixes: ["run/\(run)/", "job/\(run)/"], recording: [], now: .beforeAll)
        }
    }

    /// Removes the logs of a run's attempts that are over; one that begins meanwhile keeps its own.
    ///
    /// - Returns: how many bytes went.
    package func removeLogs(of run: RunID, through attempt: Int) throws(DiagnosticError) -> UInt64 {
        try removeStoredLogs(of: run, through: attempt)
        let path = folder(of: run) + "/logs"
        guard Files.isDirectory(path) else { return 0 }
        var bytes: UInt64 = 0
        for entry in try Trees.list(path) where Int(entry.name).map({ $0 <= attempt }) ?? true {
            bytes += DiskUse.bytes(below: "\(path)/\(entry.name)")
            try Trees.remove("\(path)/\(entry.name)")
        }
        Trees.removeEmpty(path)
        return bytes
    }

    package func hasWorkspace(_ run: RunID) -> Bool { Files.isDirectory("\(root)/work/\(run)") }

    /// The repository that a run was made of; `nil` where it is not known.
    package func repositoryRoot(of run: RunID) throws(DiagnosticError) -> String? {
        try RunRecord.root(of: run, in: self)
    }

    package func hasLogs(_ run: RunID) -> Bool {
        Files.isDirectory(folder(of: run) + "/logs") || hasStoredLogs(run)
    }

    /// What the run takes on the disk: its record, its logs, and its workspace.
    package func sizeBytes(of run: RunID) -> UInt64 {
        DiskUse.bytes(below: folder(of: run)) + DiskUse.bytes(below: "\(root)/work/\(run)")
    }
}

/// What a runner has of jobs.
extension RunStore {
    private static let pageSize = 500

    /// When something of a run's jobs was last written; `nil` where that cannot be said.
    package func lastChange(of run: RunID) -> Timestamp? {
        let jobs = folder(of: run) + "/jobs"
        let attempts = ((try? Trees.list(jobs)) ?? []).map { "\(jobs)/\($0.name)" }
        let times = ([folder(of: run), jobs, "\(root)/work/\(run)"] + attempts).compactMap {
            Files.facts($0)?.modifiedNanoseconds
        }
        return times.max().map { Timestamp(milliseconds: $0 / 1_000_000) }
    }

    /// Runs of which anything is here, were it only a workspace; in no order.
    package func runsOnDisk() throws(DiagnosticError) -> [RunID] {
        let work = root + "/work"
        let names = Files.isDirectory(work) ? try Trees.list(work).map(\.name) : []
        return Array(Set(try runs() + names.compactMap { RunID($0) }))
    }

    /// Removes the events of jobs of which the last is older than a time, and of whose runs nothing else is here.
    package func removeJobs(before time: Timestamp) throws(DiagnosticError) {
        var after: StreamID?
        while true {
            let page = try journaled { (journal) throws(JournalError) in
                try journal.streams(prefix: "job/", after: after, limit: Self.pageSize)
            }
            let old = page.filter { summary in
                let run = summary.stream.text.split(separator: "/").dropFirst().first.flatMap { RunID($0) }
                return summary.lastRecordedAt < time && run.map { !exists($0) } ?? false
            }
            if !old.isEmpty {
                _ = try journaled { (journal) throws(JournalError) in try journal.removeStreams(old.map(\.stream)) }
            }
            guard page.count == Self.pageSize else { return }
            after = page.last?.stream
        }
    }
}
