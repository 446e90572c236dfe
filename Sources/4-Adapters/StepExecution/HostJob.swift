// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import ExpressionLanguage
import FileAccess
import PipelineModel
import ProblemMatching
package import ProcessControl
import SecretRedaction
import StructuredData
import WorkflowPlanning

/// Carries out the effects of one job's machine on this machine: prepares, starts and cancels steps, reports what came
/// of them, and cleans up. One event-loop thread; nothing here blocks for long.
package final class HostJob {
    let options: Options
    let callbacks: Callbacks
    let loop: PollerLoop
    let shelf = ExpressionShelf()
    let record: SealedRecord
    var supervisor: JobSupervisor?
    private var supervisorToken: PollerLoop.Token?
    private var watchesForWriting = false

    /// All secrets so far, for new streams and single texts.
    var redactor = SecretRedactor()
    /// `env` as it was before the first step, and what steps added.
    private(set) var baseVariables = OrderedVariables()
    var variables = OrderedVariables()
    /// What steps put before `PATH`, the latest last.
    var prependedPaths: [String] = []
    /// Ended attempts whose environment counts, in order.
    var applied: [StepRecord] = []
    /// Ended background attempts that nobody has waited for.
    var deferred: [StepPath: StepRecord] = [:]
    var scopes: [StepPath?: StepScope]
    /// Ends that an earlier process recorded.
    var restored: [StepAttempt: StepResult] = [:]
    /// Composite actions under way, by their own place.
    var composites: [StepPath: RunningStep] = [:]
    var running: [StepPath: RunningStep] = [:]
    /// Output that background processes of ended steps may still write; read and dropped.
    /// Control groups of steps that were not empty yet when they ended.
    var lingeringLimits: [LimitGroup] = []
    var orphanPipes: [PollerLoop.Token: OutputPipe] = [:]
    var freeFiles: [CommandFileSet] = []
    var fileSetCount = 0
    var shells: ShellLookup
    /// Cached for as long as `variables` and `prependedPaths` are the same.
    var jobBlock: EnvironmentBlock?
    /// Variables that the contexts own: a step's `env` does not change them.
    var contextNames: Set<String> = []
    var defaultShell: String?
    var defaultWorkingDirectory: String?
    var jobFlags = StatusFlags()
    /// A mask could not be kept: the output of steps is not shown any more.
    var isMuted = false
    /// Actions that were not there when the plan was made.
    var foundActions: [ActionReference: ActionFinding] = [:]
    /// Steps after the last, by their places.
    var hookSteps: [StepPath: PlannedStep] = [:]
    /// What parts of one action leave for the later ones, by the step that uses it.
    var actionStates: [StepPath: [FileCommandPairs.Pair]] = [:]
    /// Whether a step has filled the workspace, so that an empty one needs no hint.
    var hasHintedEmptyWorkspace = false
    /// Problem matchers that steps have added.
    var matchers = JobMatchers()
    lazy var problemPaths = makeProblemPaths()
    var hasToldOfLimits = false
    /// Of the run's services.
    var maskedSecrets: Set<String> = []
    var isResumed = false
    /// Which path is which in the job's container; empty: its steps run on this machine.
    var paths = ContainerPaths()
    /// What the job's containers are made from.
    var demand: ContainerDemand?
    /// As far as was looked.
    var memoryKills = 0
    /// Something of the job is in an engine, until it is removed.
    var hasContainers = false
    var containerFacts: ContainerFacts?
    /// Containers are being made, or removed.
    var waitsForContainers = false
    private var hasSupervisor = false
    private var waitsForSupervisor = false
    private var isPrepared = false
    var ending: Ending?
    let hostBlock: EnvironmentBlock
    lazy var baseGitHub: DataObject = makeGitHubContext()
    lazy var runnerContext: DataObject = makeRunnerContext()

    package init(_ options: Options, loop: PollerLoop, callbacks: Callbacks) {
        self.options = options
        self.loop = loop
        self.callbacks = callbacks
        hostBlock = EnvironmentBlock(entries: options.hostEnvironment)
        shells = ShellLookup(hostPath: hostBlock["PATH"] ?? "")
        scopes = [nil: StepScope(steps: options.steps.steps)]
        record = SealedRecord(
            path: options.folders.durable + "/record", key: options.sealingKey, job: options.identity.text)
    }

    deinit {
        if let supervisorToken { loop.remove(supervisorToken) }
    }

    // MARK: prepare

    /// Makes the job's folders, evaluates its environment and starts its supervisor.
    package func prepare() {
        guard let restore = options.restoreWorkspace, !isResumed else { return prepareWithFiles() }
        loop.offload {
            Result { () throws(DiagnosticError) in try restore() }
        } then: { (done: Result<Void, DiagnosticError>) in
            switch done {
            case .success: self.prepareWithFiles()
            case .failure(let error): self.callbacks.prepared(error)
            }
        }
    }

    private func prepareWithFiles() {
        do {
            try makeFolders()
            for secret in options.secrets { try redactor.add(secret) }
            try evaluateEnvironment()
            if matchers.isEmpty, !options.matchers.isEmpty { _ = try matchers.add(options.matchers) }
            try planContainers()
            try startSupervisor()
        } catch let error as ExpressionError {
            callbacks.prepared(DiagnosticError(.stepEvaluation, redacted(Self.invalidTemplate(error, line: nil))))
            return
        } catch {
            callbacks.prepared(
                DiagnosticError(
                    (error as? any CodedError)?.diagnostic ?? Diagnostic(.jobFiles, "The job cannot begin: \(error)")))
            return
        }
        startContainers()
        reportReady()
    }

    /// A resumed job waits: whoever held its receipts must be gone first.
    func reportReady() {
        if !waitsForContainers, hasSupervisor || !isResumed { reportPrepared(nil) }
    }

    func reportPrepared(_ error: DiagnosticError?) {
        guard !isPrepared else { return }
        isPrepared = true
        callbacks.prepared(error)
    }

    func makeFolders() throws(DiagnosticError) {
        let folders = options.folders
        for path in [folders.workspace, folders.temporary, folders.scratch, folders.toolCache, folders.durable] {
            try Trees.make(path)
        }
        if let event = options.contexts["github"]?["event"], event.object != nil {
            try Files.write(event.jsonText().utf8, to: eventPath)
        }
    }

    var eventPath: String { options.folders.scratch + "/event.json" }

    func evaluateEnvironment() throws {
        let evaluation = jobEvaluation()
        for template in options.outerEnvironments + [options.steps.env].compactMap({ $0 }) {
            for pair in try evaluation.pairs(of: template) { baseVariables[pair.name] = pair.value }
        }
        rebuildVariables()
        // The defaults see the job's environment.
        let defaults = jobEvaluation()
        defaultShell = try defaults.text(of: options.steps.defaultShell)
        defaultWorkingDirectory = try defaults.text(of: options.steps.defaultWorkingDirectory)
    }

    private func startSupervisor() throws(DiagnosticError) {
        var options = JobSupervisor.Options(
            receiptsPath: options.folders.receipts, runID: options.identity.marker, bootID: options.bootID)
        options.cgroup = self.options.cgroup
        let supervisor = try JobSupervisor(options)
        self.supervisor = supervisor
        supervisorToken = loop.watch(supervisor.descriptor) { [weak self] readiness in
            self?.serveSupervisor(readiness)
        }
    }

    // MARK: the supervisor

    private func serveSupervisor(_ readiness: Poller.Readiness) {
        guard let supervisor else { return }
        if readiness.contains(.writable) {
            try? supervisor.sendUnsent()
            watchForWriting()
        }
        supervisor.receive { message in serve(message) }
    }

    /// Asks to be told when the socket has room again, while something waits to be sent.
    func watchForWriting() {
        guard let supervisor, let supervisorToken, supervisor.hasUnsentRequests != watchesForWriting else { return }
        watchesForWriting.toggle()
        loop.change(supervisorToken, to: watchesForWriting ? [.readable, .writable] : .readable)
    }

    private func serve(_ message: SupervisorMessage) {
        switch message {
        case .ready:
            hasSupervisor = true
            reportReady()
        case .startFailed(let error):
            loseSupervisor("The job's receipts cannot be used: \(error).")
        case .started: break
        case .exited(let exit): processExited(exit)
        case .launchFailed(let failure): launchFailed(failure)
        case .refused(let refusal): launchRefused(refusal)
        case .treeGone(let key, _): treeGone(key)
        case .allGone(let report): allGone(report)
        case .ended:
            loseSupervisor("The job's supervisor is gone.")
        }
    }

    private func loseSupervisor(_ message: String) {
        if let supervisorToken { loop.remove(supervisorToken) }
        supervisorToken = nil
        supervisor = nil
        // After the job's end it goes as it should.
        guard !isPrepared || ending != nil || !running.isEmpty else { return }
        let error = DiagnosticError(
            .stepNotStarted, message,
            remedy: "Something killed it, perhaps for want of memory. "
                + (isResumed ? "Resume the run again." : "Run the job again."))
        // Its processes are nobody's children now; they go before anything is said to be over.
        let sweep = LeftoverSweep(runID: options.identity.marker)
        loop.offload {
            Result { () throws(DiagnosticError) in try sweep.run() }
        } then: { (swept: Result<KillReport, DiagnosticError>) in
            self.reportPrepared(error)
            for step in Array(self.running.values) where step.pipe != nil && step.contained == nil {
                if case .failure(let left) = swept { step.output?.error(left.diagnostic.message) }
                self.fail(step, Reason(.interrupted, message), error.diagnostic)
            }
            self.waitsForSupervisor = false
            if self.ending != nil { self.reportEnding() }
        }
    }

    /// All steps are over: what is left of them ends.
    func shutDown() {
        removeContainers()
        guard let supervisor else { return reportEnding() }
        do {
            try supervisor.shutdown()
            waitsForSupervisor = true
            watchForWriting()
        } catch {
            reportEnding()
        }
    }

    func allGone(_ report: KillReport) {
        ending?.killed = report.processes
        ending?.killedCount = report.totalCount
        waitsForSupervisor = false
        reportEnding()
    }

    func reportEnding() {
        guard let ending, !waitsForContainers, !waitsForSupervisor else { return }
        self.ending = nil
        for (token, _) in orphanPipes { loop.remove(token) }
        orphanPipes = [:]
        lingeringLimits.removeAll { $0.remove() }
        callbacks.finished(ending)
    }

    // MARK: variables and masks

    /// Puts together the environment that ended steps left, anew.
    func rebuildVariables() {
        variables = baseVariables
        prependedPaths = []
        for record in applied {
            for pair in record.environment { variables[pair.name] = pair.value }
            for path in record.paths { prepend(path) }
        }
        jobBlock = nil
    }

    func apply(_ record: StepRecord) {
        guard !record.environment.isEmpty || !record.paths.isEmpty else { return }
        applied.append(record)
        for pair in record.environment { variables[pair.name] = pair.value }
        for path in record.paths { prepend(path) }
        jobBlock = nil
    }

    private func prepend(_ path: String) {
        prependedPaths.removeAll { $0 == path }
        prependedPaths.append(path)
    }

    /// From here on the values are redacted in every stream, after a restart too.
    func mask(_ values: [String], from step: RunningStep) {
        let secrets = values.filter { !$0.isEmpty }.map { Secret(name: "add-mask", value: $0) }
        guard !secrets.isEmpty else { return }
        do {
            for secret in secrets { try redactor.add(secret) }
            try record.append(.masks(values))
        } catch {
            // What cannot be hidden, now and after a crash, must not be shown by any step from here on.
            isMuted = true
            step.hasCommandFailure = true
            step.output?.error((error as? any CodedError)?.diagnostic.message ?? "\(error)")
        }
        // The step itself may be about to start.
        let isUnderWay = running[step.attempt.step] === step
        for other in Array(running.values) + (isUnderWay ? [] : [step]) {
            for secret in secrets {
                do { try other.output?.add(secret) } catch { other.hasCommandFailure = true }
            }
        }
        for composite in composites.values {
            for secret in secrets { try? composite.output?.add(secret) }
        }
    }

    package var workspace: String { options.folders.workspace }
    package var hasEmptyWorkspace: Bool { Trees.isEmpty(workspace) }

    package func redacted(_ annotation: Annotation) -> Annotation {
        if case .annotation(let changed) = LogMark.annotation(annotation).mapped(redacted) {
            changed
        } else {
            annotation
        }
    }

    package func redacted(_ text: String) -> String {
        redactor.isTransparent ? text : redactor.redactingAll(text)
    }

    static func invalidTemplate(_ error: ExpressionError, line: Int?) -> String {
        let place = line.map { " (Line: \($0))" } ?? ""
        return "The template is not valid\(place). \(error.message)"
    }
}
