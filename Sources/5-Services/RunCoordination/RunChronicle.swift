// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import EventJournal
package import PipelineModel
internal import RunEngine
package import Timekeeping

/// What happened in an attempt of a run, event by event, for people.
package struct RunChronicle: Sendable {
    package struct Entry: Sendable {
        /// In its stream, from 1.
        package var sequence: Int
        package var at: Timestamp
        /// `jobFinished`.
        package var type: String
        package var text: String
    }

    /// In the order in which they happened.
    package private(set) var entries: [Entry] = []

    package init(store: RunStore, run: RunID, attempt: Int) throws(DiagnosticError) {
        let stream = RunStore.stream(run, attempt: attempt)
        let events = try store.journaled { (journal) throws(JournalError) in try journal.events(of: stream) }
        for (index, entry) in events.enumerated() {
            let event = try MachineStream<RunMachine>.event(entry)
            add(index, entry, Self.text(event))
        }
        let dispatch = DispatchEvent.stream(run, attempt: attempt)
        let given = try store.journaled { (journal) throws(JournalError) in try journal.events(of: dispatch) }
        for (index, entry) in given.enumerated() {
            guard let event = DispatchEvent(entry.event) else { continue }
            add(index, entry, Self.text(event))
        }
        // Both streams are in order; what happened in one millisecond stays as it was read.
        entries = entries.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
    }

    private mutating func add(_ index: Int, _ entry: RecordedEvent, _ text: String) {
        entries.append(Entry(sequence: index + 1, at: entry.recordedAt, type: entry.event.type, text: text))
    }

    private static func text(_ event: RunEvent) -> String {
        switch event {
        case .runStarted(let started):
            started.previousAttempt.map { "Attempt \(started.attempt), after attempt \($0)" }
                ?? "Attempt \(started.attempt)"
        case .resultsTakenOver(let taken): "\(taken.jobs.count) results of attempt \(taken.attempt)"
        case .jobsListed(let listed): listed.jobs.joined(separator: ", ")
        case .jobExpanded(let expanded): expanded.legs.map(\.name).joined(separator: ", ")
        case .legQueued(let queued): "\(queued.leg): \(queued.reason.text)"
        case .legStarted(let started): started.leg.text
        case .legCancelling(let cancelling): "\(cancelling.leg): \(cancelling.reason.text)"
        case .legRetried(let retried): "\(retried.leg): \(retried.reason.text)"
        case .legFinished(let finished):
            sentence(finished.leg.text, finished.conclusion, finished.outcome.reason)
        case .failFastTripped(let tripped): "\(tripped.leg) failed: the other legs of \(tripped.job) are not needed."
        case .jobFinished(let finished): sentence(finished.job.text, finished.result, finished.reason)
        case .waitingJobCancelled(let cancelled): "\(cancelled.job): \(cancelled.reason.text)"
        case .groupAsked(let asked): "\(asked.leg?.text ?? "The run"): \(asked.request.group)"
        case .groupHeld(let held): held.leg?.text ?? "The run"
        case .groupReleased(let released): released.leg?.text ?? "The run"
        case .runCancelling(let cancelling): cancelling.reason.text
        case .capacityChanged(let changed): "\(changed.capacity)"
        case .runFinished(let finished): sentence("", finished.conclusion, finished.reason)
        }
    }

    private static func text(_ event: DispatchEvent) -> String {
        switch event {
        case .assigned(let job, _, _, let name, _, let waited):
            "\(job): to the runner '\(name)', after \(RunReport.span(waited))"
        case .lost(let job, _, let reason, _), .waited(let job, _, let reason): "\(job): \(reason)"
        case .gated(let job, _, let environment, let reason): "\(job), before \(environment): \(reason)"
        case .passed(let job, _, let environment, let reason): "\(job), to \(environment): \(reason)"
        }
    }

    private static func sentence(_ subject: String, _ conclusion: Conclusion, _ reason: Reason?) -> String {
        let head = [subject, conclusion.rawValue].filter { !$0.isEmpty }.joined(separator: ": ")
        return head + (reason.map { ". \($0.text)" } ?? "")
    }
}
