// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import LogArchive
internal import PipelineModel
internal import RunCoordination
internal import TerminalRendering

struct LogsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Print the logs of a run.",
        discussion: """
            EXAMPLES
              martlet logs 12
              martlet logs 12 --job test#2 --step 3 -f
              martlet logs 12 -f --server ci.example.org
            """)

    @Argument(help: ArgumentHelp("The run's number; without it, the newest.", valueName: "run"))
    var number: Int?

    @Option(help: "Only this job: its id (all legs of a matrix), id#leg, or the name that is shown.")
    var job: String?

    @Option(help: "Only this step, by its place: 3, or 3.1 inside an action.")
    var step: String?

    @Flag(name: .shortAndLong, help: "Go on as lines come, until the run is over; then end as the run did.")
    var follow = false

    @Flag(help: "Print the lines as they are kept, with GitHub's markers.")
    var raw = false

    @OptionGroup var remote: RemoteOptions

    /// How often a log that is followed is looked at, in milliseconds.
    private static let lookIntervalMs: UInt32 = 100

    func run() throws {
        let console = Console()
        try console.guarded {
            if let target = try remote.target(console) { return try show(target, console) }
            let store = try RunStore(root: RunStore.defaultRoot(console.environment))
            let id = try RunChoice.run(number, store, console)
            var reading = LogReading(store: store, run: id, job: job, step: step)
            let printer = LogPrinter(console, isRaw: raw)
            try reading.readNew { printer.print($0.source, $1) }
            if follow { try followToItsEnd(id, store, &reading, printer, console) }
            guard reading.hasEntries else {
                throw DiagnosticError(
                    .stepMissing, "Run \(id) has no log of that job or step.",
                    remedy: "See what it ran with: martlet why \(id)")
            }
            if follow { throw RunResult.exit(ShownRun(try RunHistory(store: store, run: id))).exit }
        }
    }

    private func show(_ target: RemoteTarget, _ console: Console) throws {
        let logs = RemoteLogs(
            target: target, run: try RemoteRunChoice.run(number, target), job: job, step: step, console: console,
            isRaw: raw)
        guard follow else { return try logs.print() }
        throw try logs.follow().exit
    }

    private func followToItsEnd(
        _ id: RunID, _ store: RunStore, _ reading: inout LogReading, _ printer: LogPrinter, _ console: Console
    ) throws {
        while !console.out.isClosed {
            // Asked before the last look: what is written until then is seen by it.
            let state = try RunHistory(store: store, run: id).state
            try reading.readNew { printer.print($0.source, $1) }
            if state == .cutOff {
                throw DiagnosticError(
                    .runNotDriven, "The process of run \(id) is gone before the run was over.",
                    remedy: "Go on with: martlet run --resume \(id)")
            }
            if state == .finished { return }
            console.out.flush()
            RunClock.pause(milliseconds: Self.lookIntervalMs)
        }
    }
}

extension LogReading.Entry {
    fileprivate var source: LogPrinter.Source {
        LogPrinter.Source(job: job, step: step.description, attempt: attempt, title: title)
    }
}
