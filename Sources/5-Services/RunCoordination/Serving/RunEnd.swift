// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import EventJournal
package import PipelineModel
internal import RunEngine
internal import StructuredData
internal import Timekeeping

/// A run's end, as it lies in the journal from the moment that it is recorded until those who tell others have had it.
package struct RunEnd: Hashable, Sendable {
    package var run: RunID
    package var attempt: Int
    private var conclusion: Conclusion
    /// Milliseconds since the epoch.
    private var at: Int64
    private var startedAt: Int64?

    /// `nil`: the run did not end.
    package init?(_ change: RunChange) {
        guard case .finished(let conclusion) = change.kind else { return nil }
        (run, attempt, self.conclusion, at) = (change.run, change.attempt, conclusion, change.at)
        startedAt = change.startedAt
    }

    package static func == (left: RunEnd, right: RunEnd) -> Bool {
        left.run == right.run && left.attempt == right.attempt
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(run)
        hasher.combine(attempt)
    }

    private static let destination = "run-end"
    /// One a project: servers that share a journal would wait for one another's commits in one of all.
    private static func stream(_ project: String) -> StreamID { StreamID("run-ends/" + project) }

    /// What is to be recorded with a batch of events.
    static func appends(_ batch: [(ServedRun, [RunEvent])], at time: Int64) -> [StreamAppend] {
        var messages: [String: [OutboxMessage]] = [:]
        for (run, events) in batch {
            for case .runFinished(let finished) in events {
                let object: DataObject = [
                    "run": .number(Double(run.run.number)), "attempt": .number(Double(run.attempt)),
                    "conclusion": .string(finished.conclusion.rawValue), "at": .number(Double(time)),
                    "startedAt": run.times.startedAt.map { .number(Double($0)) } ?? .null,
                ]
                messages[run.record.project ?? "", default: []].append(
                    OutboxMessage(
                        key: "run-end/\(run.run)/\(run.attempt)", destination: destination,
                        payload: Array(object.jsonText().utf8)))
            }
        }
        return messages.map { project, messages in
            var append = StreamAppend(stream(project), expectedVersion: 0, events: [])
            append.outbox = messages
            return append
        }
    }

    fileprivate init?(_ message: OutboxMessage) {
        guard let data = try? DataValue(json: message.payload), let run = data["run"]?.int,
            let attempt = data["attempt"]?.int, let at = data["at"]?.int,
            let conclusion = data["conclusion"]?.string.flatMap(Conclusion.init(rawValue:))
        else { return nil }
        (self.run, self.attempt, self.conclusion, self.at) = (RunID(run), attempt, conclusion, Int64(at))
        startedAt = data["startedAt"]?.int.map { Int64($0) }
    }

    /// - Returns: `nil` where nothing is left of the run.
    package func change(in store: RunStore) throws(DiagnosticError) -> RunChange? {
        guard store.exists(run), RunRecord.isKept(run, in: store) else { return nil }
        let record = try RunRecord.load(from: store, run)
        return RunChange(
            run: run, attempt: attempt, project: record.project ?? "", kind: .finished(conclusion), at: at,
            record: record, startedAt: startedAt)
    }

    fileprivate static let limit = 10_000
    fileprivate static var kind: String { destination }
}

extension RunStore {
    /// Ends of runs that were not dealt with, in their order.
    package func endsToTell() throws(DiagnosticError) -> [RunEnd] {
        try pendingEnds().compactMap { RunEnd($0.message) }
    }

    /// These ends need not be told again, and neither does what cannot be read.
    package func settle(_ told: Set<RunEnd>) throws(DiagnosticError) {
        let numbers = try pendingEnds().filter { item in RunEnd(item.message).map(told.contains) ?? true }.map(\.number)
        guard !numbers.isEmpty else { return }
        try journaled { (journal) throws(JournalError) in try journal.settleMessages(numbers) }
    }

    private func pendingEnds() throws(DiagnosticError) -> [PendingMessage] {
        try journaled { (journal) throws(JournalError) in
            try journal.pendingMessages(to: RunEnd.kind, limit: RunEnd.limit)
        }
    }
}
