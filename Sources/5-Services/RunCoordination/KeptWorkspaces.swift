// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import PipelineModel
internal import ProcessControl
internal import StructuredData

/// The workspaces of jobs that succeeded in a repository's newest run: they stay until its next run is over, so that a
/// re-run goes on in them, and has to restore only what differs.
final class KeptWorkspaces {
    private unowned let ground: JobGround
    private let repository: String
    private var keptBytes: UInt64 = 0
    /// All of a run together; a workspace past it is removed when its job ends.
    static let limitBytes: UInt64 = 4 << 30
    /// In the folder of a job; says of which repository it is.
    private static let mark = ".succeeded"
    /// Of what is out of the way, and is being removed.
    static let goneMark = ".old-"

    init(_ ground: JobGround) {
        self.ground = ground
        repository = String(ContentDigest.of(.string(ground.record.repository.root)).prefix(16))
    }

    private var store: RunStore { ground.store }

    private func workspace(_ job: JobID) -> String {
        store.workspace(ground.run, job, repository: ground.record.repository.name)
    }

    /// A job that ended well.
    ///
    /// - Returns: whether its workspace stays.
    func keep(_ job: JobID) -> Bool {
        guard ground.settings.keepsWorkspaces, ground.settings.keepsSnapshots, !ground.record.isBound,
            let size = ground.snapshots.sizeBytes(of: workspace(job)), keptBytes + size <= Self.limitBytes,
            (try? Files.write(repository.utf8, to: "\(store.jobWork(ground.run, job))/\(Self.mark)")) != nil
        else { return false }
        keptBytes += size
        return true
    }

    /// A job begins with its first step: what an attempt before it left is not its own.
    func clear(_ job: JobID) {
        let folder = store.jobWork(ground.run, job)
        guard Files.isDirectory(folder) else { return }
        let gone = "\(store.root)/work/\(Self.goneMark)\(UInt64.random(in: 0...UInt64.max))"
        guard (try? Files.rename(folder, to: gone)) != nil else { return }
        // What a killed process leaves of it the next run removes.
        ground.loop.offload(isLong: true) {
            try? Trees.remove(gone)
        } then: { (_: Void?) in
        }
    }

    /// A job begins to use it.
    func use(_ job: JobID) {
        try? Files.remove("\(store.jobWork(ground.run, job))/\(Self.mark)")
    }

    /// A job is over.
    func forget(_ job: JobID) {
        if ground.settings.keepsSnapshots { ground.snapshots.forget(workspace(job)) }
    }

    /// This run is over: what earlier ones of the repository left is not needed any more. Runs that began later have their
    /// own end.
    func removeEarlier() {
        let work = store.root + "/work"
        let names = ((try? Trees.list(work)) ?? []).map(\.name)
        // A process that died while it removed them.
        for name in names where name.hasPrefix(Self.goneMark) { try? Trees.remove("\(work)/\(name)") }
        for run in names.compactMap({ RunID($0) }) where run < ground.run {
            let folder = "\(work)/\(run)"
            var hasGone = false
            for job in (try? Trees.list(folder)) ?? [] {
                let mark = "\(folder)/\(job.name)/\(Self.mark)"
                guard let text = try? Files.readIfPresent(mark, limit: 64), Array(repository.utf8) == text else {
                    continue
                }
                // Whoever goes on with that run holds its lock, and takes the mark away before it uses the folder.
                guard let gone = try? moveAway("\(folder)/\(job.name)", of: run, mark) else { continue }
                try? Trees.remove(gone)
                hasGone = true
            }
            if hasGone { Trees.removeEmpty(folder) }
        }
    }

    private func moveAway(_ folder: String, of run: RunID, _ mark: String) throws(DiagnosticError) -> String? {
        let lock = store.exists(run) ? try store.lock(run) : nil
        defer { withExtendedLifetime(lock) {} }
        guard Files.facts(mark, followingLinks: false) != nil else { return nil }
        let gone = "\(store.root)/work/\(Self.goneMark)\(UInt64.random(in: 0...UInt64.max))"
        try Files.rename(folder, to: gone)
        return gone
    }
}
