// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import PipelineModel
internal import RunCoordination
internal import Synchronization

/// Has those who wait for runs hear how they go: gates, workflows that wait for others, forges.
///
/// A run's end lies in the journal until all of them have written down what they make of it. So one that a process was told of in
/// its last moment is told by the next one; what they hear twice they tell once. Each hears for itself: one that cannot write
/// down what it heard holds up no other.
final class ChangeTelling: Sendable {
    /// Somebody who writes down what it makes of a change.
    struct Listener: Sendable {
        var name: String
        var hear: @Sendable (RunChange) async throws(DiagnosticError) -> Void
    }

    /// A change, and who is still to hear it.
    private struct News: Sendable {
        var change: RunChange
        /// Names of listeners; `nil`: all of them.
        var owed: Set<String>?
    }

    /// A listener fails for one project (its streams) or for all (the disk): it is told so once, until it works again.
    private struct Place: Hashable {
        var listener: String
        var project: String
    }

    /// Counted in ticks.
    private struct Wait {
        var length = 1
        var left = 1

        mutating func lengthen() {
            guard left <= 0 else { return }
            length = min(length * 2, ChangeTelling.longestWaitTicks)
            left = length
        }
    }

    private struct State {
        /// Dealt with, and not settled yet.
        var told: Set<RunEnd> = []
        /// Somebody could not write it down.
        var owed: [News] = []
        var waits: [Place: Wait] = [:]
        var cannotSettle = false

        /// Whether somebody whom it is owed may be told again.
        func isDue(_ news: News) -> Bool {
            (news.owed ?? []).contains { name in
                waits[Place(listener: name, project: news.change.project)].map { $0.left <= 0 } ?? true
            }
        }
    }

    /// A listener that fails hears again after one tick, then two, four, at last every minute.
    private static let longestWaitTicks = 60

    private let store: RunStore
    private let report: @Sendable (DiagnosticError) -> Void
    private let changes: AsyncStream<News>
    private let mouth: AsyncStream<News>.Continuation
    private let state = Mutex(State())

    init(store: RunStore, report: @escaping @Sendable (DiagnosticError) -> Void) {
        self.store = store
        self.report = report
        (changes, mouth) = AsyncStream<News>.makeStream()
    }

    func note(_ change: RunChange) { mouth.yield(News(change: change)) }

    /// Tells what an earlier process did not.
    ///
    /// - Parameters:
    ///   - going: runs that go on: of those that had only just begun nobody may have heard.
    ///   - isOurs: whether a project's ends are to be told here.
    func tell(going: [RunID], isOurs: (_ project: String) -> Bool) throws(DiagnosticError) {
        for run in going {
            // Its beginning was told before, or is now.
            if let change = try beginning(of: run) { note(change) }
        }
        for end in try store.endsToTell() {
            do throws(DiagnosticError) {
                if let change = try end.change(in: store) {
                    if isOurs(change.project) { note(change) }
                } else {
                    state.withLock { _ = $0.told.insert(end) }
                }
            } catch {
                report(error)
            }
        }
    }

    /// Tells what comes, and what came before. To be called once.
    ///
    /// - Parameter ended: hears of each end before the others, and cannot fail.
    func start(_ listeners: [Listener], ended: @escaping @Sendable (RunChange) async -> Void = { _ in }) {
        Task {
            for await news in changes {
                if news.owed == nil, RunEnd(news.change) != nil { await ended(news.change) }
                await tell(news, to: listeners)
            }
        }
    }

    private func tell(_ news: News, to listeners: [Listener]) async {
        var owed: Set<String> = []
        for listener in listeners where news.owed?.contains(listener.name) ?? true {
            let place = Place(listener: listener.name, project: news.change.project)
            // Of many that are told again the first one finds out whether it works now.
            if news.owed != nil, state.withLock({ $0.waits[place].map { $0.left > 0 } ?? false }) {
                owed.insert(listener.name)
                continue
            }
            do throws(DiagnosticError) {
                try await listener.hear(news.change)
                state.withLock { $0.waits[place] = nil }
            } catch {
                owed.insert(listener.name)
                if fails(place) { report(error) }
            }
        }
        // Of a change that is no end the next one says more.
        guard let end = RunEnd(news.change) else { return }
        let left = owed
        state.withLock { state in
            if left.isEmpty {
                state.told.insert(end)
            } else {
                state.owed.append(News(change: news.change, owed: left))
            }
        }
    }

    /// - Returns: whether it worked before.
    private func fails(_ place: Place) -> Bool {
        state.withLock { state in
            guard state.waits[place] != nil else {
                state.waits[place] = Wait()
                return true
            }
            state.waits[place]?.lengthen()
            return false
        }
    }

    private func beginning(of run: RunID) throws(DiagnosticError) -> RunChange? {
        guard store.exists(run) else { return nil }
        let record = try RunRecord.load(from: store, run)
        return RunChange(
            run: run, attempt: max(1, try store.lastAttempt(of: run)), project: record.project ?? "", kind: .began,
            at: record.createdAt, record: record)
    }

    /// To be called about once a second.
    func tick() {
        let (told, due) = state.withLock { state in
            for place in state.waits.keys { state.waits[place]?.left -= 1 }
            var (due, later): ([News], [News]) = ([], [])
            for news in state.owed {
                if state.isDue(news) { due.append(news) } else { later.append(news) }
            }
            state.owed = later
            defer { state.told = [] }
            return (state.told, due)
        }
        for news in due { mouth.yield(news) }
        settle(told)
    }

    private func settle(_ told: Set<RunEnd>) {
        guard !told.isEmpty else { return }
        do throws(DiagnosticError) {
            try store.settle(told)
            state.withLock { $0.cannotSettle = false }
        } catch {
            let isNew = state.withLock { state in
                state.told.formUnion(told)
                defer { state.cannotSettle = true }
                return !state.cannotSettle
            }
            if isNew { report(error) }
        }
    }
}
