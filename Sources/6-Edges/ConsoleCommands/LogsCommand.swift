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

    /// How often a log that is followed is looked at, in milliseconds.
    private static let lookIntervalMs: UInt32 = 100

    func run() throws {
        let console = Console()
        try console.guarded {
            let store = try RunStore(root: RunStore.defaultRoot(console.environment))
            let id = try RunChoice.run(number, store, console)
            var reading = LogReading(store: store, run: id, job: job, step: step)
            let printer = LogPrinter(console, isRaw: raw)
            try reading.readNew(printer.print)
            if follow { try followToItsEnd(id, store, &reading, printer, console) }
            guard reading.hasEntries else {
                throw DiagnosticError(
                    .stepMissing, "Run \(id) has no log of that job or step.",
                    remedy: "See what it ran with: martlet why \(id)")
            }
            if follow { throw RunResult.exit(try RunHistory(store: store, run: id)).exit }
        }
    }

    private func followToItsEnd(
        _ id: RunID, _ store: RunStore, _ reading: inout LogReading, _ printer: LogPrinter, _ console: Console
    ) throws {
        while !console.out.isClosed {
            // Asked before the last look: what is written until then is seen by it.
            let state = try RunHistory(store: store, run: id).state
            try reading.readNew(printer.print)
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

/// Prints logs line by line, each under the heading of its step.
private final class LogPrinter {
    private let console: Console
    private let isRaw: Bool
    private var styles: [LogReading.Entry: LogLineStyle] = [:]

    init(_ console: Console, isRaw: Bool) {
        self.console = console
        self.isRaw = isRaw
    }

    func print(_ entry: LogReading.Entry, _ line: [UInt8]) {
        let prefix = console.palette.paint("[\(entry.job)] ", .cyan)
        if styles[entry] == nil {
            styles[entry] = LogLineStyle(console.palette)
            if !isRaw { console.out.writeLine(prefix + console.palette.paint(heading(entry, line), .bold)) }
        }
        switch isRaw ? .asIs : styles[entry]?.show(line) {
        case .hidden, nil: return
        case .text(let text): console.out.writeLine(prefix + text)
        case .asIs:
            console.out.write(prefix)
            console.out.write(line)
            console.out.writeLine()
        }
    }

    /// The first line of a log says what runs.
    private func heading(_ entry: LogReading.Entry, _ first: [UInt8]) -> String {
        if let title = entry.title { return "▸ \(entry.step) \(title)" }
        let text = String(decoding: first, as: UTF8.self)
        let marker = "##[group]"
        return "▸ \(entry.step) " + (text.hasPrefix(marker) ? String(text.dropFirst(marker.count)) : "")
    }
}
