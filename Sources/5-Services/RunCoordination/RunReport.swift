// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import EventJournal
package import PipelineModel
internal import RunEngine
package import StructuredData
internal import Timekeeping

/// One attempt of a run as the journal tells it: jobs, steps, times, reasons. What the API gives and the pages show.
package struct RunReport: Sendable {
    package enum State: String, Hashable, Sendable, CaseIterable {
        /// For jobs that it needs, its concurrency group, or its turn.
        case waiting
        /// For a runner.
        case queued
        case running
        case finished
    }

    package struct Step: Hashable, Sendable {
        package var path: StepPath
        /// Of the step, from 1.
        package var attempt: Int
        package var title: String
        package var state: State
        package var conclusion: Conclusion?
        /// Before `continue-on-error`.
        package var outcome: Conclusion?
        package var exitCode: Int?
        package var reason: Reason?
        /// Milliseconds since the epoch.
        package var startedAt: Int64?
        package var finishedAt: Int64?
        package var logLines: Int
        /// The run attempt that it ran in, where that is an earlier one.
        package var takenFrom: Int?
        /// Not the workflow's own: what an action does before its step or after all of them.
        package var isHook = false
    }

    package struct Job: Hashable, Sendable {
        package var id: JobID
        /// Of the job within the run, from 1.
        package var number: Int
        package var name: String
        package var needs: [JobID]
        package var state: State
        package var conclusion: Conclusion?
        package var reason: Reason?
        /// Given to the runners' queue, taken by a runner, over; milliseconds since the epoch.
        package var queuedAt: Int64?
        package var startedAt: Int64?
        package var finishedAt: Int64?
        package var runner: String?
        /// That it is for, where it waited before it.
        package var environment: String?
        /// When it came to that; what let it pass then, in a sentence.
        package var gatedAt: Int64?
        package var passage: String?
        /// Each word on why it waited, was lost or came back.
        package var notes: [String]
        package var takenFrom: Int?
        package var steps: [Step]

        /// Whether a user who writes `text` means this job: its id, the id of all legs, or the name that is shown.
        package func isNamed(_ text: String) -> Bool {
            id.text == text || id.withoutLeg.text == text || name == text
        }

        /// The job whose leg this is; `nil` for one without a matrix.
        package var group: JobID? { id.withoutLeg == id ? nil : id.withoutLeg }

        /// The attempt of the run that it ran in.
        package func attempt(of report: RunReport) -> Int { takenFrom ?? report.attempt }

        /// The attempt of the run that a step of it ran in: where its log is.
        package func attempt(of step: Step, in report: RunReport) -> Int {
            step.takenFrom ?? attempt(of: report)
        }
    }

    package let run: RunID
    package let attempt: Int
    package private(set) var state = State.waiting
    package private(set) var conclusion: Conclusion?
    package private(set) var reason: Reason?
    /// Why it is to end, of a run that is being cancelled or was.
    package private(set) var cancellation: Reason?
    /// Nothing of it is waited for any more.
    package private(set) var isForced = false
    package private(set) var startedAt: Int64?
    package private(set) var finishedAt: Int64?
    package private(set) var previousAttempt: Int?
    /// What `martlet plan` prints for the same; empty before it began.
    package private(set) var planDigest = ""
    /// In the order of the run; jobs of called workflows after their callers.
    package private(set) var jobs: [Job] = []
    private var places: [JobID: Int] = [:]

    /// Of which jobs the steps are read. Each job's are a stream of their own.
    package enum StepScope: Hashable, Sendable {
        case all
        /// Enough for ``firstFailure`` and ``sentence``.
        case failed
        case none
    }

    /// - Throws: where the journal cannot be read. A run that never began has no jobs.
    package init(
        store: RunStore, run: RunID, attempt: Int, steps: StepScope = .all
    ) throws(DiagnosticError) {
        self.run = run
        self.attempt = attempt
        let record = try? RunRecord.load(from: store, run)
        let plan = record?.plan
        let stream = RunStore.stream(run, attempt: attempt)
        let recorded = try store.journaled { (journal) throws(JournalError) in try journal.events(of: stream) }
        for entry in recorded {
            fold(try MachineStream<RunMachine>.event(entry), at: entry.recordedAt.milliseconds, plan)
        }
        try addDispatch(store, isServed: record?.project != nil)
        if state == .running, waitsForPeople { state = .waiting }
        try addSteps(store, plan, of: steps)
    }

    // MARK: the run's events

    private mutating func fold(_ event: RunEvent, at time: Int64, _ plan: Plan?) {
        switch event {
        case .runStarted(let started):
            startedAt = time
            state = .running
            previousAttempt = started.previousAttempt
            planDigest = started.planDigest
        case .jobsListed(let listed):
            for local in listed.jobs {
                let id = JobID(listed.caller.map { "\($0)/\(local)" } ?? local)
                let planned = plan?.jobs.first { $0.key == id.key }
                let prefix = listed.caller.map { "\($0)/" } ?? ""
                let needs = (planned?.needs ?? []).map { JobID(prefix + $0.localID) }
                add(id, name: planned?.name?.literal?.string ?? local, needs: needs)
            }
        case .jobExpanded(let expanded): expand(expanded)
        case .legQueued(let queued):
            change(queued.leg) {
                $0.reason = queued.reason
                $0.notes.append(queued.reason.text)
            }
        case .legStarted(let started):
            change(started.leg) {
                $0.number = started.attempt
                $0.queuedAt = $0.queuedAt ?? time
                $0.state = .queued
                $0.reason = nil
            }
        case .legRetried(let retried):
            change(retried.leg) {
                $0.number = retried.attempt
                $0.notes.append(retried.reason.text)
            }
        case .legFinished(let finished):
            change(finished.leg) {
                $0.state = .finished
                $0.conclusion = finished.conclusion
                $0.reason = finished.outcome.reason
                $0.finishedAt = time
                $0.takenFrom = finished.takenFrom
            }
        case .jobFinished(let finished):
            change(finished.job) {
                $0.state = .finished
                $0.conclusion = finished.result
                $0.reason = finished.reason
                $0.finishedAt = $0.finishedAt ?? time
            }
        case .runCancelling(let body):
            cancellation = body.reason
            isForced = body.level == .force
        case .runFinished(let finished):
            state = .finished
            conclusion = finished.conclusion
            reason = finished.reason
            finishedAt = time
        default: break
        }
    }

    private mutating func add(_ id: JobID, name: String, needs: [JobID]) {
        guard places[id] == nil else { return }
        places[id] = jobs.count
        jobs.append(
            Job(id: id, number: 1, name: name, needs: needs, state: .waiting, notes: [], steps: []))
    }

    /// A matrix's legs take the place of its job.
    private mutating func expand(_ expanded: JobExpanded) {
        guard expanded.isMatrix else {
            if let leg = expanded.legs.first { change(expanded.job) { $0.name = leg.name } }
            return
        }
        let needs = places[expanded.job].map { jobs[$0].needs } ?? []
        let known = jobs.count { $0.id.withoutLeg == expanded.job && $0.id != expanded.job }
        let legs = expanded.legs.enumerated().map { index, leg in
            Job(
                id: JobID("\(expanded.job)#\(known + index + 1)"), number: 1, name: leg.name, needs: needs,
                state: .waiting, notes: [], steps: [])
        }
        let last = jobs.lastIndex { $0.id.withoutLeg == expanded.job } ?? jobs.count - 1
        jobs.insert(contentsOf: legs, at: last + 1)
        jobs.removeAll { $0.id == expanded.job }
        places = Dictionary(uniqueKeysWithValues: jobs.enumerated().map { ($1.id, $0) })
    }

    private mutating func change(_ id: JobID, _ body: (inout Job) -> Void) {
        guard let place = places[id] else { return }
        body(&jobs[place])
    }

    /// Whether some job waits before its environment, and no other is under way.
    private var waitsForPeople: Bool {
        jobs.contains { $0.state == .waiting && $0.reason?.kind == .approval }
            && !jobs.contains { $0.state == .queued || $0.state == .running }
    }

    // MARK: runners

    private mutating func addDispatch(_ store: RunStore, isServed: Bool) throws(DiagnosticError) {
        let stream = DispatchEvent.stream(run, attempt: attempt)
        let recorded = try store.journaled { (journal) throws(JournalError) in try journal.events(of: stream) }
        for entry in recorded {
            guard let event = DispatchEvent(entry.event) else { continue }
            let time = entry.recordedAt.milliseconds
            change(event.job) { job in
                switch event {
                case .assigned(_, _, _, let name, _, let waited):
                    job.runner = name
                    job.startedAt = time
                    if job.state == .queued { job.state = .running }
                    if waited >= Self.notedWaitMs {
                        job.notes.append("It waited \(waited / 1000) s for the runner '\(name)'.")
                    }
                case .lost(_, _, let reason, let isReturned):
                    job.notes.append(reason + (isReturned ? " It went back to the queue: no step had begun." : ""))
                    if isReturned, job.state != .finished { job.state = .queued }
                case .waited(_, _, let reason):
                    if job.notes.last != reason { job.notes.append(reason) }
                case .gated(_, _, let environment, let reason):
                    job.environment = environment
                    job.gatedAt = job.gatedAt ?? time
                    // A server that begins anew says it once more.
                    if job.notes.last != reason { job.notes.append(reason) }
                    guard job.state == .queued else { break }
                    job.state = .waiting
                    job.reason = Reason(.approval, reason)
                case .passed(_, _, let environment, let reason):
                    job.environment = environment
                    job.passage = reason.isEmpty ? nil : reason
                    job.notes.append(reason)
                    job.queuedAt = time
                    guard job.state == .waiting else { break }
                    job.state = .queued
                    job.reason = nil
                }
            }
        }
        // A local run has no runners: its jobs began when they were started.
        guard recorded.isEmpty, !isServed else { return }
        for index in jobs.indices where jobs[index].queuedAt != nil {
            jobs[index].startedAt = jobs[index].queuedAt
            if jobs[index].state == .queued { jobs[index].state = .running }
        }
    }

    private static let notedWaitMs: Int64 = 1_000

    // MARK: steps

    private mutating func addSteps(_ store: RunStore, _ plan: Plan?, of scope: StepScope) throws(DiagnosticError) {
        for index in jobs.indices where jobs[index].queuedAt != nil || jobs[index].takenFrom != nil {
            guard scope == .all || scope == .failed && jobs[index].conclusion == .failure else { continue }
            jobs[index].steps = try Self.steps(of: jobs[index], run, attempt, store, plan)
        }
    }

    private static func steps(
        of job: Job, _ run: RunID, _ attempt: Int, _ store: RunStore, _ plan: Plan?
    ) throws(DiagnosticError) -> [Step] {
        let own = job.takenFrom ?? attempt
        let stream = RunStore.stream(run, attempt: own, job: job.id, jobAttempt: job.number)
        let recorded = try store.journaled { (journal) throws(JournalError) in try journal.events(of: stream) }
        var titles: [StepPath: String] = [:]
        if case .steps(let steps)? = plan?.jobs.first(where: { $0.key == job.id.key })?.work {
            titles = StepTitles.of(steps.steps)
        }
        let planned = titles
        StepNames(store, run, attempt: own, job.id).apply(to: &titles)
        var folding = StepFolding(titles: titles, planned: planned)
        for entry in recorded {
            folding.fold(try MachineStream<JobMachine>.event(entry), at: entry.recordedAt.milliseconds)
        }
        return folding.steps
    }
}

/// The steps of a job, from its events.
private struct StepFolding {
    var titles: [StepPath: String]
    let planned: [StepPath: String]
    private var counts: [StepPath?: Int] = [:]
    private var known: [StepPath: RunReport.Step] = [:]

    init(titles: [StepPath: String], planned: [StepPath: String]) {
        self.titles = titles
        self.planned = planned
    }

    /// In the order of their places: those inside of a composite step after it.
    var steps: [RunReport.Step] {
        known.values.sorted { $0.path.indexes.lexicographicallyPrecedes($1.path.indexes) }
    }

    mutating func fold(_ event: JobEvent, at time: Int64) {
        switch event {
        case .stepsListed(let listed):
            if !listed.continues { counts[listed.parent] = 0 }
            for step in listed.steps {
                let index = counts[listed.parent, default: 0] + 1
                counts[listed.parent] = index
                let path = listed.parent?.child(index) ?? StepPath(index)
                let title = titles[path] ?? StepTitles.title(ofPostStep: step.id, planned) ?? step.id
                if known[path] == nil {
                    known[path] = RunReport.Step(
                        path: path, attempt: 1, title: title, state: .waiting, logLines: 0,
                        isHook: ActionHook(id: step.id) != nil)
                }
            }
        case .stepStarted(let started):
            let path = started.attempt.step
            known[path]?.attempt = started.attempt.number
            known[path]?.state = .running
            known[path]?.startedAt = time
        case .stepFinished(let finished):
            let path = finished.attempt.step
            known[path]?.attempt = finished.attempt.number
            known[path]?.state = .finished
            known[path]?.conclusion = finished.result.conclusion
            known[path]?.outcome = finished.result.outcome
            known[path]?.exitCode = finished.result.exitCode
            known[path]?.reason = finished.result.reason
            known[path]?.finishedAt = time
            known[path]?.logLines = finished.result.logLines
            known[path]?.takenFrom = finished.takenFrom
        default: break
        }
    }
}
