// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import PipelineModel
internal import RunCoordination
internal import SecretRedaction
internal import StructuredData
internal import TerminalRendering

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run workflows here, or on a server.",
        discussion: """
            EXAMPLES
              martlet run
              martlet run ci.yml --job test --matrix shell=bash
              martlet run --watch --job test
              martlet run ci.yml --ref main --input level=2 --server ci.example.org

            Without a workflow it runs all that a push of this branch would start. Steps
            work on a private copy of the working tree; with --bind they work on the tree
            itself. A server runs the named workflow of its project, and the run is followed.
            """)

    @OptionGroup var source: PlanOptions

    @OptionGroup var driving: DrivingOptions

    @Option(help: ArgumentHelp("A file with NAME=value lines: environment of every step.", valueName: "file"))
    var envFile: String?

    @OptionGroup var sandbox: SandboxOptions

    @Option(help: ArgumentHelp("Go on with a run that was cut off.", valueName: "run"))
    var resume: Int?

    @Flag(help: "Let 'git push' in a step reach the real remote; else it is held back.")
    var allowPush = false

    @Flag(help: "Work on the working tree itself, not on a copy.")
    var bind = false

    @Flag(help: "Run again whenever a file of the working tree changes.")
    var watch = false

    @OptionGroup var remote: RemoteOptions

    @Flag(help: "On a server: do not follow what was started.")
    var detach = false

    mutating func run() throws {
        let console = Console(colour: driving.color)
        try console.guarded(.setup) {
            if let target = try remote.target(console) {
                return try RemoteRun(command: self, target: target, console: console).start()
            }
            try RemoteOptions.refuseDetached(detach)
            if let resume { return try go(on: RunID(resume), console) }
            if watch { return try keepRunning(console) }
            try start(console)
        }
    }

    /// Runs, waits for a change, and runs again, until the user interrupts.
    private mutating func keepRunning(_ console: Console) throws {
        while true {
            let tree = TreeWatch(
                files: WorkflowFiles(
                    folder: ProcessEnvironment.currentFolder,
                    environment: source.network.applied(to: console.environment)))
            var seen = try tree.snapshot()
            do {
                try start(console)
            } catch let error as any CodedError {
                // A file that is half written is no reason to end: the next change may mend it.
                console.show(error.diagnostic)
            } catch let exit as ExitCode {
                // A run that another one took the place of, or that was cancelled from elsewhere, ends nothing here.
                if isInterrupted { throw exit }
            }
            console.flush()
            // Steps that work in place change the tree themselves.
            if bind { seen = try tree.snapshot() }
            console.err.writeLine(console.palette.paint("Waiting for a change; Ctrl-C ends.", .dim))
            console.err.flush()
            guard try tree.waitForChange(since: seen) else { return }
        }
    }

    /// Whether the user interrupted the last run.
    private var isInterrupted = false

    // MARK: a new run

    private mutating func start(_ console: Console) throws {
        let files = WorkflowFiles.containing(
            source.workflow, folder: ProcessEnvironment.currentFolder,
            environment: source.network.applied(to: console.environment), isTrusted: sandbox.executor != .sandbox)
        if let problem = files.problem { throw problem }
        let store = try RunStore(root: RunStore.defaultRoot(console.environment))
        let request = try source.request(files)
        let paths = try source.workflow.map { [try files.resolve(source.place(of: $0))] } ?? files.paths()
        guard !paths.isEmpty else { throw PlanOptions.noWorkflows(files) }
        let settings = try driving.settings(files, console)
        if sandbox.executor == .sandbox {
            try SandboxSettings.require(searchPath: console.environment["PATH"] ?? "")
        }
        var outcomes: [RunOutcome] = []
        var refusals: [String] = []
        // All plans first: a fault in the last workflow shows before the first one runs.
        let plans = try PlanPreparation(files: files, request: request).prepare(all: paths)
        for plan in plans where plan.prepared == nil {
            let text = try files.bytes(plan.path)
            for diagnostic in plan.diagnostics { console.show(diagnostic, source: text, of: plan.path) }
        }
        guard plans.allSatisfy({ $0.prepared != nil }) else { throw ExitStatus.setup.exit }
        for plan in plans {
            guard let prepared = plan.prepared else { continue }
            guard prepared.plan.jobs.contains(where: \.isIncluded) else {
                refusals.append("\(plan.path): \(prepared.plan.jobs.first?.reason.text ?? "it has no jobs")")
                continue
            }
            outcomes.append(try run(prepared, files, request, store, settings, console))
            // Who interrupts means all of it, not the first workflow.
            isInterrupted = outcomes.last?.isInterrupted == true
            if isInterrupted { break }
        }
        guard !outcomes.isEmpty else {
            throw DiagnosticError(
                .nothingToRun, "Nothing here would run. \(refusals.joined(separator: " "))",
                remedy:
                    "Choose another event with --event, or other changes with --changed; martlet plan shows every reason."
            )
        }
        try driving.end(outcomes)
    }

    private func run(
        _ prepared: PlanPreparation.Prepared, _ files: WorkflowFiles, _ request: PlanPreparation.Request,
        _ store: RunStore, _ settings: RunSession.Settings, _ console: Console
    ) throws -> RunOutcome {
        var record = RunRecord(plan: prepared.plan, repository: files.state, payload: prepared.payload)
        record.vars = prepared.facts.vars
        record.selectedMatrix = request.matrix
        record.runnerLabels = request.runnerLabels
        record.isBound = bind
        record.sandbox = sandbox.settings
        record.allowsPush = allowPush
        record.privateFiles = Set(
            [driving.secretFile, envFile].compactMap { $0 }.map { files.relative(ProcessEnvironment.absolute($0)) })
        record.environment = try environment(files)
        record.title = PlanEvaluator(prepared.facts).runTitle()
        record.createdAt = RunClock.now()
        record.secretNames = settings.secrets.map(\.name)
        let run = try store.newRun()
        try record.save(in: store, run)
        let view = RunView.make(console, json: driving.json)
        let session = try RunSession(
            store: store, run: run, record: record, settings: settings, observer: view.observer)
        let outcome = try session.start()
        view.finish(store: store)
        return outcome
    }

    // MARK: going on

    private func go(on run: RunID, _ console: Console) throws {
        let store = try RunStore(root: RunStore.defaultRoot(console.environment))
        guard store.exists(run) else { throw RunChoice.missing(run) }
        let record = try RunRecord.load(from: store, run)
        let files = WorkflowFiles(
            folder: record.repository.root, environment: source.network.applied(to: console.environment),
            isTrusted: record.isTrusted)
        let settings = try driving.settings(files, console)
        try driving.requireSecrets(of: record, settings)
        let view = RunView.make(console, json: driving.json)
        let attempt = try store.lastAttempt(of: run)
        let session = try RunSession(
            store: store, run: run, attempt: max(1, attempt), record: record, settings: settings,
            observer: view.observer)
        let outcome = try session.resume()
        view.finish(store: store)
        try driving.end([outcome])
    }

    /// `NAME=value`, as `--env-file` has it.
    private func environment(_ files: WorkflowFiles) throws -> [String] {
        guard let envFile else { return [] }
        return try NamedValues.read(ProcessEnvironment.absolute(envFile)).map { "\($0.name)=\($0.value)" }
    }
}
