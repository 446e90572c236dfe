// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import EventJournal
internal import FileAccess
internal import LogArchive
internal import PipelineModel
internal import ProcessControl
internal import RunEngine
internal import StepExecution
internal import StructuredData
internal import Timekeeping

/// One job of a run: its machine, its executor, its logs.
final class JobSession {
    /// What waits for the executor to be ready again after a crash.
    enum Pending {
        case evidence([StepAttempt: StepEvidence])
        case effects([JobEffect])
    }

    let ground: JobGround
    let id: JobID
    /// Attempt of the job within the run.
    let number: Int
    private let steps: PlannedSteps
    private let needs: [NeedResult]
    /// Where it goes on; `nil`: it begins with its first step.
    private let point: RerunPoint?
    var machine: MachineStream<JobMachine>
    var host: HostJob?
    var pending: Pending?
    private(set) var outcome: JobOutcome?
    private var names: [StepAttempt: String] = [:]
    private lazy var titles = StepTitles.of(steps.steps)
    /// When its first event was decided: before any of its processes was there.
    private var beganAt: Int64?
    private var startedAt: [StepAttempt: Int64] = [:]
    /// Attempts whose end the executor itself has reported.
    private var answered: Set<StepAttempt> = []

    private var name: String { ground.driver?.name(of: id) ?? id.text }

    init(_ ground: JobGround, id: JobID, number: Int, leg: JobLeg, steps: PlannedSteps, needs: [NeedResult]) {
        self.ground = ground
        self.id = id
        self.number = number
        self.steps = steps
        self.needs = needs
        var definition = JobDefinition(
            job: id, attempt: number, planDigest: ground.planDigest, planned: steps, leg: leg)
        point = number == 1 && ground.rerunPoint?.job == id ? ground.rerunPoint : nil
        definition.takeover = point?.takeover
        machine = MachineStream(
            RunStore.stream(ground.run, attempt: ground.attempt, job: id, jobAttempt: number), definition: definition)
    }

    func begin() {
        ground.driver?.enqueue(.start, of: id)
    }

    /// Lets go of the job without its end: the supervisor sees that and kills what is left.
    func abandon() {
        host = nil
    }

    // MARK: effects

    func perform(_ effect: JobEffect) {
        switch effect {
        case .prepareJob: prepare()
        case .startStep(let attempt, let flags):
            host?.start(attempt, flags, id: machine.state.step(attempt.step)?.id ?? "")
        case .cancelStep(let attempt, let cancellation): cancel(attempt, cancellation)
        case .completeStep(let attempt, let outcome, let reason):
            host?.conclude(attempt, outcome: outcome, reason: reason)
        case .finishJob(_, _, let conclusion): host?.finish(conclusion) ?? closed(HostJob.Ending())
        }
    }

    private func prepare() {
        do throws(DiagnosticError) {
            let host = try makeHost()
            self.host = host
            try takeOver(host)
            host.prepare()
        } catch {
            arrive(.prepared(failure: Reason(.setup, error.diagnostic.message)))
        }
    }

    /// What the steps before the one that the job goes on with have handed on.
    func takeOver(_ host: HostJob) throws(DiagnosticError) {
        if let point { try host.takeOver(point.frames, steps: point.count) }
    }

    func makeHost() throws(DiagnosticError) -> HostJob {
        let hasBegun = machine.state.phase != .new && machine.state.phase != .preparing
        if !hasBegun, point == nil { ground.kept.clear(id) }
        var options = try JobEnvironment(ground: ground, job: self, steps: steps, needs: needs).options()
        if let snapshot = point?.snapshot, !hasBegun {
            let (snapshots, workspace) = (ground.snapshots, options.folders.workspace)
            options.restoreWorkspace = { () throws(DiagnosticError) in try snapshots.restore(snapshot, to: workspace) }
        }
        return HostJob(options, loop: ground.loop, callbacks: callbacks)
    }

    private func cancel(_ attempt: StepAttempt, _ cancellation: StepCancellation) {
        switch cancellation.mode {
        case .unlessConditionHolds: host?.cancelUnlessConditionHolds(attempt)
        case .soft where cancellation.reason.kind == .timeout: host?.timeOut(attempt)
        case .force where cancellation.reason.kind == .timeout: host?.timeOut(attempt, force: true)
        case .soft: host?.cancel(attempt, force: false)
        case .force: host?.cancel(attempt, force: true)
        }
    }

    // MARK: outcomes

    private var callbacks: HostJob.Callbacks {
        HostJob.Callbacks(
            prepared: { [weak self] error in self?.prepared(error) },
            report: { [weak self] attempt, report in self?.reported(attempt, report) },
            postStep: { [weak self] attempt, id in self?.arrive(.postStepAdded(attempt, id: id)) },
            annotate: { [weak self] annotation in self?.annotate(annotation) },
            openLog: { [weak self] heading in self?.openLog(heading) ?? .discarding },
            finished: { [weak self] ending in self?.closed(ending) })
    }

    private func prepared(_ error: DiagnosticError?) {
        let waiting = pending
        pending = nil
        switch waiting {
        case .evidence(let evidence)? where error == nil: arrive(.resumed(judged(evidence)))
        case .effects(let effects)? where error == nil: for effect in effects { perform(effect) }
        case .some:
            // Its history is under way, and cannot be gone on with here: a later resume may.
            if let error { ground.driver?.fail(error) }
        case nil: arrive(.prepared(failure: error.map { Reason(.setup, $0.diagnostic.message) }))
        }
    }

    /// A step that was cut off failed; `continue-on-error` may take that as a success.
    private func judged(_ evidence: [StepAttempt: StepEvidence]) -> [StepAttempt: StepEvidence] {
        var judged = evidence
        for (attempt, found) in evidence {
            let reason: Reason
            switch found {
            case .interrupted(let known, _): reason = known
            case .notStarted where machine.state.isRunning(attempt):
                reason = Reason(.interrupted, "It was cut off as it started.")
            default: continue
            }
            let continues = host?.continuesAfterInterruption(of: attempt) ?? false
            judged[attempt] = .interrupted(reason, continuesOnError: continues)
        }
        return judged
    }

    private func reported(_ attempt: StepAttempt, _ report: StepReport) {
        switch report {
        case .finished, .skipped: answered.insert(attempt)
        case .started, .expanded, .again: break
        }
        arrive(.reported(attempt, report))
    }

    private func arrive(_ input: JobInput) {
        ground.driver?.enqueue(input, of: id)
        ground.driver?.drain()
    }

    private func closed(_ ending: HostJob.Ending) {
        ground.evaluator.keep(outputs: ending.outputs, of: id)
        for annotation in ending.annotations { ground.observer.update(.jobAnnotation(id, name: name, annotation)) }
        // What encloses a step may be a moment late.
        let enclosing = ground.record.sandbox == nil ? 0 : ending.killed.count { $0.name == "bwrap" }
        if ending.killedCount > enclosing {
            let names = ending.killed.map { "\($0.name) (\($0.processID))" }.joined(separator: ", ")
            let text =
                "Processes that outlived their steps were ended: \(names.isEmpty ? "\(ending.killedCount)" : names)."
            ground.observer.update(.jobAnnotation(id, name: name, Annotation(.notice, text)))
        }
        let causes = ending.annotations.filter { $0.level == .error }.map(\.message).joined(separator: " ")
        let failure = ending.isFailed ? Reason(.invalid, "The job could not be concluded: \(causes)") : nil
        let closure = JobClosure(
            outputNames: ending.outputs.keys, recordDigest: ending.recordDigest, failure: failure)
        readReports { self.arrive(.closed(closure)) }
    }

    /// Test reports and the like that the job has left, before its workspace goes.
    private func readReports(_ then: @escaping () -> Void) {
        guard let host, !host.hasEmptyWorkspace else { return then() }
        let search = ReportSearch(workspace: host.workspace, since: beganAt ?? 0)
        ground.loop.offload {
            search.read()
        } then: { (found: ReportSearch.Found) in
            for annotation in found.annotations {
                self.ground.observer.update(.jobAnnotation(self.id, name: self.name, host.redacted(annotation)))
            }
            if !found.tests.isEmpty {
                let tests = found.tests.map { TestOutcome($0, redacted: host.redacted) }
                self.ground.observer.update(.tests(self.id, name: self.name, tests))
            }
            then()
        }
    }

    private func annotate(_ annotation: Annotation) {
        ground.observer.update(.jobAnnotation(id, name: name, annotation))
    }

    /// The executor knows of this attempt's end already.
    func expectAnswer(_ attempt: StepAttempt) {
        answered.insert(attempt)
    }

    // MARK: logs

    private func openLog(_ heading: StepHeading) -> StepLog {
        names[heading.attempt] = heading.name
        let step = heading.attempt.step
        if heading.name != titles[step], heading.attempt.number == 1 {
            StepNames(ground.store, ground.run, attempt: ground.attempt, id).append(heading.name, of: step)
            ground.observer.update(.stepNamed(StepPlace(job: id, attempt: heading.attempt), name: heading.name))
        }
        let place = StepPlace(job: id, attempt: heading.attempt)
        ground.observer.update(.stepStarted(place, name: heading.name))
        let folder = ground.store.logs(of: ground.run, attempt: ground.attempt)
        do throws(LogError) {
            return JobLog(
                writer: try folder.writer(logKey(heading.attempt)), place: place, observer: ground.observer,
                loop: ground.loop
            ).stepLog
        } catch {
            ground.observer.update(.annotation(place, JobLog.annotation(error)))
            return .discarding
        }
    }

    /// The log of a step that was cut off: a torn last line goes, and readers learn that no more comes.
    func endLog(of attempt: StepAttempt) {
        let path = ground.store.logs(of: ground.run, attempt: ground.attempt).file(logKey(attempt))
        do throws(LogError) {
            _ = try LogRecovery.recover(path: path)
        } catch {
            ground.observer.update(
                .annotation(StepPlace(job: id, attempt: attempt), JobLog.annotation(error)))
        }
    }

    private func logKey(_ attempt: StepAttempt) -> LogKey {
        LogKey(job: RunStore.fileName(id), step: attempt.step.description, attempt: attempt.number)
    }

    // MARK: telling

    /// What a history has told already.
    func note(_ event: JobEvent, at time: Int64) {
        beganAt = beganAt ?? time
        switch event {
        case .stepStarted(let started): startedAt[started.attempt] = time
        case .jobEnded(let ended): outcome = ended.outcome
        default: break
        }
    }

    func tell(_ event: JobEvent, at time: Int64) {
        note(event, at: time)
        switch event {
        case .stepFinished(let finished):
            let attempt = finished.attempt
            guard finished.takenFrom == nil else { return }
            // Of an end that the machine decided (cut off, a wait, never reached) the executor is told, for `steps`.
            if answered.remove(attempt) == nil { host?.settle(attempt, finished.result) }
            let place = StepPlace(job: id, attempt: attempt)
            ground.observer.update(
                .stepFinished(
                    place, name: names[attempt] ?? title(of: attempt), finished.result,
                    durationMs: startedAt[attempt].map { time - $0 } ?? 0))
        case .jobEnded(let ended):
            ground.driver?.finished(id, attempt: number, ended.outcome)
            host = nil
            JobEnvironment.sweep(ground, job: id, succeeded: ended.outcome.conclusion == .success)
        default:
            break
        }
    }

    /// A step that never opened a log, by what the plan says of it.
    private func title(of attempt: StepAttempt) -> String {
        let id = machine.state.step(attempt.step)?.id ?? ""
        return titles[attempt.step] ?? StepTitles.title(ofPostStep: id, titles) ?? "Step \(attempt.step)"
    }
}

extension StepLog {
    /// Where the archive cannot be written, the step runs all the same.
    static var discarding: StepLog {
        StepLog(write: { _ in }, mark: { _ in }, close: { LogSummary(lines: 0) })
    }
}

/// Gives a step's output to the archive and to those who watch. A log that cannot be written is told once, as an error
/// annotation of the step; the step itself goes on.
final class JobLog {
    private let writer: LogWriter
    private let place: StepPlace
    private let observer: RunObserver
    private let loop: PollerLoop
    private var failure: LogError?
    private var willFlush = false

    /// What comes fast is gathered for so long; then who follows sees it.
    private static let gathering = Duration.milliseconds(50)

    init(writer: LogWriter, place: StepPlace, observer: RunObserver, loop: PollerLoop) {
        self.writer = writer
        self.place = place
        self.observer = observer
        self.loop = loop
    }

    var stepLog: StepLog {
        StepLog(
            write: { self.write($0) }, mark: { self.mark($0) },
            close: {
                var lines = 0
                var digest: String?
                self.attempt { () throws(LogError) in
                    let totals = try self.writer.finish()
                    (lines, digest) = (totals.lines, totals.digest)
                }
                self.observer.kept?(self.place)
                return LogSummary(lines: lines, digest: digest)
            })
    }

    private func write(_ bytes: UnsafeRawBufferPointer) {
        attempt { () throws(LogError) in try writer.append(bytes, at: .now()) }
        observer.output(place, bytes)
        guard writer.isGathering else {
            observer.kept?(place)
            return
        }
        guard !willFlush else { return }
        willFlush = true
        _ = loop.schedule(at: .now() + Self.gathering) { [weak self] in self?.flush() }
    }

    private func flush() {
        willFlush = false
        attempt { () throws(LogError) in try writer.flush() }
        observer.kept?(place)
    }

    private func mark(_ mark: StepExecution.LogMark) {
        if case .annotation(let annotation) = mark { observer.update(.annotation(place, annotation)) }
        if case .summary(let text) = mark { observer.update(.summary(place, text)) }
        guard let text = mark.text else { return }
        var line = text + "\n"
        line.withUTF8 { write(UnsafeRawBufferPointer($0)) }
    }

    static func annotation(_ error: LogError) -> Annotation {
        Annotation(.error, "\(error.diagnostic.code): \(error.diagnostic.message)")
    }

    private func attempt(_ body: () throws(LogError) -> Void) {
        guard failure == nil else { return }
        do throws(LogError) {
            try body()
        } catch {
            failure = error
            observer.update(.annotation(place, Self.annotation(error)))
        }
    }
}
