// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import EditorSupport
internal import Glibc
internal import PipelineModel
internal import RunCoordination
internal import SecretRedaction
internal import TerminalRendering

struct DebugCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "debug",
        abstract: "Debug a workflow from an editor: the Debug Adapter Protocol on standard input and output.",
        discussion: """
            EXAMPLES
              martlet debug
              martlet debug --secret-file .secrets

            An editor starts it, and says in its launch request what to run: "workflow", "event", "job", "stopOnEntry". It stops
            before steps, shows contexts as variables, and evaluates expressions. See docs/guides/debug-a-workflow.md.
            """)

    @OptionGroup var driving: DrivingOptions

    @OptionGroup var network: NetworkOptions

    private static let chunkBytes = 1 << 16

    func run() throws {
        let console = Console(colour: .never)
        // An editor that is gone is noticed where it is read from.
        let adapter = DebugAdapter { bytes in
            console.out.write(bytes)
            console.out.flush()
        }
        var progress = DebugAdapter.Progress.waiting
        while progress == .waiting {
            guard let bytes = Self.read() else { throw ExitStatus.success.exit }
            progress = adapter.take(bytes)
        }
        guard progress == .ready, let launch = adapter.launch else { throw ExitStatus.success.exit }
        var code = ExitStatus.success
        do {
            code = try debug(launch, adapter, console)
        } catch let error as any CodedError {
            adapter.output(DiagnosticText(palette: console.errorPalette).render(error.diagnostic) + "\n", isError: true)
            code = .setup
        }
        adapter.end(exitCode: Int(code.rawValue))
        guard code == .success else { throw code.exit }
    }

    private func debug(_ launch: DebugAdapter.Launch, _ adapter: DebugAdapter, _ console: Console) throws -> ExitStatus
    {
        let files = WorkflowFiles.containing(
            launch.workflow, folder: ProcessEnvironment.currentFolder,
            environment: network.applied(to: console.environment))
        let paths = try launch.workflow.map { [try files.resolve($0)] } ?? files.paths()
        guard paths.count == 1, let path = paths.first else {
            throw DiagnosticError(
                .argumentInvalid, "The launch request names no workflow, and there are \(paths.count) here.",
                remedy: "Set \"workflow\" in the launch configuration.")
        }
        var request = PlanPreparation.Request()
        request.event = launch.event
        request.isWorkflowNamed = launch.workflow != nil
        request.jobs = Set(launch.job.map { [$0] } ?? [])
        guard let outcome = try PlanPreparation(files: files, request: request).prepare(all: [path]).first,
            let prepared = outcome.prepared
        else {
            throw DiagnosticError(.workflowNotFound, "'\(path)' cannot be read as a workflow: martlet check says why.")
        }
        adapter.begin(prepared.plan, workflow: path.hasPrefix("/") ? path : files.state.root + "/" + path)
        let store = try RunStore(root: RunStore.defaultRoot(console.environment))
        var record = RunRecord(plan: prepared.plan, repository: files.state, payload: prepared.payload)
        record.vars = prepared.facts.vars
        var settings = try driving.settings(files, console)
        record.createdAt = RunClock.now()
        record.secretNames = settings.secrets.map(\.name)
        settings.debugger = RunDebugger(
            input: 0,
            readInput: { control in
                if let bytes = Self.read() { _ = adapter.take(bytes, control) } else { _ = adapter.leave(control) }
            },
            stopped: { adapter.stopped($0, $1) })
        let run = try store.newRun()
        try record.save(in: store, run)
        let session = try RunSession(
            store: store, run: run, record: record, settings: settings, observer: Self.observer(adapter))
        return Self.status(try session.start())
    }

    private static func status(_ outcome: RunOutcome) -> ExitStatus {
        switch outcome.conclusion {
        case .failure: .runFailed
        case .cancelled: .cancelled
        case .success, .skipped: outcome.hasUnavailable ? .setup : .success
        }
    }

    /// Output as the plain view has it, a line an event.
    private static func observer(_ adapter: DebugAdapter) -> RunObserver {
        RunObserver(
            update: { update in
                switch update {
                case .stepStarted(let place, let name): adapter.output("[\(place.job)] ▸ \(name.withoutControls)\n")
                case .stepFinished(let place, let name, let result, _) where result.outcome != .success:
                    let why = result.reason.map { ": \($0.text)" } ?? ""
                    adapter.output("[\(place.job)] \(name.withoutControls) \(result.outcome.rawValue)\(why)\n")
                case .jobFinished(let job, _, let conclusion, let reason, _):
                    adapter.output("[\(job)] \(conclusion.rawValue)\(reason.map { ": \($0.text)" } ?? "")\n")
                default: break
                }
            },
            output: { place, bytes in
                adapter.output(String(decoding: bytes, as: UTF8.self))
            })
    }

    // MARK: streams

    /// What is there; `nil` at the end.
    private static func read() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: chunkBytes)
        while true {
            let count = Glibc.read(0, &buffer, buffer.count)
            if count > 0 { return Array(buffer[..<count]) }
            guard count < 0, errno == EINTR else { return nil }
        }
    }
}
