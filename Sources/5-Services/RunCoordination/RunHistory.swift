// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import EventJournal
internal import FileAccess
package import PipelineModel
internal import RunEngine
package import StructuredData
internal import Timekeeping

/// What the journal knows of a run: its conclusion, and the reason for everything.
package struct RunHistory {
    /// A job or a step, and why it came out as it did.
    package struct Entry {
        package var title: String
        package var job: JobID
        package var step: StepPath?
        /// `nil` while it is not over.
        package var conclusion: Conclusion?
        package var reason: Reason?

        package var data: DataValue {
            var object: DataObject = ["title": .string(title), "job": .string(job.text)]
            object.set("step", step.map { .string($0.description) })
            object.set("conclusion", conclusion.map { .string($0.rawValue) })
            object.set("reason", reason?.data)
            return .object(object)
        }
    }

    package let run: RunID
    package let attempt: Int
    private let store: RunStore
    private let facts: DataObject
    private let events: [RunEvent]
    package private(set) var conclusion: Conclusion?
    package private(set) var reason: Reason?

    private static let summaryLimitBytes = 1 << 20

    package init(store: RunStore, run: RunID) throws(DiagnosticError) {
        self.store = store
        self.run = run
        attempt = max(1, try store.lastAttempt(of: run))
        let text = try Files.readIfPresent(store.folder(of: run) + "/summary.json", limit: Self.summaryLimitBytes)
        facts = text.flatMap { try? DataValue(json: $0) }?.object ?? DataObject()
        let stream = RunStore.stream(run, attempt: attempt)
        let recorded = try store.journaled { (journal) throws(JournalError) in try journal.events(of: stream) }
        var events: [RunEvent] = []
        for entry in recorded { events.append(try MachineStream<RunMachine>.event(entry)) }
        self.events = events
        if case .runFinished(let finished)? = events.last(where: { $0.typeName == RunFinished.typeName }) {
            conclusion = finished.conclusion
            reason = finished.reason
        }
    }

    package var summary: DataValue {
        var object = facts
        object["run"] = .number(Double(run.number))
        object["attempt"] = .number(Double(attempt))
        object["conclusion"] = conclusion.map { .string($0.rawValue) } ?? .null
        return .object(object)
    }

    /// The workflow's name, and what `run-name` came to.
    package var title: String {
        facts["title"]?.string.map { "\(text("workflow")): \($0)" } ?? text("workflow")
    }

    package func text(_ key: String) -> String { facts[key]?.string ?? "" }

    /// `2026-11-21T08:40:00Z`
    package var startedText: String {
        facts["createdAt"]?.int.map { Timestamp(milliseconds: Int64($0) / 1_000 * 1_000).description } ?? ""
    }

    // MARK: reasons

    /// Jobs in the order of the run, each with its steps; only those of `job` where one is given.
    package func reasons(job wanted: String?) throws(DiagnosticError) -> [Entry] {
        var names: [JobID: String] = [:]
        var entries: [Entry] = []
        var latest: [JobID: Int] = [:]
        for event in events {
            switch event {
            case .jobExpanded(let expanded):
                for (index, leg) in expanded.legs.enumerated() {
                    let id = expanded.isMatrix ? JobID("\(expanded.job)#\(index + 1)") : expanded.job
                    names[id] = leg.name
                }
            case .legQueued(let queued):
                add(
                    Entry(title: names[queued.leg] ?? queued.leg.text, job: queued.leg, reason: queued.reason),
                    &entries, &latest)
            case .legStarted(let started):
                add(Entry(title: names[started.leg] ?? started.leg.text, job: started.leg), &entries, &latest)
            case .legFinished(let finished):
                let title = names[finished.leg] ?? finished.leg.text
                add(
                    Entry(
                        title: title, job: finished.leg, conclusion: finished.conclusion,
                        reason: finished.outcome.reason),
                    &entries, &latest)
            case .jobFinished(let finished) where latest[finished.job] == nil && names[finished.job] == nil:
                guard !names.keys.contains(where: { $0.withoutLeg == finished.job }) else { continue }
                add(
                    Entry(
                        title: finished.job.text, job: finished.job, conclusion: finished.result,
                        reason: finished.reason),
                    &entries, &latest)
            default: break
            }
        }
        var all: [Entry] = []
        for entry in entries where wanted == nil || entry.job.text == wanted || entry.job.withoutLeg.text == wanted {
            all.append(entry)
            all += try steps(of: entry.job)
        }
        return all
    }

    /// A later word on a job takes the earlier one's place.
    private func add(_ entry: Entry, _ entries: inout [Entry], _ latest: inout [JobID: Int]) {
        if let index = latest[entry.job] {
            entries[index] = entry
        } else {
            latest[entry.job] = entries.count
            entries.append(entry)
        }
    }

    private func steps(of job: JobID) throws(DiagnosticError) -> [Entry] {
        let stream = RunStore.stream(run, attempt: attempt, job: job, jobAttempt: 1)
        let recorded = try store.journaled { (journal) throws(JournalError) in try journal.events(of: stream) }
        var titles: [StepPath: String] = [:]
        var entries: [Entry] = []
        for record in recorded {
            switch try MachineStream<JobMachine>.event(record) {
            case .stepsListed(let listed):
                for (index, step) in listed.steps.enumerated() {
                    titles[listed.parent?.child(index + 1) ?? StepPath(index + 1)] = step.id
                }
            case .stepFinished(let finished):
                let path = finished.attempt.step
                entries.append(
                    Entry(
                        title: "\(path) \(titles[path] ?? "")", job: job, step: path,
                        conclusion: finished.result.conclusion, reason: finished.result.reason))
            default: break
            }
        }
        return entries
    }
}
