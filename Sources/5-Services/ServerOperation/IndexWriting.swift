// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import PipelineModel
internal import RunCoordination
internal import RunIndex
internal import Synchronization
internal import ThreadExecution

/// Keeps the lists of runs up to date, behind the runs themselves: what is lost of it is made again from the journal.
actor IndexWriting {
    private let store: RunStore
    private let index: RunLists
    private let report: @Sendable (DiagnosticError) -> Void
    private let putRows: @Sendable ([RunRow]) throws(DiagnosticError) -> Void
    /// After the first failure; it doubles.
    private let pause: Duration
    /// In a row.
    private var failures = 0
    private let thread = SerialThread(name: "index")
    /// In the order in which they were noted: an end must not be overtaken by its beginning.
    private let waiting = Mutex(Waiting())
    private var isTryingAgain = false
    /// Runs of which a job waits, or waited, before its environment: whether anything else of them is under way has to be
    /// looked at.
    private let gated = Mutex<Set<RunID>>([])

    private struct Note: Sendable {
        var change: RunChange
        var isJobEnd = false
    }

    private struct Waiting: Sendable {
        var notes: [Note] = []
        /// Somebody is about to write them.
        var isTaken = false
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private static let standardPause = Duration.seconds(1)
    private static let longestPause = Duration.seconds(60)
    private static let doublings = 6
    /// What is forgotten past that is found by the next start.
    private static let keptChanges = 100_000

    /// - Parameter put: writes rows; `nil`: the index does.
    init(
        store: RunStore, index: RunLists, report: @escaping @Sendable (DiagnosticError) -> Void,
        pause: Duration = standardPause,
        put: (@Sendable ([RunRow]) throws(DiagnosticError) -> Void)? = nil
    ) {
        self.pause = pause
        if let put {
            putRows = put
        } else {
            putRows = { (rows) throws(DiagnosticError) in try index.put(rows) }
        }
        self.store = store
        self.index = index
        self.report = report
    }

    /// Puts in what the journal has of runs: those that an earlier process has written down no more.
    func catchUp(_ runs: [RunID]) throws(DiagnosticError) {
        var rows: [RunRow] = []
        for run in runs {
            do throws(DiagnosticError) {
                if let row = try row(of: run) { rows.append(row) }
            } catch {
                // One damaged run is no reason for the others to be in no list.
                report(error)
            }
        }
        try putRows(rows)
    }

    /// Fills lists that were made anew, from the newest run on. What happens meanwhile is written between its parts.
    nonisolated func fill(_ runs: [RunID]) async throws(DiagnosticError) {
        let sorted = runs.sorted(by: >)
        for start in stride(from: 0, to: sorted.count, by: Self.runsAtOnce) {
            try await catchUp(Array(sorted[start..<min(start + Self.runsAtOnce, sorted.count)]))
        }
        try index.markWhole()
    }

    private static let runsAtOnce = 200

    private func row(of run: RunID) throws(DiagnosticError) -> RunRow? {
        guard store.exists(run) else { return nil }
        let history = try RunHistory(store: store, run: run)
        guard var row = RunRow(run, history) else { return nil }
        let report = try RunReport(store: store, run: run, attempt: history.attempt, steps: .failed)
        row.state = Self.state(report)
        row.beganAt = report.startedAt
        if row.state == .finished {
            row.sentence = report.listedSentence
            row.hasUnavailable = report.hasUnavailable
            row.finishedAt = report.finishedAt
        } else if let reason = try store.heldReason(of: run) {
            row.sentence = Self.held(reason)
        }
        return row
    }

    private static func state(_ report: RunReport) -> RunRow.State {
        switch report.state {
        case .waiting, .queued: .waiting
        case .running: report.jobs.contains { $0.startedAt != nil } ? .running : .waiting
        case .finished: .finished
        }
    }

    /// As the journal has it; `nil`: it is over, which another change tells.
    private func state(of run: RunID, attempt: Int) throws(DiagnosticError) -> RunRow.State? {
        let state = Self.state(try RunReport(store: store, run: run, attempt: attempt, steps: .none))
        return state == .finished ? nil : state
    }

    private static func held(_ reason: String) -> String { "Waits for an approval: \(reason)" }

    nonisolated func note(_ change: RunChange) {
        switch change.kind {
        case .gated: gated.withLock { _ = $0.insert(change.run) }
        case .finished: gated.withLock { _ = $0.remove(change.run) }
        case .began, .held, .running: break
        }
        note(Note(change: change))
    }

    /// What ran beside a job that waits for people may have been the last that did.
    nonisolated func note(_ change: JobChange) {
        guard gated.withLock({ $0.contains(change.run) }) else { return }
        let change = RunChange(
            run: change.run, attempt: change.attempt, project: change.project, kind: .running, at: change.at,
            record: change.record)
        note(Note(change: change, isJobEnd: true))
    }

    private nonisolated func note(_ note: Note) {
        let isFirst = waiting.withLock { waiting in
            waiting.notes.append(note)
            defer { waiting.isTaken = true }
            return !waiting.isTaken
        }
        if isFirst { Task { await self.write() } }
    }

    private func write() {
        let batch = waiting.withLock { waiting in
            defer { waiting = Waiting() }
            return waiting.notes
        }
        let again = put(batch)
        guard !again.isEmpty else {
            failures = 0
            return
        }
        waiting.withLock { $0.notes = again.suffix(Self.keptChanges) + $0.notes }
        guard !isTryingAgain else { return }
        isTryingAgain = true
        let wait = min(pause * (1 << min(failures, Self.doublings)), Self.longestPause)
        failures += 1
        Task { [weak self] in
            try? await Task.sleep(for: wait)
            await self?.tryAgain()
        }
    }

    private func tryAgain() {
        isTryingAgain = false
        write()
    }

    /// - Returns: what could not be written, in its order: it is tried again.
    private func put(_ batch: [Note]) -> [Note] {
        var rows: [RunID: RunRow] = [:]
        var listed: [RunID: RunRow] = [:]
        var failed: Set<RunID> = []
        for note in batch where !failed.contains(note.change.run) {
            let run = note.change.run
            do throws(DiagnosticError) {
                if rows[run] == nil, note.change.kind != .began { listed[run] = try index.run(run) }
                rows[run] = try row(after: note, rows[run] ?? listed[run])
            } catch {
                self.note(error)
                failed.insert(run)
            }
        }
        for run in failed { rows[run] = nil }
        // Most changes are one more job of a run that goes on: lists show no difference.
        rows = rows.filter { $0.value != listed[$0.key] }
        guard !rows.isEmpty else { return batch.filter { failed.contains($0.change.run) } }
        do throws(DiagnosticError) {
            try putRows(Array(rows.values))
        } catch {
            // One that cannot be written is no reason for the others not to be.
            for (run, row) in rows {
                do throws(DiagnosticError) {
                    try putRows([row])
                } catch {
                    note(error)
                    failed.insert(run)
                }
            }
        }
        return batch.filter { failed.contains($0.change.run) }
    }

    /// Said once, and not with each time that it is tried again.
    private func note(_ error: DiagnosticError) { if failures == 0 { report(error) } }

    private func row(after note: Note, _ known: RunRow?) throws(DiagnosticError) -> RunRow {
        let change = note.change
        var row = known ?? RunRow(change)
        row.attempt = change.attempt
        switch change.kind {
        case .began:
            row.beganAt = change.at
            row.state = .waiting
            row.sentence = ""
            row.hasUnavailable = false
        case .held(let reason): row.sentence = Self.held(reason)
        case .gated(_, let environment):
            row.state = try state(of: change.run, attempt: change.attempt) ?? row.state
            row.sentence = "Waits before '\(environment)'"
        case .running where row.state == .finished: break
        case .running where note.isJobEnd:
            row.state = try state(of: change.run, attempt: change.attempt) ?? row.state
        case .running:
            row.state = .running
            row.sentence = ""
        case .finished(let conclusion):
            row.state = .finished
            row.conclusion = conclusion
            row.finishedAt = change.at
            do throws(DiagnosticError) {
                let report = try RunReport(
                    store: store, run: change.run, attempt: change.attempt, steps: .failed)
                (row.sentence, row.hasUnavailable) = (report.listedSentence, report.hasUnavailable)
            } catch {
                // That it is over is known, whatever else of it cannot be read.
                self.note(error)
            }
        }
        return row
    }
}

extension RunReport {
    /// A job that should have run was not to be had.
    package var hasUnavailable: Bool { jobs.contains { $0.reason?.kind == .unavailable } }

    /// Nothing went wrong, and not all of it could run: no success.
    package var isIncomplete: Bool { hasUnavailable && (conclusion == .success || conclusion == .skipped) }

    /// ``sentence``; of a run that is incomplete, what was not to be had.
    package var listedSentence: String {
        guard isIncomplete, let first = jobs.first(where: { $0.reason?.kind == .unavailable }) else { return sentence }
        let others = jobs.count { $0.reason?.kind == .unavailable } - 1
        return "Incomplete: \(first.name) could not run" + (others > 0 ? ", and \(others) more" : "")
            + (first.reason.map { ": \($0.text)" } ?? "")
    }
}

extension RunRow {
    /// Of a run that the index has not yet.
    init?(_ run: RunID, _ history: RunHistory) {
        guard history.hasRecord else { return nil }
        self.init(
            run: run, attempt: history.attempt, project: history.text("project"), workflowPath: history.text("path"),
            workflow: history.text("workflow"), event: history.text("event"), createdAt: history.createdAt)
        title = history.text("title")
        ref = history.text("ref")
        sha = history.text("sha")
        actor = history.text("actor")
        subject = history.text("subject")
        conclusion = history.conclusion
        hasUnavailable = history.hasUnavailable
        state = history.conclusion == nil ? .waiting : .finished
    }

    init(_ change: RunChange) {
        let record = change.record
        self.init(
            run: change.run, attempt: change.attempt, project: change.project, workflowPath: record.plan.workflowPath,
            workflow: record.plan.workflowName, event: record.plan.trigger.event, createdAt: record.createdAt)
        title = record.title ?? ""
        ref = record.plan.trigger.ref ?? record.repository.ref ?? ""
        sha = record.repository.sha
        actor = record.repository.actor
        subject = record.repository.headCommit?.message.split(separator: "\n").first.map(String.init) ?? ""
    }
}
