// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import PipelineModel
internal import RunCoordination
internal import Synchronization
internal import TriggerIntake

/// Has those who wait for runs hear how they go: gates, workflows that wait for others, forges.
///
/// A run's end lies in the journal until all of them have written down what they make of it. So one that a process was told of in
/// its last moment is told by the next one; what they hear twice they tell once.
final class ChangeTelling: Sendable {
    private struct State {
        /// Dealt with, and not settled yet.
        var told: Set<RunEnd> = []
        /// Somebody could not write it down.
        var owed: [RunChange] = []
    }

    private let store: RunStore
    private let report: @Sendable (DiagnosticError) -> Void
    private let changes: AsyncStream<RunChange>
    private let mouth: AsyncStream<RunChange>.Continuation
    private let state = Mutex(State())

    init(store: RunStore, report: @escaping @Sendable (DiagnosticError) -> Void) {
        self.store = store
        self.report = report
        (changes, mouth) = AsyncStream<RunChange>.makeStream()
    }

    func note(_ change: RunChange) { mouth.yield(change) }

    /// Tells what an earlier process did not, and then what comes. To be called once.
    ///
    /// - Parameter going: runs that go on: of those that had only just begun nobody may have heard.
    func start(
        going: [RunID], _ gates: GateKeeper, _ triggers: TriggerDesk, _ statuses: StatusDesk
    ) throws(DiagnosticError) {
        for run in going {
            // Its beginning was told before, or is now.
            if let change = try beginning(of: run) { note(change) }
        }
        for end in try store.endsToTell() {
            do throws(DiagnosticError) {
                if let change = try end.change(in: store) {
                    note(change)
                } else {
                    state.withLock { _ = $0.told.insert(end) }
                }
            } catch {
                report(error)
            }
        }
        Task {
            for await change in changes {
                let end = RunEnd(change)
                if end != nil { await gates.forget(change.run, attempt: change.attempt) }
                do throws(DiagnosticError) {
                    try await triggers.runChanged(change)
                    try await statuses.runChanged(change)
                    if let end { state.withLock { _ = $0.told.insert(end) } }
                } catch {
                    report(error)
                    if end != nil { state.withLock { $0.owed.append(change) } }
                }
            }
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
        let (told, owed) = state.withLock { state in
            let now = state
            state = State()
            return (now.told, now.owed)
        }
        for change in owed { note(change) }
        guard !told.isEmpty else { return }
        do throws(DiagnosticError) {
            try store.settle(told)
        } catch {
            report(error)
            state.withLock { $0.told.formUnion(told) }
        }
    }
}
