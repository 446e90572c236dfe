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
    private let thread = SerialThread(name: "index")
    /// In the order in which they were noted: an end must not be overtaken by its beginning.
    private let waiting = Mutex<[Note]>([])
    /// Runs of which a job waits before its environment: whether anything else of them is under way has to be looked at.
    private var gated: Set<RunID> = []

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(store: RunStore, index: RunLists, report: @escaping @Sendable (DiagnosticError) -> Void) {
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
        try index.put(rows)
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
        let report = try RunReport(store: store, run: run, attempt: history.attempt, withSteps: false)
        row.state = Self.state(report)
        if row.state == .finished {
            row.sentence = report.sentence
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
        let state = Self.state(try RunReport(store: store, run: run, attempt: attempt, withSteps: false))
        return state == .finished ? nil : state
    }

    private static func held(_ reason: String) -> String { "Waits for an approval: \(reason)" }

    nonisolated func note(_ change: RunChange) { note(Note(change: change)) }

    /// What ran beside a job that waits for people may have been the last that did.
    nonisolated func note(_ change: JobChange) {
        let change = RunChange(
            run: change.run, attempt: change.attempt, project: change.project, kind: .running, at: change.at,
            record: change.record)
        note(Note(change: change, isJobEnd: true))
    }

    private struct Note: Sendable {
        var change: RunChange
        var isJobEnd = false
    }

    private nonisolated func note(_ note: Note) {
        let isFirst = waiting.withLock { waiting in
            waiting.append(note)
            return waiting.count == 1
        }
        if isFirst { Task { await self.write() } }
    }

    private func write() {
        let batch = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        var rows: [RunID: RunRow] = [:]
        do throws(DiagnosticError) {
            for note in batch {
                let change = note.change
                if note.isJobEnd, !gated.contains(change.run) { continue }
                var row: RunRow
                if let known = rows[change.run] {
                    row = known
                } else if let known = try index.run(change.run), change.kind != .began {
                    row = known
                } else {
                    row = RunRow(change)
                }
                row.attempt = change.attempt
                switch change.kind {
                case .began:
                    row.state = .waiting
                    row.sentence = ""
                case .held(let reason): row.sentence = Self.held(reason)
                case .gated(_, let environment):
                    gated.insert(change.run)
                    row.state = try state(of: change.run, attempt: change.attempt) ?? row.state
                    row.sentence = "Waits before '\(environment)'"
                case .running where row.state == .finished: continue
                case .running where note.isJobEnd:
                    row.state = try state(of: change.run, attempt: change.attempt) ?? row.state
                case .running:
                    row.state = .running
                    row.sentence = ""
                case .finished(let conclusion):
                    gated.remove(change.run)
                    row.state = .finished
                    row.conclusion = conclusion
                    row.finishedAt = change.at
                    row.sentence = try RunReport(store: store, run: change.run, attempt: change.attempt).sentence
                }
                rows[change.run] = row
            }
            try index.put(Array(rows.values))
        } catch {
            report(error)
        }
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
