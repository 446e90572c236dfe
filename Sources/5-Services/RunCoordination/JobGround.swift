// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import PipelineModel
internal import ProcessControl
internal import RunEngine
internal import SecretRedaction
internal import StepExecution
internal import StructuredData
internal import WorkflowPlanning

/// Who drives the machines of jobs: gives them their inputs one after another, and hears of their ends.
protocol JobDriver: AnyObject {
    /// Milliseconds since the epoch; the time of the last decision.
    var now: Int64 { get }
    func enqueue(_ input: JobInput, of job: JobID)
    /// Works on what was enqueued.
    func drain()
    func finished(_ job: JobID, attempt: Int, _ outcome: JobOutcome)
    /// The job cannot go on in this process; what was recorded stays.
    func fail(_ error: DiagnosticError)
    /// A failed step waits for somebody to look at it.
    func pause(_ paused: PausedStep, _ answer: @escaping (PauseAnswer) -> Void)
    /// As shown.
    func name(of job: JobID) -> String
}

/// What jobs stand on where they are carried out: the store, the plan, the values of the run, and what its jobs share.
final class JobGround {
    let store: RunStore
    let run: RunID
    let attempt: Int
    let record: RunRecord
    let settings: RunSession.Settings
    let observer: RunObserver
    let evaluator: PlanEvaluator
    let planDigest: String
    let loop: PollerLoop
    let bootID = HostBoot.identifier()
    /// For what is written often and needed briefly; in memory where that can be had.
    let scratch: String
    let cgroupName: String
    weak var driver: (any JobDriver)?
    /// What all processes are in, where one can be had: then none escapes, whatever it does.
    private(set) lazy var cgroup = ProcessCgroup.make(name: cgroupName)
    /// Where this attempt goes on in the middle of a job.
    var rerunPoint: RerunPoint?
    private(set) lazy var snapshots = WorkspaceSnapshots(store: store, run: run)
    private(set) lazy var kept = KeptWorkspaces(self)
    /// What actions talk to; started when one asks.
    private(set) lazy var services = RunServices(
        store: store, run: run, attempt: attempt, record: record, far: settings.far == nil ? nil : vaults.caches.far,
        home: settings.home)
    private var hasServices = false
    /// What native actions keep and find.
    private(set) lazy var vaults = NativeVaults(
        store: store, run: run, record: record, line: settings.far?.line, home: settings.home)

    /// - Parameters:
    ///   - name: tells it from others of the same store that live at the same time.
    ///   - planDigest: of the whole plan, where the record has a part of it.
    init(
        store: RunStore, run: RunID, attempt: Int, record: RunRecord, settings: RunSession.Settings,
        observer: RunObserver, name: String, planDigest: String? = nil
    ) throws(DiagnosticError) {
        self.store = store
        self.run = run
        self.attempt = attempt
        self.record = record
        self.settings = settings
        self.observer = observer
        self.planDigest = planDigest ?? ContentDigest.of(record.plan.data)
        loop = try PollerLoop()
        scratch = try ScratchDirectory.choose(name: "martlet").path + "/\(store.name)-\(name)"
        cgroupName = "martlet-\(store.name)-\(name)"
        evaluator = PlanEvaluator(Self.facts(record, settings, run, attempt))
        LeftoverSweep.becomeSubreaper()
        _ = OpenFileLimit.raise()
    }

    private static func facts(
        _ record: RunRecord, _ settings: RunSession.Settings, _ run: RunID, _ attempt: Int
    ) -> PlanEvaluator.Facts {
        let github = GitHubContext(
            repository: record.repository, plan: record.plan, payload: record.payload, run: run, attempt: attempt,
            token: settings.token
        ).object
        var secrets = DataObject(
            settings.secrets.map { ($0.name, .string(String(decoding: $0.value, as: UTF8.self))) })
        if secrets["GITHUB_TOKEN"] == nil { secrets["GITHUB_TOKEN"] = .string(settings.token) }
        return PlanEvaluator.Facts(
            plan: record.plan, github: github, vars: record.vars, secrets: secrets,
            runners: RunnerOffer(extraLabels: record.runnerLabels), selectedMatrix: record.selectedMatrix)
    }

    // MARK: what jobs share

    /// By which the job's processes and sealed record are known.
    func identity(of job: JobID) -> HostJob.Identity {
        HostJob.Identity(run: run, attempt: attempt, job: job, store: store.name)
    }

    /// What a step's process is told of the run's services.
    func serviceVariables(
        of job: JobID, _ attempt: StepAttempt, _ user: ServiceUser, reachedAs host: String?
    ) throws(DiagnosticError) -> ServiceVariables {
        hasServices = true
        return try services.variables(for: job, attempt, user, reachedAs: host)
    }

    func nativeJob(_ job: JobID) -> NativeJob { vaults.job(job, of: run, attempt: attempt, record) }

    /// The job is over.
    func dismissServices(of job: JobID) { if hasServices { services.dismiss(job) } }

    /// The containers of one of the run's jobs; nothing is made before it is asked for.
    func containers(of job: JobID) -> ContainerHost {
        ContainerHost(
            engines: settings.engines, owner: ContainerOwner(identity(of: job)), storeRoot: store.root,
            isEnclosed: record.sandbox != nil, openServices: services.opener)
    }

    /// What an earlier process left in the engine, where there is to do with one at all. What cannot be removed now is
    /// tried again by whoever needs the engine.
    func sweepContainers() {
        guard record.plan.usesContainers, settings.pod == nil else { return }
        let host = containers(of: JobID("sweep"))
        loop.offload(isLong: true) { () -> Bool in
            (try? host.engine()) != nil
        } then: { _ in
        }
    }

    /// Whatever is left of an earlier process ends. What cannot be ended stays as it is, and this one does without.
    func endLeftovers() { _ = ProcessCgroup.existing(name: cgroupName)?.end() }

    /// Nothing runs any more: what was shared is closed.
    func close() {
        if hasServices { services.stop() }
        settings.engines.close()
    }

    /// After ``close()``, where everything came to its end: jobs have taken their own away, and a folder that is not empty
    /// has something to be looked at.
    func sweep() {
        _ = cgroup?.remove()
        Trees.removeEmpty(scratch)
        Trees.removeEmpty("\(store.root)/work/\(run)")
    }
}
