// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import EventJournal
internal import PipelineModel
internal import RunCoordination
internal import RunIndex
internal import ThreadExecution
internal import Timekeeping

/// Puts what runs leave into the object storage once they are over, and lets copies in the server's folder go that nobody has
/// used for a day. What cannot be put now stays in the folder, and is put later: nothing waits for it.
actor RunKeeping {
    private let store: RunStore
    private let index: RunLists
    private let homes: Homes
    private let report: @Sendable (DiagnosticError) -> Void
    /// What is over, in its order.
    private enum Over: Sendable {
        case job(RunID, attempt: Int)
        case run(RunID, attempt: Int, project: String)
    }

    private let ends: AsyncStream<Over>
    private let mouth: AsyncStream<Over>.Continuation
    /// The store was told of once; `false`: what was put last went well.
    private var fails = false
    private var nextRound = Timestamp.beforeAll
    private var nextSweep = Timestamp.beforeAll
    private var isWorking = false
    /// Projects whose caches are just being put.
    private var busy: Set<String> = []

    private static let rhythm = Timestamp.Span.minutes(60)
    private static let sweepRhythm = Timestamp.Span.days(1)
    /// While the store fails.
    private static let failingRhythm = Timestamp.Span.minutes(1)
    /// Copies that nobody used for so long go.
    private static let copyLife = Timestamp.Span.days(1)

    init(store: RunStore, index: RunLists, homes: Homes, report: @escaping @Sendable (DiagnosticError) -> Void) {
        self.homes = homes
        self.store = store
        self.index = index
        self.report = report
        (ends, mouth) = AsyncStream<Over>.makeStream()
    }

    /// To be called of each change of a run.
    nonisolated func note(_ change: RunChange) {
        guard store.objects != nil, case .finished = change.kind else { return }
        mouth.yield(.run(change.run, attempt: change.attempt, project: change.project))
    }

    /// To be called of each end of a job: other jobs of the run are about to read what it made.
    nonisolated func note(_ change: JobChange) {
        if store.objects != nil { mouth.yield(.job(change.run, attempt: change.attempt)) }
    }

    /// To be called once.
    nonisolated func start() {
        guard store.objects != nil else { return }
        Task {
            for await end in ends {
                switch end {
                case .job(let run, let attempt): await keepArtifacts(run, attempt: attempt)
                case .run(let run, let attempt, let project):
                    if await keep(run, attempt: attempt) { await keepCaches(of: run, project) }
                }
            }
        }
    }

    nonisolated func stop() { mouth.finish() }

    /// - Returns: whether it was put.
    private func keep(_ run: RunID, attempt: Int) async -> Bool {
        let store = store
        return await put { () throws(DiagnosticError) in try await store.keep(run, attempt: attempt) }
    }

    /// What cannot be put now is put with the run's end.
    private func keepArtifacts(_ run: RunID, attempt: Int) async {
        let store = store
        guard !fails else { return }
        _ = await put { () throws(DiagnosticError) in try await store.keepArtifacts(of: run, attempt: attempt) }
    }

    /// - Returns: whether they were put.
    @discardableResult
    private func keepCaches(of run: RunID, _ project: String) async -> Bool {
        // Who is at it already finds what there is to find, or the next round does.
        guard busy.insert(project).inserted else { return true }
        defer { busy.remove(project) }
        let store = store
        return await put { () throws(DiagnosticError) in try await store.keepCaches(of: run, project: project) }
    }

    /// The store is told of once, when it begins to fail.
    private func put(_ body: @Sendable () async throws(DiagnosticError) -> Void) async -> Bool {
        do throws(DiagnosticError) {
            try await body()
            fails = false
            return true
        } catch {
            if !fails { report(error) }
            fails = true
            nextRound = .beforeAll
            return false
        }
    }

    /// To be called every few seconds: what was not put is put, and copies go, once an hour.
    func tick(_ now: Timestamp) async {
        guard store.objects != nil, !isWorking, now >= nextRound else { return }
        isWorking = true
        let isWhole = await round(now)
        nextRound = now + (isWhole ? Self.rhythm : Self.failingRhythm)
        isWorking = false
    }

    /// - Returns: `false` where the store failed; then the rest waits.
    private func round(_ now: Timestamp) async -> Bool {
        do throws(DiagnosticError) {
            let (store, index, homes) = (store, index, homes)
            let ended = try await BlockingWork.attempt { () throws(DiagnosticError) in
                // Other servers keep those of theirs.
                try index.ends().filter { $0.finishedAt != nil && homes.isHere($0.project) }
            }
            let old = now + .milliseconds(-Self.copyLife.milliseconds)
            for run in ended.map(\.run) {
                let attempts = try await BlockingWork.attempt { () throws(DiagnosticError) in
                    _ = try store.dropCopies(of: run, unusedSince: old)
                    return store.unstoredAttempts(of: run)
                }
                for attempt in attempts {
                    guard await keep(run, attempt: attempt) else { return false }
                }
            }
            // Of one run of each project, which says where its caches are.
            let newest = Dictionary(ended.map { ($0.project, $0.run) }) { max($0, $1) }
            for (project, run) in newest {
                guard await keepCaches(of: run, project) else { return false }
            }
            if now >= nextSweep {
                _ = try await store.sweepObjects(now: now)
                _ = try await store.sweepOwnerless(now: now)
                nextSweep = now + Self.sweepRhythm
            }
        } catch {
            report(error)
        }
        return true
    }
}
