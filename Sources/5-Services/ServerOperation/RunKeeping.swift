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
    private let ends: AsyncStream<RunCoordination.RunEnd>
    private let mouth: AsyncStream<RunCoordination.RunEnd>.Continuation
    /// The store was told of once; `false`: what was put last went well.
    private var fails = false
    private var nextRound = Timestamp.beforeAll
    private var nextSweep = Timestamp.beforeAll
    private var isWorking = false

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
        (ends, mouth) = AsyncStream<RunCoordination.RunEnd>.makeStream()
    }

    /// To be called of each change of a run.
    nonisolated func note(_ change: RunChange) {
        if store.objects != nil, let end = RunCoordination.RunEnd(change) { mouth.yield(end) }
    }

    /// To be called once.
    nonisolated func start() {
        guard store.objects != nil else { return }
        Task {
            for await end in ends { await keep(end.run, attempt: end.attempt) }
        }
    }

    nonisolated func stop() { mouth.finish() }

    /// - Returns: whether it was put.
    @discardableResult
    private func keep(_ run: RunID, attempt: Int) async -> Bool {
        do throws(DiagnosticError) {
            try await store.keep(run, attempt: attempt)
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
                try index.ends().filter { $0.finishedAt != nil && homes.isHere($0.project) }.map(\.run)
            }
            let old = now + .milliseconds(-Self.copyLife.milliseconds)
            for run in ended {
                let attempts = try await BlockingWork.attempt { () throws(DiagnosticError) in
                    _ = try store.dropCopies(of: run, unusedSince: old)
                    return store.unstoredAttempts(of: run)
                }
                for attempt in attempts {
                    guard await keep(run, attempt: attempt) else { return false }
                }
            }
            if now >= nextSweep {
                _ = try await store.sweepObjects(now: now)
                nextSweep = now + Self.sweepRhythm
            }
        } catch {
            report(error)
        }
        return true
    }
}
