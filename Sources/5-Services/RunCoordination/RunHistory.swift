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
        /// Of the run, in which it ran.
        package var attempt: Int
        /// `nil` while it is not over.
        package var conclusion: Conclusion?
        package var reason: Reason?

        package init(
            title: String, job: JobID, step: StepPath? = nil, attempt: Int, conclusion: Conclusion? = nil,
            reason: Reason? = nil
        ) {
            self.title = title
            self.job = job
            self.step = step
            self.attempt = attempt
            self.conclusion = conclusion
            self.reason = reason
        }

        /// As ``data`` has it; `nil` where it names no job.
        package init?(data: DataValue) {
            guard let job = data["job"]?.string else { return nil }
            self.init(
                title: data["title"]?.string ?? job, job: JobID(job),
                step: data["step"]?.string.flatMap { StepPath($0) },
                attempt: data["attempt"]?.int ?? 1,
                conclusion: data["conclusion"]?.string.flatMap { Conclusion(rawValue: $0) },
                reason: data["reason"].flatMap { try? Reason(data: $0) })
        }

        /// Whether a user who writes `text` means this job: its id, the id of all legs, or the name that is shown.
        package func isNamed(_ text: String) -> Bool {
            job.text == text || job.withoutLeg.text == text || title == text
        }

        package var data: DataValue {
            var object: DataObject = ["title": .string(title), "job": .string(job.text)]
            if attempt > 1 { object["attempt"] = .number(Double(attempt)) }
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
    private let plans = LoadedPlan()
    package private(set) var conclusion: Conclusion?
    package private(set) var reason: Reason?
    /// A job that should have run was not to be had here.
    package private(set) var hasUnavailable = false
    /// From its first event to its last; `nil` while it is not over.
    package private(set) var durationMs: Int64?

    /// Empty where it is not known.
    package var repositoryRoot: String { facts["root"]?.string ?? "" }

    /// - Parameter attempt: `nil`: the newest.
    package init(store: RunStore, run: RunID, attempt: Int? = nil) throws(DiagnosticError) {
        self.store = store
        self.run = run
        if let attempt { self.attempt = attempt } else { self.attempt = max(1, try store.lastAttempt(of: run)) }
        facts = try RunRecord.summary(of: run, in: store)
        let stream = RunStore.stream(run, attempt: self.attempt)
        let recorded = try store.journaled { (journal) throws(JournalError) in try journal.events(of: stream) }
        var events: [RunEvent] = []
        for entry in recorded { events.append(try MachineStream<RunMachine>.event(entry)) }
        self.events = events
        if case .runFinished(let finished)? = events.last(where: { $0.typeName == RunFinished.typeName }) {
            conclusion = finished.conclusion
            reason = finished.reason
            hasUnavailable = finished.hasUnavailable
            if let first = recorded.first, let last = recorded.last {
                durationMs = last.recordedAt.milliseconds - first.recordedAt.milliseconds
            }
        }
    }

    package var summary: DataValue {
        var object = facts
        object["run"] = .number(Double(run.number))
        object["attempt"] = .number(Double(attempt))
        object["conclusion"] = conclusion.map { .string($0.rawValue) } ?? .null
        object["state"] = .string(state.rawValue)
        object["unavailable"] = .bool(hasUnavailable)
        object.set("durationMs", durationMs.map { .number(Double($0)) })
        return .object(object)
    }

    package enum State: String, Sendable {
        case running
        /// Its process is gone, and it has no end.
        case cutOff
        case finished
    }

    package var state: State {
        if conclusion != nil || !hasRecord { return .finished }
        return RunControl.isDriven(run, of: store) ? .running : .cutOff
    }

    /// Without one it was cut off before anything of it was kept.
    package var hasRecord: Bool { !facts.isEmpty }

    /// The workflow's name, and what `run-name` came to.
    package var title: String {
        facts["title"]?.string.map { "\(text("workflow")): \($0)" } ?? text("workflow")
    }

    package func text(_ key: String) -> String { facts[key]?.string ?? "" }

    /// Milliseconds since the epoch.
    package var createdAt: Int64 { Int64(facts["createdAt"]?.int ?? 0) }

    /// `2026-11-21T08:40:00Z`
    package var startedText: String {
        facts["createdAt"]?.int.map { Timestamp(milliseconds: Int64($0) / 1_000 * 1_000).description } ?? ""
    }

    // MARK: reasons

    /// Jobs in the order of the run, each with its steps; only those of `job` where one is given.
    package func reasons(job wanted: String?, withSteps: Bool = true) throws(DiagnosticError) -> [Entry] {
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
                    Entry(
                        title: names[queued.leg] ?? queued.leg.text, job: queued.leg, attempt: attempt,
                        reason: queued.reason),
                    &entries, &latest)
            case .legStarted(let started):
                add(
                    Entry(title: names[started.leg] ?? started.leg.text, job: started.leg, attempt: attempt), &entries,
                    &latest)
            case .legFinished(let finished):
                let title = names[finished.leg] ?? finished.leg.text
                add(
                    Entry(
                        title: title, job: finished.leg, attempt: finished.takenFrom ?? attempt,
                        conclusion: finished.conclusion,
                        reason: finished.outcome.reason),
                    &entries, &latest)
            case .jobFinished(let finished) where latest[finished.job] == nil && names[finished.job] == nil:
                guard !names.keys.contains(where: { $0.withoutLeg == finished.job }) else { continue }
                add(
                    Entry(
                        title: finished.job.text, job: finished.job, attempt: attempt, conclusion: finished.result,
                        reason: finished.reason),
                    &entries, &latest)
            default: break
            }
        }
        var all: [Entry] = []
        for entry in entries where wanted.map({ entry.isNamed($0) }) ?? true {
            all.append(entry)
            if withSteps { all += try steps(of: entry.job, attempt: entry.attempt) }
        }
        return all
    }

    /// The jobs that were reached, in the order of the run, under the names that people see.
    package func jobs() throws(DiagnosticError) -> [Entry] {
        try reasons(job: nil, withSteps: false)
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

    /// What the job's steps are called: by the plan, or where that has an expression as they were when they ran. Empty where the
    /// record cannot be read: then their ids stand.
    func titles(of job: JobID, attempt: Int) -> [StepPath: String] {
        var titles = plannedTitles(of: job)
        StepNames(store, run, attempt: attempt, job).apply(to: &titles)
        return titles
    }

    private func plannedTitles(of job: JobID) -> [StepPath: String] {
        guard let plan = plans.value(store, run), let planned = plan.jobs.first(where: { $0.key == job.key }),
            case .steps(let steps) = planned.work
        else { return [:] }
        return StepTitles.of(steps.steps)
    }

    private func steps(of job: JobID, attempt: Int) throws(DiagnosticError) -> [Entry] {
        let stream = RunStore.stream(run, attempt: attempt, job: job, jobAttempt: 1)
        let recorded = try store.journaled { (journal) throws(JournalError) in try journal.events(of: stream) }
        var titles: [StepPath: String] = titles(of: job, attempt: attempt)
        let planned = titles
        var counts: [StepPath?: Int] = [:]
        var entries: [Entry] = []
        for record in recorded {
            switch try MachineStream<JobMachine>.event(record) {
            case .stepsListed(let listed):
                if !listed.continues { counts[listed.parent] = 0 }
                for step in listed.steps {
                    let index = counts[listed.parent, default: 0] + 1
                    counts[listed.parent] = index
                    let path = listed.parent?.child(index) ?? StepPath(index)
                    titles[path] = titles[path] ?? StepTitles.title(ofPostStep: step.id, planned) ?? step.id
                }
            case .stepFinished(let finished):
                let path = finished.attempt.step
                entries.append(
                    Entry(
                        title: "\(path) \(titles[path] ?? "")", job: job, step: path,
                        attempt: finished.takenFrom ?? attempt,
                        conclusion: finished.result.conclusion, reason: finished.result.reason))
            default: break
            }
        }
        return entries.sorted { left, right in
            (left.step?.indexes ?? []).lexicographicallyPrecedes(right.step?.indexes ?? [])
        }
    }
}

/// The run's plan, read when it is first asked for.
private final class LoadedPlan {
    private var isLoaded = false
    private var plan: Plan?

    func value(_ store: RunStore, _ run: RunID) -> Plan? {
        if !isLoaded { plan = try? RunRecord.load(from: store, run).plan }
        isLoaded = true
        return plan
    }
}
