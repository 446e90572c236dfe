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

            An editor starts it, and says in its launch request what to run: "workflow",
            "event", "job", "stopOnEntry". It stops before steps, shows contexts as
            variables, and evaluates expressions. See docs/guides/debug-a-workflow.md.
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
        var launched: Launched?
        var progress = DebugAdapter.Progress.waiting
        while progress == .waiting || progress == .launching {
            if progress == .launching, let launch = adapter.launch {
                launched = accept(launch, adapter, console)
                // What came with the launch request.
                progress = adapter.take([])
                continue
            }
            guard let bytes = Self.read() else { break }
            progress = adapter.take(bytes)
        }
        guard let launched else { throw (adapter.launch == nil ? ExitStatus.success : .setup).exit }
        guard progress == .ready else { throw ExitStatus.success.exit }
        var code = ExitStatus.success
        do {
            code = try debug(launched, adapter, console)
        } catch let error as any CodedError {
            adapter.output(DiagnosticText(palette: console.errorPalette).render(error.diagnostic) + "\n", isError: true)
            code = .setup
        }
        adapter.end(exitCode: Int(code.rawValue))
        guard code == .success else { throw code.exit }
    }

    /// What is debugged.
    private struct Launched {
        var files: WorkflowFiles
        var prepared: PlanPreparation.Prepared
    }

    private func accept(_ launch: DebugAdapter.Launch, _ adapter: DebugAdapter, _ console: Console) -> Launched? {
        do {
            return try plan(launch, adapter, console)
        } catch let error as any CodedError {
            let told = error.diagnostic
            adapter.refuse("\(told.code): \(told.message)\(told.remedy.map { " " + $0 } ?? "")")
        } catch {
            adapter.refuse("\(error)")
        }
        return nil
    }

    private func plan(
        _ launch: DebugAdapter.Launch, _ adapter: DebugAdapter, _ console: Console
    ) throws -> Launched? {
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
        guard let outcome = try PlanPreparation(files: files, request: request).prepare(all: [path]).first else {
            return nil
        }
        guard let prepared = outcome.prepared else {
            let faults = outcome.diagnostics.prefix(Self.faultCount).map { fault in
                "\(fault.position.map { "line \($0.line): " } ?? "")\(fault.code): \(fault.message)"
            }
            adapter.refuse("'\(path)' cannot be read as a workflow. \(faults.joined(separator: " "))")
            return nil
        }
        let place = path.hasPrefix("/") ? path : files.state.root + "/" + path
        let text = try RepositoryText.read(place, limit: RepositoryText.workflowLimitBytes)
        adapter.accept(
            prepared.plan, workflow: place, lineCount: text.count { $0 == 0x0A } + 1, root: files.state.root)
        return Launched(files: files, prepared: prepared)
    }

    /// Faults of a workflow that an editor shows in its message.
    private static let faultCount = 3

    private func debug(_ launched: Launched, _ adapter: DebugAdapter, _ console: Console) throws -> ExitStatus {
        let (files, prepared) = (launched.files, launched.prepared)
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

    /// Output as the plain view has it: a line an event, with its job before it.
    private static func observer(_ adapter: DebugAdapter) -> RunObserver {
        var styles: [StepPlace: LogLineStyle] = [:]
        return RunObserver(
            update: { update in
                switch update {
                case .stepStarted(let place, let name): adapter.output("[\(place.job)] ▸ \(name.withoutControls)\n")
                case .stepFinished(let place, let name, let result, _):
                    styles[place] = nil
                    guard result.outcome != .success else { break }
                    let why = result.reason.map { ": \($0.text)" } ?? ""
                    adapter.output("[\(place.job)] \(name.withoutControls) \(result.outcome.rawValue)\(why)\n")
                case .jobFinished(let job, _, let conclusion, let reason, _):
                    adapter.output("[\(job)] \(conclusion.rawValue)\(reason.map { ": \($0.text)" } ?? "")\n")
                    adapter.ended(job)
                default: break
                }
            },
            output: { place, bytes in
                var style = styles[place] ?? LogLineStyle(Palette(isColoured: false))
                for line in bytes.split(separator: 0x0A) {
                    let text: String
                    switch style.show(Array(line)) {
                    case .hidden: continue
                    case .text(let shown): text = shown
                    case .asIs: text = String(decoding: line, as: UTF8.self)
                    }
                    adapter.output("[\(place.job)] \(text)\n")
                }
                styles[place] = style
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
