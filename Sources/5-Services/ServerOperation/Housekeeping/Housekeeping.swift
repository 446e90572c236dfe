// SPDX-License-Identifier: Apache-2.0

package import AccessRules
internal import Diagnostics
internal import EventJournal
internal import FileAccess
internal import PipelineModel
package import RetentionRules
package import RunCoordination
package import RunIndex
internal import SourceControl
internal import ThreadExecution
package import Timekeeping

/// Removes what is not to be kept any more, by the server's clock: at the start, then every hour, and every minute while
/// the disk is short of room. The journal says first what goes and why; then the files go. What is cut off is finished at
/// the next start.
package actor Housekeeping {
    struct Parts: Sendable {
        let settings: RetentionSettings
        let store: RunStore
        let index: RunLists
        let lists: SharedLists
        let homes: Homes
        let runs: RunCoordinator
        let directory: DirectoryKeeper
        let counts: ServerCounts
        let references: ReferencedSecrets
        /// Runs with a job that waits for people.
        let waiting: @Sendable () async -> Set<RunID>
        let environment: [String: String]
        let report: @Sendable (DiagnosticError) -> Void
    }

    /// What one round removed.
    package struct Report: Hashable, Sendable {
        package var removals: [Removal] = []
        package var streams = 0
        package var artifacts = 0
        package var caches = 0
        package var freedBytes: UInt64 = 0
    }

    let parts: Parts
    private let thread = SerialThread(name: "housekeeping")
    private var nextRound = Timestamp.beforeAll
    private var nextLook = Timestamp.beforeAll
    private var nextUpkeep = Timestamp.beforeAll
    private var isShort = false
    /// The round that was asked for last.
    private var underWay: Task<Report, Never>?
    private var isWorking = false

    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    static let rhythm = Timestamp.Span.minutes(60)
    static let shortRhythm = Timestamp.Span.minutes(1)
    static let diskRhythm = Timestamp.Span.seconds(10)
    static let upkeepRhythm = Timestamp.Span.days(1)
    /// Runs that go in one transaction: whoever wants to write meanwhile waits for it.
    private static let runsPerTransaction = 10

    init(_ parts: Server.TellingParts, runs: RunCoordinator, gates: GateKeeper) {
        self.parts = Parts(
            settings: parts.settings.retention, store: parts.store, index: parts.index, lists: parts.lists,
            homes: parts.homes, runs: runs,
            directory: parts.directory, counts: parts.counts, references: parts.references,
            waiting: { Set(await gates.waiting.map(\.work.run)) },
            environment: parts.settings.environment, report: parts.report)
    }

    /// To be called every few seconds; a round that is due is carried out before it returns.
    package func tick(_ now: Timestamp) async {
        guard !isWorking else { return }
        if now >= nextLook {
            nextLook = now + Self.diskRhythm
            await lookAtDisk()
        }
        guard now >= nextRound else { return }
        isWorking = true
        _ = await round(now)
        isWorking = false
        nextRound = now + (isShort ? Self.shortRhythm : Self.rhythm)
    }

    /// Whether the disk has room; where it has not no job is given away, and the next round comes at once.
    private func lookAtDisk() async {
        let rule = parts.settings.disk
        guard let free = parts.settings.freeBytes(parts.store.root) else { return }
        parts.counts.note(freeBytes: free)
        let refusal = rule.refusal(freeBytes: free, of: "the server")
        await parts.runs.hold(jobs: refusal.map { "\($0) (\(DiagnosticCode.diskShort))" })
        guard isShort != (refusal != nil) else { return }
        isShort = refusal != nil
        guard let refusal else { return }
        nextRound = .beforeAll
        parts.report(
            DiagnosticError(
                .diskShort, refusal, remedy: "Make room, or allow less with --min-free. The oldest runs go first."))
    }

    /// Decides and removes, once, and after the rounds that were asked for before it.
    package func round(_ now: Timestamp) async -> Report {
        let before = underWay
        let round = Task {
            _ = await before?.value
            return await carryOut(now)
        }
        underWay = round
        return await round.value
    }

    private func carryOut(_ now: Timestamp) async -> Report {
        var report = Report()
        // Whoever copies the folder needs what the journal speaks of.
        guard let lock = HousekeepingLock.take(parts.store.root) else { return report }
        defer { withExtendedLifetime(lock) {} }
        attempt { () throws(DiagnosticError) in try finishRemovals(now, &report) }
        clean(now, &report)
        do throws(DiagnosticError) {
            try await removeRuns(now, &report)
        } catch {
            parts.report(error)
        }
        attempt { () throws(DiagnosticError) in try removeStreams(now, &report) }
        if now >= nextUpkeep {
            nextUpkeep = now + Self.upkeepRhythm
            attempt { () throws(DiagnosticError) in try removeBlobs(now, &report) }
            attempt { () throws(DiagnosticError) in try tidyMirrors() }
        }
        attempt { () throws(DiagnosticError) in try removeProjectFolders() }
        expireHookSecrets(now)
        parts.counts.note(report)
        await lookAtDisk()
        return report
    }

    private func attempt(_ work: () throws(DiagnosticError) -> Void) {
        do throws(DiagnosticError) { try work() } catch { parts.report(error) }
    }

    // MARK: runs

    private func removeRuns(_ now: Timestamp, _ report: inout Report) async throws(DiagnosticError) {
        let store = parts.store
        let kept = try await keptRuns()
        let removals = round(at: now).decide(kept) { store.sizeBytes(of: $0.run) }
        for removal in removals where removal.part != .run {
            // Somebody may run it again by now, or while it is asked whether it rests: such an attempt is not among these.
            let attempts = max(1, try store.lastAttempt(of: removal.run))
            guard try await isAtRest(removal.run) else { continue }
            try remove(removal, through: attempts, now, &report)
        }
        let whole = removals.filter { $0.part == .run }
        for start in stride(from: 0, to: whole.count, by: Self.runsPerTransaction) {
            let part = whole[start..<min(start + Self.runsPerTransaction, whole.count)]
            try await remove(Array(part), now, &report)
        }
    }

    private func round(at now: Timestamp) -> RetentionRound {
        let free = parts.settings.freeBytes(parts.store.root)
        return RetentionRound(
            now: now, policy: parts.settings.policy, policies: policies,
            disk: free.map { RetentionRound.Disk(freeBytes: $0, rule: parts.settings.disk) })
    }

    private var policies: [String: RetentionPolicy] {
        var policies: [String: RetentionPolicy] = [:]
        for project in parts.directory.current.projects.values {
            policies[project.id.description] = parts.settings.policy.with(project.settings.options)
        }
        return policies
    }

    private func standing(in project: String) async throws(DiagnosticError) -> [Deployment] {
        do {
            return try await parts.runs.deployed(of: project).values.sorted { $0.environment < $1.environment }
        } catch {
            throw error as? DiagnosticError ?? DiagnosticError(.entryMissing, "\(error)")
        }
    }

    private func keptRuns() async throws(DiagnosticError) -> [KeptRun] {
        let waiting = await parts.waiting()
        let active = Set(await parts.runs.active)
        let store = parts.store
        var deployed: [RunID: String] = [:]
        for project in parts.directory.current.projects.keys {
            for deployment in try await standing(in: project.description) {
                deployed[deployment.run] = deployment.environment
            }
        }
        return try parts.index.ends().filter { parts.homes.isHere($0.project) }.map { end in
            let hold: KeptRun.Hold? =
                active.contains(end.run)
                ? .underWay : waiting.contains(end.run) ? .waits : deployed[end.run].map { .deployed($0) }
            return KeptRun(
                end.run, project: end.project, pipeline: end.workflowPath,
                finishedAt: end.finishedAt.map { Timestamp(milliseconds: $0) }, hold: hold,
                hasLogs: store.hasLogs(end.run), hasWorkspace: store.hasWorkspace(end.run))
        }
    }

    private func isAtRest(_ run: RunID) async throws(DiagnosticError) -> Bool {
        do {
            return try await parts.runs.isAtRest(run)
        } catch {
            throw (error as? DiagnosticError) ?? DiagnosticError(.entryMissing, "\(error)")
        }
    }

    private func remove(
        _ removal: Removal, through last: Int, _ now: Timestamp, _ report: inout Report
    ) throws(DiagnosticError) {
        switch removal.part {
        case .run: return
        case .logs:
            try parts.store.noteLogsRemoved(of: removal.run, through: last, removal.sentence, at: now)
            report.freedBytes += try parts.store.removeLogs(of: removal.run, through: last)
            try parts.store.noteSwept(removal.run, at: now)
        case .workspace: _ = try parts.store.removeWorkspace(of: removal.run)
        }
        report.removals.append(removal)
    }

    private func remove(
        _ removals: [Removal], _ now: Timestamp, _ report: inout Report
    ) async throws(DiagnosticError) {
        var removed: [RemovedRun] = []
        for removal in removals {
            guard let row = try parts.index.run(removal.run) else { continue }
            removed.append(
                RemovedRun(
                    row.run, project: row.project, workflow: row.workflow,
                    conclusion: row.conclusion?.rawValue ?? "", createdAt: row.createdAt,
                    root: try parts.store.repositoryRoot(of: row.run) ?? "", reason: removal.sentence))
        }
        let gone: Set<RunID>
        do {
            gone = Set(try await parts.runs.remove(removed))
        } catch {
            throw (error as? DiagnosticError) ?? DiagnosticError(.entryMissing, "\(error)")
        }
        for run in removed where gone.contains(run.run) { try sweep(run.run, root: run.root, now, &report) }
        report.removals += removals.filter { gone.contains($0.run) }
    }

    /// After the journal says that the run is gone.
    private func sweep(
        _ run: RunID, root: String, _ now: Timestamp, _ report: inout Report
    ) throws(DiagnosticError) {
        try parts.lists.remove(run)
        report.freedBytes += try parts.store.sweep(run, root: root)
        try parts.store.noteSwept(run, at: now)
    }

    /// What this process, or one before it, was cut off at.
    private func finishRemovals(_ now: Timestamp, _ report: inout Report) throws(DiagnosticError) {
        for run in try parts.store.unsweptRemovals() {
            let story = try parts.store.removal(of: run)
            if let removed = story.removed {
                try sweep(run, root: removed.root, now, &report)
            } else {
                report.freedBytes += try parts.store.removeLogs(of: run, through: story.logsRemovedThrough)
                try parts.store.noteSwept(run, at: now)
            }
        }
    }

    // MARK: files

    /// Caches, artifacts that have expired, and bytes that nothing names.
    private func clean(_ now: Timestamp, _ report: inout Report) {
        var cleaning = StoreCleaning(root: parts.store.root, environment: parts.environment)
        let (index, policies, policy) = (parts.index, policies, parts.settings.policy)
        cleaning.objects = parts.store.objects
        cleaning.artifactDays = { run in
            // Of one that lists do not have yet nobody knows whose rule holds: the time that its artifact itself says does.
            guard let project = (try? index.run(run))?.project else { return nil }
            return (policies[project] ?? policy).artifactDays
        }
        do throws(DiagnosticError) {
            let cleaned = try cleaning.run(now: now)
            report.artifacts += cleaned.artifacts
            report.caches += cleaned.caches
            report.freedBytes += cleaned.freedBytes
            for problem in cleaned.problems { parts.report(DiagnosticError(problem)) }
        } catch {
            parts.report(error)
        }
    }

    private func tidyMirrors() throws(DiagnosticError) {
        let folder = parts.store.root + "/projects"
        guard Files.isDirectory(folder) else { return }
        for entry in try Trees.list(folder) where entry.kind == .directory {
            _ = try ProjectMirror(folder: "\(folder)/\(entry.name)/mirror.git", address: "").tidy()
        }
    }

    /// Secrets that were replaced long enough ago.
    private func expireHookSecrets(_ now: Timestamp) {
        for hook in parts.directory.current.hooks.values {
            attempt { () throws(DiagnosticError) in
                try HookSecrets.expire(hook.settings.secretReference, in: parts.references, now: now)
            }
        }
    }

    /// Folders of projects that were removed.
    private func removeProjectFolders() throws(DiagnosticError) {
        let folder = parts.store.root + "/projects"
        guard Files.isDirectory(folder) else { return }
        for entry in try Trees.list(folder) where entry.kind == .directory {
            guard let id = EntryID(entry.name), id.kind == .project, parts.directory.current.isRemoved(id) else {
                continue
            }
            try Trees.remove("\(folder)/\(entry.name)")
        }
    }
}
